package jobservice

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"

	"github.com/jobwright/jobwright/job"
)

// historyAge is how old a history may be that calls share.
const historyAge = 5 * time.Second

// Bounds of a history.
const (
	DefaultHistoryHours   = 24
	MaxHistoryHours       = 7 * 24
	DefaultHistoryBuckets = 48
	MaxHistoryBuckets     = 96
	DefaultHistoryRuns    = 5
	MaxHistoryRuns        = 20
)

// What a history costs Temporal: lists of jobs, and counts of the buckets of which not all jobs are listed.
const (
	historyPage     = 1_000 // Jobs; the most that Temporal returns at once.
	parallelCounts  = 4
	maxBuckets      = 10_000 // Counts that a service remembers.
	finalAge        = 2 * time.Minute
	maxOldScenarios = 200
)

// DefaultHistoryJobs is the default of [Options.HistoryJobs].
const DefaultHistoryJobs = 3_000

// HistoryRequest asks for a history.
type HistoryRequest struct {
	Scenario string // Only its jobs; empty for all.
	Hours    int    // How long it is.
	Buckets  int    // The number of its parts.
	Runs     int    // The number of last jobs of each scenario; 0 for none.
}

// History are the jobs of the last hours, in numbers. A job counts where it started; child jobs don't count.
type History struct {
	From time.Time `json:"from" description:"The beginning of the first bucket."`
	To   time.Time `json:"to" description:"The end of the last bucket, in the future."`

	AsOf          time.Time `json:"asOf" description:"When the history was read."`
	MaxAgeSeconds int       `json:"maxAgeSeconds" description:"How old it may be, because calls share it. Temporal may know a change about a second later."`

	Sample    HistorySample     `json:"sample" description:"The jobs from which durations, and the numbers of scenarios, are computed."`
	Buckets   []HistoryBucket   `json:"buckets" description:"The parts of the time, the oldest first, all of the same length."`
	Total     HistoryCounts     `json:"total" description:"The sum of the buckets."`
	Scenarios []ScenarioHistory `json:"scenarios" description:"The scenarios that the key may run, and others with jobs that it may see, in the order of their names."`
}

// HistorySample says which jobs were read one by one. Beyond a limit, these are the ones that run and those that ended last.
type HistorySample struct {
	Jobs         int        `json:"jobs" description:"The number of jobs."`
	Complete     bool       `json:"complete" description:"Whether these are all jobs of the time."`
	CompleteFrom *time.Time `json:"completeFrom,omitempty" description:"If not: the time from which on they are complete."`
}

// HistoryCounts are numbers of jobs by their present status.
type HistoryCounts struct {
	Started   int64 `json:"started" description:"The number of jobs that started."`
	Running   int64 `json:"running" description:"How many of these run."`
	Completed int64 `json:"completed" description:"How many of these have completed."`
	Failed    int64 `json:"failed" description:"How many of these have failed."`
	Stopped   int64 `json:"stopped" description:"How many of these were stopped."`
}

// HistoryDurations are the durations of jobs that have completed or failed.
type HistoryDurations struct {
	Durations int   `json:"durations" description:"The number of ended jobs whose durations are known; those of stopped jobs don't count."`
	MedianMs  int64 `json:"medianMs" description:"The median of these durations, in milliseconds; 0 if there are none."`
	MaxMs     int64 `json:"maxMs" description:"The longest of them."`
}

// HistoryBucket is a part of a history.
type HistoryBucket struct {
	From time.Time `json:"from" description:"The beginning of the part."`

	HistoryCounts
	HistoryDurations
}

// ScenarioHistory are the jobs of a scenario.
type ScenarioHistory struct {
	Name string `json:"scenario" description:"The scenario."`

	HistoryCounts
	HistoryDurations

	SuccessPercent *float64 `json:"successPercent,omitempty" description:"How many percent of the jobs that completed or failed have completed; missing if there are none."`
	Last           []Entry  `json:"last" description:"The last jobs, the newest first, also from before the time."`
}

// History returns numbers of the jobs that the caller may see. It costs Temporal a few requests, however many jobs there are;
// the first one in an app with thousands of jobs costs one more for each bucket. Callers share what was read a few seconds
// before.
func (s *Service) History(ctx context.Context, caller Caller, request HistoryRequest) (*History, error) {
	for _, field := range []struct {
		name             string
		value, low, high int
	}{
		{"hours", request.Hours, 1, MaxHistoryHours},
		{"buckets", request.Buckets, 1, MaxHistoryBuckets},
		{"runs", request.Runs, 0, MaxHistoryRuns},
	} {
		if field.value < field.low || field.value > field.high {
			return nil, Invalid("%s must be between %d and %d, not %d", field.name, field.low, field.high, field.value)
		}
	}

	filter := Filter{Scenario: request.Scenario}
	if err := filter.check(caller); err != nil {
		return nil, err
	}

	access := caller.Access

	identity, err := json.Marshal([]any{caller.App.ID, access.Name, access.Rights, access.Scenarios, request})
	if err != nil {
		return nil, s.asError(ctx, "", err)
	}

	found, err := s.histories.get(ctx, string(identity), func(ctx context.Context, now time.Time) (*History, error) {
		return s.history(ctx, caller, request, now)
	})

	return found, s.asError(ctx, "", err)
}

