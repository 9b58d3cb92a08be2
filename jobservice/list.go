package jobservice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
	"golang.org/x/sync/errgroup"

	"github.com/jobwright/jobwright/job"
)

// Bounds of a page of a list.
const (
	DefaultListLimit = 50
	MaxListLimit     = 500
)

// ListPage is the part of a list that a request asks for.
type ListPage struct {
	Limit  int    // The maximum number of jobs; 0 for [DefaultListLimit].
	Cursor string // The cursor of the page before; empty for the first page.
	Counts bool   // Whether to count the jobs by status.
}

// List is a page of a list of jobs.
type List struct {
	Jobs       []Entry             `json:"jobs"                 description:"The jobs, the newest first."`
	NextCursor string              `json:"nextCursor,omitempty" description:"The cursor of the next page, if there are more jobs."`
	Counts     map[job.State]int64 `json:"counts,omitempty"     description:"The number of jobs of each status that the other filters select."`
}

// List returns jobs of the caller's app that the caller may see, those that started last first. A list that is read page by page
// contains each job once that existed when its first page was read, also while jobs start, continue as new and end.
//
// Jobs that this service has started, or whose end it has seen, are up to date. Temporal's lists report other changes a little
// later, usually within a second. The counts are always those of Temporal. Equal requests at the same time share the requests to
// Temporal, which limits how many lists it reads in a second.
func (s *Service) List(ctx context.Context, caller Caller, filter Filter, page ListPage) (*List, error) {
	identity, err := json.Marshal([]any{caller.App.ID, caller.Access.Name, caller.Access.Rights, caller.Access.Scenarios, filter})
	if err != nil {
		return nil, s.asError(ctx, "", err)
	}

	found, err := s.lists.do(ctx, fmt.Sprintf("%s %v", identity, page), func() (*List, error) {
		reading, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()

		return s.list(reading, caller, filter, page, string(identity))
	})

	if invalid, ok := errors.AsType[*serviceerror.InvalidArgument](err); ok && filter.Query != "" {
		return nil, Invalid("query: Temporal refuses it: %s", invalid.Message)
	}

	return found, s.asError(ctx, "", err)
}

// list returns a page of the list that the identity stands for.
func (s *Service) list(
	ctx context.Context, caller Caller, filter Filter, page ListPage, identity string,
) (_ *List, err error) {
	if err := filter.check(caller); err != nil {
		return nil, err
	}

	limit := page.Limit
	if limit == 0 {
		limit = DefaultListLimit
	}

	if limit < 1 || limit > MaxListLimit {
		return nil, Invalid("limit must be between 1 and %d, not %d", MaxListLimit, page.Limit)
	}

	selection := selection{caller: caller, filter: filter, now: time.Now()}

	if page.Cursor != "" {
		if selection.after, err = readCursor(page.Cursor, identity); err != nil {
			return nil, err
		}
	}

	if selection.expression, err = filter.expression(caller); err != nil {
		return nil, err
	}

	// One more than the page has: whether there is a next page.
	entries, err := s.newest(ctx, selection, limit+1)
	if err != nil {
		return nil, err
	}

	var end *place // Of the page; nil if the list ends.

	if len(entries) > limit {
		entries = entries[:limit]
		end = new(entries[limit-1].place())
	}

	entries = s.updated(ctx, selection, entries, end)
	if len(entries) > limit {
		entries = entries[:limit]
		end = new(entries[limit-1].place())
	}

	list := &List{Jobs: entries}
	if end != nil {
		list.NextCursor = cursorOf(*end, identity)
	}

	if page.Counts {
		list.Counts, err = s.countByStatus(ctx, selection.expression)
	}

	return list, err
}

// selection is what a request selects.
type selection struct {
	caller     Caller
	filter     Filter
	expression string // The query of Temporal's visibility, without the status.
	after      place  // The jobs after this place in the list; the zero value for all.
	now        time.Time
}

// contains reports whether the job is after the place and visible to the caller.
func (s selection) contains(entry Entry, appID string) bool {
	return appID == s.caller.App.ID && s.caller.maySee(entry) &&
		(s.after.jobID == "" || s.after.compare(entry.place()) < 0)
}

// query returns the query of the jobs that started between a time and the place.
func (s selection) query(from time.Time) string {
	query := s.expression + " AND " + s.filter.ofStatus(s.now)

	if !from.IsZero() {
		query += " AND " + job.StartedAttribute.GetName() + " >= " + quotedTime(from)
	}

	// SQLite compares times as texts and stores trailing zeros, so that no time equals the stored one.
	if s.after.jobID != "" {
		query += " AND " + job.StartedAttribute.GetName() + " < " + quotedTime(s.after.startedAt.Add(time.Millisecond))
	}

	return query
}

