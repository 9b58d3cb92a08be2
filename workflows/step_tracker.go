package workflows

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// stepTracker reports the status of a job's steps to operators and callers: one status for each step that the scenario
// defines, however often it runs.
type stepTracker struct {
	pending []job.StepStatus // The status of each step before it begins, in the order of the definition.
	records map[string]*stepRecord
}

// stepRecord is the progress of a step that has begun. It is part of the checkpoint, and small.
type stepRecord struct {
	State     job.StepState `json:"state"`
	StartedAt time.Time     `json:"startedAt"`
	EndedAt   *time.Time    `json:"endedAt,omitempty"`
	Rows      int64         `json:"rows,omitempty"`
	Rejected  int64         `json:"rejected,omitempty"`
	Runs      int64         `json:"runs,omitempty"`
	Failures  int64         `json:"failures,omitempty"`
	Active    int64         `json:"active,omitempty"` // How many of its runs have begun and not ended.

	Iterations int64 `json:"iterations,omitempty"` // Of a loop: how many rounds of its last run have ended.
	Total      int64 `json:"total,omitempty"`      // Of a ForEach: how many rounds its last run has.

	Attempt   int32  `json:"attempt,omitempty"`
	LastError string `json:"lastError,omitempty"`
	Retry     *retry `json:"retry,omitempty"` // While the step is tried again after a local activity has failed.
	ChildID   string `json:"childId,omitempty"`

	// The sources for whose slots its runs wait, with the number of these runs.
	SourceWaits map[string]int `json:"sourceWaits,omitempty"`

	// The last answer to a request of its runs that had to wait, by the name of the source.
	SlotAnswers map[string]job.SlotAnswer `json:"slotAnswers,omitempty"`

	TakenOver bool `json:"takenOver,omitempty"` // Whether it ended in the job that this one continues.

	Kept        []job.Kept          `json:"kept,omitempty"`
	Conversions []source.Conversion `json:"conversions,omitempty"`
}

// retry is the state of a step whose first attempt, a local activity, has failed.
type retry struct {
	LastError string     `json:"lastError"`
	NextTry   *time.Time `json:"nextTry,omitempty"` // When the next attempt begins; nil once it has begun.
}

// Bounds of a step's record.
const (
	maxLastError   = 500 // Bytes.
	maxConversions = 10
	maxKept        = 10
)

func newStepTracker(program scenario.Program, entry scenario.Scenario, records map[string]*stepRecord) *stepTracker {
	t := &stepTracker{records: records}
	t.define(program, "", entry.Steps)

	return t
}

// define adds the steps of a list, each before the steps within it.
func (t *stepTracker) define(program scenario.Program, prefix string, steps []scenario.Step) {
	for i, step := range steps {
		path := fmt.Sprintf("%s%d", prefix, i+1)
		t.pending = append(t.pending, job.StepStatus{
			Path: path, Title: step.DisplayTitle(), Name: step.Name, OpName: step.OpName, State: job.StepPending,
		})

		for _, block := range step.Blocks {
			t.define(program, path+"."+block.Name+".", block.Steps)
		}

		if step.OpName != scenario.OpRunScenario {
			continue
		}

		params, err := scenario.DecodeLiteral[scenario.RunScenario](step.OpParams)
		if err == nil && params.Inline {
			t.define(program, path+"."+params.Scenario+".", program.Scenarios[params.Scenario].Steps)
		}
	}
}

func (t *stepTracker) begin(path string, now time.Time) {
	record := t.records[path]
	if record == nil {
		record = &stepRecord{}
		t.records[path] = record
	}

	record.State, record.StartedAt, record.EndedAt = job.StepRunning, now, nil
	record.Iterations, record.Total, record.TakenOver = 0, 0, false
	record.Runs++
	record.Active++
}

func (t *stepTracker) skip(path string, now time.Time) {
	if t.records[path] == nil {
		t.records[path] = &stepRecord{State: job.StepSkipped, StartedAt: now, EndedAt: &now}
	}
}