func (s *Service) history(ctx context.Context, caller Caller, request HistoryRequest, now time.Time) (*History, error) {
	length := time.Duration(request.Hours) * time.Hour / time.Duration(request.Buckets)
	to := now.UTC().Truncate(length).Add(length)
	history := &History{
		From: to.Add(-length * time.Duration(request.Buckets)), To: to, AsOf: now.UTC(),
		MaxAgeSeconds: int(historyAge / time.Second), Buckets: make([]HistoryBucket, request.Buckets),
	}

	of := selection{caller: caller, filter: Filter{Scenario: request.Scenario, StartedFrom: history.From}, now: now}

	var err error
	if of.expression, err = of.filter.expression(caller); err != nil {
		return nil, err
	}

	jobs, completeFrom, err := s.sample(ctx, of)
	if err != nil {
		return nil, err
	}

	history.Sample = HistorySample{Jobs: len(jobs), Complete: completeFrom.IsZero()}
	if !history.Sample.Complete {
		history.Sample.CompleteFrom = &completeFrom
	}

	inBuckets := make([][]Entry, len(history.Buckets))

	for _, entry := range jobs {
		if at := int(entry.StartedAt.Sub(history.From) / length); at >= 0 && at < len(inBuckets) {
			inBuckets[at] = append(inBuckets[at], entry)
		}
	}

	for i := range history.Buckets {
		history.Buckets[i] = HistoryBucket{
			From:          history.From.Add(length * time.Duration(i)),
			HistoryCounts: countsOf(inBuckets[i]), HistoryDurations: durationsOf(inBuckets[i]),
		}
	}

	if err := s.countBuckets(ctx, of, history, completeFrom, length); err != nil {
		return nil, err
	}

	for _, bucket := range history.Buckets {
		history.Total.add(bucket.HistoryCounts)
	}

	history.Scenarios, err = s.scenarioHistories(ctx, of, request, jobs)

	return history, err
}

// sample returns the jobs of a selection, at most about [Options.HistoryJobs], the newest first. If there are more, these are the
// running ones and those that ended last: completeFrom is the time from which on they are all that have started.
func (s *Service) sample(ctx context.Context, of selection) (jobs []Entry, completeFrom time.Time, err error) {
	found := map[string]Entry{}

	var token []byte

	for {
		page, err := s.listPage(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: of.query(time.Time{}), NextPageToken: token,
			PageSize: int32(min(historyPage, s.options.HistoryJobs)), //nolint:gosec // At most historyPage.
		})
		if err != nil {
			return nil, completeFrom, err
		}

		for _, info := range page.GetExecutions() {
			entry, appID := s.entryOf(info, of.now)
			if earlier, isKnown := found[entry.JobID]; of.contains(entry, appID) && (!isKnown || earlier.continued) {
				found[entry.JobID] = entry
			}

			completeFrom = of.now
			if closed := info.GetCloseTime(); closed != nil {
				completeFrom = closed.AsTime()
			}
		}

		if token = page.GetNextPageToken(); len(token) == 0 {
			completeFrom = time.Time{}

			break
		}

		if len(found) >= s.options.HistoryJobs {
			break
		}
	}

	return s.updated(ctx, of, slices.Collect(maps.Values(found)), nil), completeFrom.UTC(), nil
}

// countBuckets counts the jobs of the buckets that are not complete in the sample. The counts of a past bucket whose jobs have
// all ended don't change any more.
func (s *Service) countBuckets(
	ctx context.Context, of selection, history *History, completeFrom time.Time, length time.Duration,
) error {
	var group errgroup.Group
	group.SetLimit(parallelCounts)

	for i := range history.Buckets {
		bucket := &history.Buckets[i]
		if !bucket.From.Before(completeFrom) {
			continue
		}

		group.Go(func() error {
			filter := of.filter
			filter.StartedFrom, filter.StartedTo = bucket.From, bucket.From.Add(length)

			query, err := filter.expression(of.caller)
			if err != nil {
				return err
			}

			counts, isKnown := s.buckets.Get(query)
			if !isKnown {
				if counts, err = s.countByStatus(ctx, query); err != nil {
					return err
				}

				if counts[job.Running] == 0 && of.now.Sub(filter.StartedTo) > finalAge {
					s.buckets.Add(query, counts)
				}
			}

			bucket.HistoryCounts = HistoryCounts{
				Running: counts[job.Running], Completed: counts[job.Completed], Failed: counts[job.CompletedWithError],
				Stopped: counts[job.Stopped],
			}
			bucket.Started = bucket.Running + bucket.Completed + bucket.Failed + bucket.Stopped

			return nil
		})
	}

	return group.Wait()
}

