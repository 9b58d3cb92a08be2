package workflows

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// Recording finds a state of an ended job from which another job can continue: the one before a step began, or the one in which
// a step failed, was stopped or was interrupted. The interpreter fills it while the job's history is replayed, which repeats
// every decision of the job. A nil Recording does nothing.
type Recording struct {
	from string // The path of the step, with its rounds; empty for the step that has no outcome.

	machine  *machine // Of the last replay.
	failures int      // The failures of steps in the last replay.
	wanted   int      // The number of the failure that failed the job; 0 if unknown.
	ended    bool     // Whether the job ended by itself, rather than by Temporal.
	failed   bool     // Whether it failed.

	state      []byte // The checkpoint, once it is found.
	concurrent bool   // Whether other steps ran at that time.
	completed  bool   // Whether the step of from has completed since.

	began   map[string]string // The first run of each step that has begun, by its path.
	later   []string          // Without from: the steps that have begun since the state, but not at the end of a TryCatch.
	results map[string][]int  // The places of each step's results among those of the job.
	inputs  map[string]string // The digests of the parameters with which steps were attempted.
}

// NewRecording returns a recording of the state before the step with this path began. If the path is empty, it is the state in
// which the job's failure, its stop or its termination has found the steps that were running.
func NewRecording(from string) *Recording { return &Recording{from: from} }

// ErrNotBegun reports that a run of a job has not begun a step.
var ErrNotBegun = errors.New("the step has not begun")

// Next reports whether the history has to be replayed once more: which failure was the last one is known at the end only.
func (r *Recording) Next() bool {
	return r.from == "" && r.state == nil && r.failed && r.wanted > 0 && r.failures >= r.wanted
}

// Began returns the first run of the step with that path, as a path with rounds; false if it has not begun.
func (r *Recording) Began(path string) (instance string, ok bool) {
	instance, ok = r.began[path]

	return instance, ok
}

// begin begins another replay.
func (r *Recording) begin(m *machine) {
	if r == nil {
		return
	}

	r.machine, r.failures, r.ended, r.failed = m, 0, false, false
	r.state, r.later, r.began, r.results, r.inputs = nil, nil, map[string]string{}, map[string][]int{}, map[string]string{}
}

// stepBegins records that a step begins.
func (r *Recording) stepBegins(s *step) {
	if r == nil {
		return
	}

	if _, repeated := r.began[s.path]; !repeated {
		r.began[s.path] = s.instance
	}

	if r.from == "" && r.state != nil && !strings.Contains(s.instance, ".finally.") {
		r.later = append(r.later, s.instance)
	}

	if s.instance == r.from {
		r.concurrent = r.machine.slots > 0
		r.save()
	}
}

// attempts records the digest of the parameters with which a step is attempted.
func (r *Recording) attempts(s *step, input string) {
	if r != nil {
		r.inputs[s.instance] = input
	}
}

// addsResult records at which place of the job's results the next result of a step is.
func (r *Recording) addsResult(s *step, place int) {
	if r != nil {
		r.results[s.instance] = append(r.results[s.instance], place)
	}
}

// stepEnds records that a step ends. Its state is still that of a running step.
func (r *Recording) stepEnds(s *step, failed *failure, err error) {
	switch {
	case r == nil:
	case err == nil && s.instance == r.from:
		r.completed = true
	case failed == nil:
		r.stops(err)
	case failed.number == 0: // The steps around it end with the same failure.
		r.failures++
		failed.number = r.failures

		if r.from == "" && r.failures == r.wanted {
			r.save()
		}
	}
}

// stops records that a job that is being stopped ends a step, or does not begin it.
func (r *Recording) stops(err error) {
	if r != nil && r.from == "" && r.state == nil && isCancelled(err) && r.machine.isStopping() {
		r.save()
	}
}

// ends records the end of the job.
func (r *Recording) ends(err error, failed *failure) {
	if r == nil || errors.Is(err, errContinueAsNew) {
		return
	}

	if r.ended = true; failed != nil {
		r.failed, r.wanted = true, failed.number
	}
}

// save stores the state of the job.
func (r *Recording) save() {
	encoded, err := json.Marshal(r.machine.checkpoint)
	if err == nil {
		r.state = encoded
	}
}

// Continuation returns the state from which another job continues the recorded one, once no other replay is necessary. run is
// the run of the job that was replayed.
//
// The error is [ErrNotBegun] if another run of the same job may have begun the step, or a [job.NotContinuableError].
func (r *Recording) Continuation(run job.EarlierAttempt) (*Continuation, error) {
	switch {
	case r.machine == nil:
		return nil, &job.NotContinuableError{Reason: "the job ended before its first step; retry the job whole"}
	case r.state != nil:
	case r.from != "":
		return nil, ErrNotBegun
	case !r.ended: // The state at its termination.
		r.save()
	case !r.failed:
		return nil, &job.NotContinuableError{
			Reason: "the job has completed: no step of it failed; name a step, or retry the job whole",
		}
	default:
		return nil, &job.NotContinuableError{Reason: "the job failed before its last continue-as-new, or outside of its " +
			"steps; name a step, or retry the job whole"}
	}

	if r.concurrent {
		return nil, &job.NotContinuableError{
			Reason: "the step " + r.from + " ran while other steps did; name the step around them, or retry the job whole",
		}
	}

	var checkpoint Checkpoint
	if err := json.Unmarshal(r.state, &checkpoint); err != nil {
		return nil, err
	}

	c := &Continuation{Checkpoint: &checkpoint, program: r.machine.input.Program, run: run}

	return c, c.prepare(r)
}

// Program returns the program of the job.
func (r *Recording) Program() scenario.Program { return r.machine.input.Program }