func (t *stepTracker) end(path string, now time.Time, state job.StepState, outcome jsonvalue.Object, failed *failure) {
	record := t.records[path]
	if record == nil {
		return // The step never began: the checkpoint does not fit the program.
	}

	record.Active--
	record.Retry = nil
	rows, _ := outcome["rows"].(int64)
	rejected, _ := outcome["rejected"].(int64)
	record.Rows += rows
	record.Rejected += rejected

	if failed != nil {
		record.Failures++
		record.LastError, record.Attempt = shorten(failed.Message, maxLastError), failed.Attempts
	}

	if record.Active <= 0 {
		record.State, record.EndedAt = state, &now
	}
}

// setRetry records that the first attempt of a step has failed, and when the next one begins.
func (t *stepTracker) setRetry(path, message string, next time.Time) {
	if record := t.records[path]; record != nil {
		record.Retry = &retry{LastError: shorten(message, maxLastError), NextTry: &next}
	}
}

// beginRetry records that the next attempt has begun.
func (t *stepTracker) beginRetry(path string) {
	if record := t.records[path]; record != nil && record.Retry != nil {
		record.Retry.NextTry = nil
	}
}

// setIterations records how many rounds of a loop have ended, and how many it has; 0 if unknown.
func (t *stepTracker) setIterations(path string, ended, total int64) {
	if record := t.records[path]; record != nil {
		record.Iterations, record.Total = ended, total
	}
}

// setConversions records which columns the step wrote in another type than it read them.
func (t *stepTracker) setConversions(path string, conversions []source.Conversion) {
	if record := t.records[path]; record != nil {
		record.Conversions = conversions[:min(len(conversions), maxConversions)]
	}
}

// addKept records which tables the step kept although it should have dropped them. Each round of a loop may add some.
func (t *stepTracker) addKept(path string, kept []job.Kept) {
	if record := t.records[path]; record != nil {
		record.Kept = append(record.Kept, kept[:min(len(kept), maxKept-len(record.Kept))]...)
	}
}

// setSourceWait records that a run of the step waits for a slot of a source, with the answer to its request, or nil if it no
// longer waits.
func (t *stepTracker) setSourceWait(path, name string, waiting *job.SlotAnswer) {
	record := t.records[path]

	switch {
	case record == nil:
	case waiting != nil:
		if record.SourceWaits == nil {
			record.SourceWaits = map[string]int{}
		}

		if record.SlotAnswers == nil {
			record.SlotAnswers = map[string]job.SlotAnswer{}
		}

		record.SourceWaits[name]++
		record.SlotAnswers[name] = *waiting
	case record.SourceWaits[name] > 1:
		record.SourceWaits[name]--
	default:
		delete(record.SourceWaits, name)
		delete(record.SlotAnswers, name)
	}
}

// wait returns what the step waits for; nil if it does not wait.
func (r *stepRecord) wait() *job.StepWait {
	sources := slices.Sorted(maps.Keys(r.SourceWaits))
	if len(sources) == 0 || r.EndedAt != nil {
		return nil
	}

	name := sources[0]
	answer := r.SlotAnswers[name]
	waits := &job.StepWait{Source: name, Running: answer.Running, Limit: answer.Limit, PerSecond: answer.PerSecond}

	if runs := int64(r.SourceWaits[name]); runs < r.Active {
		waits.Runs = runs
	}

	return waits
}

// setChild records which job the step started.
func (t *stepTracker) setChild(path, id string) {
	if record := t.records[path]; record != nil {
		record.ChildID = id
	}
}

// statuses returns the status of every step.
func (t *stepTracker) statuses() []job.StepStatus {
	statuses := make([]job.StepStatus, len(t.pending))

	for i, status := range t.pending {
		if record := t.records[status.Path]; record != nil {
			started := record.StartedAt
			status.State, status.StartedAt, status.EndedAt = record.State, &started, record.EndedAt
			status.Rows, status.Rejected = record.Rows, record.Rejected
			status.Attempt, status.LastError = record.Attempt, record.LastError
			status.ChildID, status.Kept, status.Conversions = record.ChildID, record.Kept, record.Conversions

			status.Iterations, status.Total, status.TakenOver = record.Iterations, record.Total, record.TakenOver
			status.WaitsFor = record.wait()

			if record.Retry != nil {
				status.Attempt, status.Failed = 1, 1
				status.LastError, status.NextTry = record.Retry.LastError, record.Retry.NextTry
			}

			if record.Runs > 1 {
				status.Runs, status.Failures = record.Runs, record.Failures
			}
		}

		statuses[i] = status
	}

	return statuses
}