// scenarioHistories returns the histories of the scenarios.
func (s *Service) scenarioHistories(
	ctx context.Context, of selection, request HistoryRequest, jobs []Entry,
) ([]ScenarioHistory, error) {
	byScenario := map[string][]Entry{}

	if request.Scenario != "" {
		byScenario[request.Scenario] = nil
	} else if names, err := of.caller.App.ScenarioNames(); err != nil {
		return nil, err
	} else {
		for _, name := range names {
			if of.caller.Access.MayRun(name) {
				byScenario[name] = nil
			}
		}
	}

	for _, entry := range jobs {
		if entry.Scenario != "" {
			byScenario[entry.Scenario] = append(byScenario[entry.Scenario], entry)
		}
	}

	earlier, err := s.earlier(ctx, of, request.Runs, byScenario)
	if err != nil {
		return nil, err
	}

	histories := make([]ScenarioHistory, 0, len(byScenario))

	for _, name := range slices.Sorted(maps.Keys(byScenario)) {
		last := slices.Concat(byScenario[name], earlier[name])
		history := ScenarioHistory{
			Name: name, HistoryCounts: countsOf(byScenario[name]), HistoryDurations: durationsOf(byScenario[name]),
			Last: append([]Entry{}, last[:min(len(last), request.Runs)]...),
		}

		if ended := history.Completed + history.Failed; ended > 0 {
			history.SuccessPercent = new(percent(float32(history.Completed) / float32(ended)))
		}

		histories = append(histories, history)
	}

	return histories, nil
}

// earlier returns jobs from before the time of the selection, the newest first, of the scenarios that have fewer than a number of
// jobs in it: by one request, and of at most [maxOldScenarios] scenarios.
func (s *Service) earlier(
	ctx context.Context, of selection, count int, byScenario map[string][]Entry,
) (map[string][]Entry, error) {
	var names []string

	for _, name := range slices.Sorted(maps.Keys(byScenario)) {
		if len(byScenario[name]) < count && len(names) < maxOldScenarios {
			names = append(names, name)
		}
	}

	if len(names) == 0 {
		return nil, nil //nolint:nilnil // There are none.
	}

	before := of
	before.filter.StartedTo, before.filter.StartedFrom = of.filter.StartedFrom, time.Time{}

	expression, err := before.filter.expression(of.caller)
	if err != nil {
		return nil, err
	}

	before.expression = expression + " AND " + oneOf(job.ScenarioAttribute.GetName(), names)

	page, err := s.listPage(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query: before.query(time.Time{}), PageSize: historyPage,
	})
	if err != nil {
		return nil, err
	}

	found := map[string][]Entry{}

	for _, info := range page.GetExecutions() {
		entry, appID := s.entryOf(info, of.now)
		if before.contains(entry, appID) && !entry.continued {
			found[entry.Scenario] = append(found[entry.Scenario], entry)
		}
	}

	for _, entries := range found {
		slices.SortFunc(entries, func(a, b Entry) int { return a.place().compare(b.place()) })
	}

	return found, nil
}

// countsOf counts jobs by their status.
func countsOf(jobs []Entry) HistoryCounts {
	counts := HistoryCounts{Started: int64(len(jobs))}

	for _, entry := range jobs {
		switch entry.Status {
		case job.Completed:
			counts.Completed++
		case job.CompletedWithError:
			counts.Failed++
		case job.Stopped:
			counts.Stopped++
		case job.Running, job.Queued, job.Paused, job.Stopping:
			counts.Running++
		}
	}

	return counts
}

func (c *HistoryCounts) add(other HistoryCounts) {
	c.Started += other.Started
	c.Running += other.Running
	c.Completed += other.Completed
	c.Failed += other.Failed
	c.Stopped += other.Stopped
}

// durationsOf returns the durations of the jobs that have completed or failed.
func durationsOf(jobs []Entry) HistoryDurations {
	var durations []int64

	for _, entry := range jobs {
		if entry.Status == job.Completed || entry.Status == job.CompletedWithError {
			durations = append(durations, entry.DurationMs)
		}
	}

	if len(durations) == 0 {
		return HistoryDurations{}
	}

	slices.Sort(durations)

	return HistoryDurations{
		Durations: len(durations), MedianMs: durations[len(durations)/2], MaxMs: durations[len(durations)-1],
	}
}
