package console

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
)

// jobList is the data of the list of jobs.
type jobList struct {
	Filter    jobFilter
	Tabs      []jobTab
	IsFirst   bool          // Whether it is the first page of the list, which has the strip.
	History   *historyStrip // nil on further pages, and if it is not available in time.
	Jobs      []jobRow
	Next      string   // The address of the next page; "" if the list ends.
	First     string   // The address of the first page; "" if it is this one.
	Scenarios []string // The names to choose from.
	MayStop   bool
	MayRetry  bool
}

// jobFilter is what the address of a list of jobs selects.
type jobFilter struct {
	Status, Scenario, Caller, Code, Label, Since, From, To string
	Children                                               bool
}

// jobTab leads to the jobs of a status.
type jobTab struct {
	State     state
	Count     int64
	Address   string
	IsCurrent bool
}

// jobRow is a job in the list.
type jobRow struct {
	jobservice.Entry

	Shown    state
	Labels   []string
	Duration time.Duration
	Ended    bool
}

// jobs shows the list of jobs.
func jobs(r *request) (*view, error) {
	filter := readJobFilter(r.URL.Query())

	request, err := filter.request(r)
	if err != nil {
		return nil, err
	}

	request.Cursor, request.Counts = r.query("cursor"), true
	data := jobList{Filter: filter, IsFirst: request.Cursor == "", MayStop: r.may(app.Stop), MayRetry: r.may(app.Execute)}

	var (
		list   *jobservice.List
		making errgroup.Group
	)

	making.Go(func() (err error) {
		list, err = r.api.Jobs(r.Context(), request)

		return err
	})

	making.Go(func() (err error) {
		data.Scenarios, err = r.scenarioNames()

		return err
	})

	if request.Cursor == "" {
		making.Go(func() error {
			data.History = r.history(filter)

			return nil
		})
	}

	if err := making.Wait(); err != nil {
		return nil, err
	}

	data.Tabs = filter.tabs(list.Counts)

	for _, entry := range list.Jobs {
		data.Jobs = append(data.Jobs, rowOf(entry))
	}

	if list.NextCursor != "" {
		data.Next = filter.address("cursor", list.NextCursor)
	}

	if request.Cursor != "" {
		data.First = filter.address()
	}

	shown := &view{template: "jobs", section: "/jobs", Title: "Jobs", Data: data}
	if request.Cursor == "" {
		shown.Refresh = 10
		if data.History != nil && data.History.IsCostly {
			shown.Refresh = 30
		}
	}

	return shown, nil
}

// rowOf returns the row of a job.
func rowOf(entry jobservice.Entry) jobRow {
	row := jobRow{
		Entry: entry, Shown: stateOf(entry.Status), Ended: entry.EndedAt != nil,
		Duration: milliseconds(entry.DurationMs),
	}

	for _, name := range slices.Sorted(maps.Keys(entry.Labels)) {
		row.Labels = append(row.Labels, name+"="+entry.Labels[name])
	}

	return row
}

// scenarioNames returns the names of the scenarios that the visitor may run; none if the key may run none.
func (r *request) scenarioNames() ([]string, error) {
	if !r.may(app.Execute) {
		return nil, nil
	}

	found, err := r.api.Scenarios(r.Context(), r.session.App, false)
	if err != nil {
		return nil, err
	}

	names := make([]string, len(found))
	for i, scenario := range found {
		names[i] = scenario.Name
	}

	return names, nil
}

// readJobFilter reads the filter of an address.
func readJobFilter(query url.Values) jobFilter {
	get := func(name string) string { return strings.TrimSpace(query.Get(name)) }

	return jobFilter{
		Status: get("status"), Scenario: get("scenario"), Caller: get("caller"), Code: get("code"), Label: get("label"),
		Since: get("since"), From: get("from"), To: get("to"), Children: query.Has("children"),
	}
}

// ages are the values of the parameter since.
var ages = map[string]time.Duration{"1h": time.Hour, "24h": day, "7d": 7 * day}

// request returns the call that the filter stands for.
func (f jobFilter) request(r *request) (client.JobsRequest, error) {
	request := client.JobsRequest{
		App: r.session.App, Scenario: f.Scenario, Caller: f.Caller, Code: f.Code, Children: f.Children,
	}

	if f.Status != "" {
		request.Statuses = []job.State{job.State(f.Status)}
	}

	for label := range strings.FieldsFuncSeq(f.Label, func(r rune) bool { return r == ',' }) {
		name, value, found := strings.Cut(label, "=")
		if !found {
			return request, refused("A label is a name, = and a text, such as order=17; %q has no =.", label)
		}

		if request.Labels == nil {
			request.Labels = map[string]string{}
		}

		request.Labels[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}

	if age, ok := ages[f.Since]; ok {
		request.StartedFrom = r.now.Add(-age).Truncate(time.Minute) // The pages of a list have the same filter for a while.
	}

	var err error
	if f.From != "" {
		err = readTime(f.From, &request.StartedFrom)
	}

	if f.To != "" && err == nil {
		err = readTime(f.To, &request.StartedTo)
	}

	return request, err
}

// timeField is the layout of the values of fields for a time.
const timeField = "2006-01-02T15:04"

// readTime reads the value of a field for a time.
func readTime(text string, into *time.Time) (err error) {
	if *into, err = time.Parse(timeField, text); err != nil {
		return refused("A time is one such as 2026-01-31T06:00, in UTC, not %q.", text)
	}

	return nil
}

// address returns the address of the list, with further parameters.
func (f jobFilter) address(more ...string) string {
	children := ""
	if f.Children {
		children = "true"
	}

	return addressWith("/jobs", append([]string{
		"status", f.Status, "scenario", f.Scenario, "caller", f.Caller, "code", f.Code, "label", f.Label,
		"since", f.Since, "from", f.From, "to", f.To, "children", children,
	}, more...)...)
}

// IsNarrow reports whether the filter selects not all jobs, apart from their status.
func (f jobFilter) IsNarrow() bool {
	f.Status = ""

	return f != jobFilter{}
}

// HasMore reports whether the filter has fields that the page hides at first.
func (f jobFilter) HasMore() bool {
	return f.Caller != "" || f.Code != "" || f.From != "" || f.To != "" || f.Children
}

// tabs returns the links to the jobs of each status, with their numbers.
func (f jobFilter) tabs(counts map[job.State]int64) []jobTab {
	var all int64
	for _, count := range counts {
		all += count
	}

	of := func(status string, shown state, count int64) jobTab {
		filter := f
		filter.Status = status

		return jobTab{State: shown, Count: count, Address: filter.address(), IsCurrent: f.Status == status}
	}

	tabs := []jobTab{of("", state{"", "all"}, all)}
	for _, status := range []job.State{job.Running, job.Completed, job.CompletedWithError, job.Stopped} {
		tabs = append(tabs, of(string(status), stateOf(status), counts[status]))
	}

	return tabs
}