// newest returns the count newest jobs of the selection.
//
// Temporal lists workflows in an order of its own: those that run, then those that ended last. So newest reads a page in that
// order, and then only jobs that are at least as new as the count newest ones so far, until it has read all of these. The more
// the orders are alike, the fewer pages it reads; usually two.
func (s *Service) newest(ctx context.Context, of selection, count int) ([]Entry, error) {
	const minPage = 200

	var (
		found = map[string]Entry{}
		from  time.Time
		token []byte
	)

	for {
		page, err := s.listPage(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: of.query(from), NextPageToken: token,
			PageSize: int32(max(minPage, count)), //nolint:gosec // At most MaxListLimit+1.
		})
		if err != nil {
			return nil, err
		}

		for _, info := range page.GetExecutions() {
			entry, appID := s.entryOf(info, of.now)
			if earlier, isKnown := found[entry.JobID]; of.contains(entry, appID) && (!isKnown || earlier.continued) {
				found[entry.JobID] = entry
			}
		}

		newest := slices.SortedFunc(maps.Values(found), func(a, b Entry) int { return a.place().compare(b.place()) })
		newest = newest[:min(len(newest), count)]

		if token = page.GetNextPageToken(); len(token) == 0 {
			return newest, nil
		}

		if len(newest) == count && newest[count-1].StartedAt.After(from) {
			from, token = newest[count-1].StartedAt, nil
		}
	}
}

// listPage returns a page of a list of workflows.
func (s *Service) listPage(
	ctx context.Context, request *workflowservice.ListWorkflowExecutionsRequest,
) (page *workflowservice.ListWorkflowExecutionsResponse, err error) {
	err = s.persistently(ctx, func(ctx context.Context) (err error) {
		page, err = s.options.Temporal.ListWorkflow(ctx, request)

		return err
	})

	return page, err
}

// countByStatus returns the number of jobs of each status.
func (s *Service) countByStatus(ctx context.Context, expression string) (map[job.State]int64, error) {
	var counted *workflowservice.CountWorkflowExecutionsResponse

	err := s.persistently(ctx, func(ctx context.Context) (err error) {
		counted, err = s.options.Temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
			Query: expression + " GROUP BY ExecutionStatus",
		})

		return err
	})
	if err != nil {
		return nil, err
	}

	counts := map[job.State]int64{}

	for _, state := range listedStates {
		counts[state] = 0

		for _, group := range counted.GetGroups() {
			for _, status := range workflowStatuses[state] {
				if decoded[string](converter.GetDefaultDataConverter(), group.GetGroupValues()[0]) == status.String() {
					counts[state] += group.GetCount()
				}
			}
		}
	}

	return counts, nil
}

// updated returns the entries of a page up to the end, after it has replaced those which the service knows to have changed, and
// has added the missing ones.
func (s *Service) updated(ctx context.Context, of selection, entries []Entry, end *place) []Entry {
	listed := make(map[string]Entry, len(entries))
	for _, entry := range entries {
		listed[entry.JobID] = entry
	}

	for _, current := range s.currentOf(ctx, of, listed) {
		if current.isMissing {
			delete(listed, current.JobID)
		} else if end == nil || current.place().compare(*end) <= 0 {
			listed[current.JobID] = current.Entry
		}
	}

	maps.DeleteFunc(listed, func(_ string, entry Entry) bool { return !of.filter.matches(entry) })

	current := slices.AppendSeq([]Entry{}, maps.Values(listed)) // An empty list in JSON if there are none.
	slices.SortFunc(current, func(a, b Entry) int { return a.place().compare(b.place()) })

	return current
}

// current is the present state of a job that may be in a list.
type current struct {
	Entry

	isMissing bool // Whether the job does not exist any more.
}

// currentOf describes the jobs whose listed entries may be out of date, and those that may be missing in the list. It omits jobs
// that it can't describe: their listed entries remain.
func (s *Service) currentOf(ctx context.Context, of selection, listed map[string]Entry) []current {
	var described []recentJob

	result := []current{}

	for _, recent := range s.recent.of(of.caller.App.ID, of.now) {
		entry, isListed := listed[recent.jobID]

		switch known := recent.known; {
		case isListed && entry.ended(), !isListed && of.filter.Query != "":
		case known != nil && (!of.filter.matchesStart(*known) || !of.contains(*known, recent.appID)):
		case known != nil && known.ended():
			result = append(result, current{Entry: *known})
		default:
			described = append(described, recent)
		}
	}

	for _, entry := range listed {
		if entry.continued {
			described = append(described, recentJob{jobID: entry.JobID, appID: of.caller.App.ID})
		}
	}

	const parallel = 8

	found := make([]*current, min(len(described), maxRecentList))

	var group errgroup.Group
	group.SetLimit(parallel)

	for i := range found {
		group.Go(func() error {
			found[i] = s.currentState(ctx, of, described[i])

			return nil
		})
	}

	_ = group.Wait() // No function returns an error.

	for _, state := range found {
		if state != nil {
			result = append(result, *state)
		}
	}

	return result
}

// currentState describes a job. It returns nil if it can't, or if the job does not belong to the selection.
func (s *Service) currentState(ctx context.Context, of selection, recent recentJob) *current {
	described, err := s.describe(ctx, recent.jobID)
	if HasCode(err, CodeJobNotFound) {
		return &current{Entry: Entry{JobID: recent.jobID}, isMissing: true}
	}

	if err != nil {
		return nil
	}

	entry, appID := s.entryOf(described.GetWorkflowExecutionInfo(), of.now)
	if appID != of.caller.App.ID {
		return nil
	}

	s.recent.describe(recent, entry)

	if !of.contains(entry, appID) {
		return nil
	}

	return &current{Entry: entry}
}
