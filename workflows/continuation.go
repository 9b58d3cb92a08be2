package workflows

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// Continuation is the state in which a job continues an ended one.
type Continuation struct {
	Checkpoint *Checkpoint

	// Interrupted are the steps without an outcome, with their rounds: they failed, were stopped, or ran when the job was
	// terminated. They run again.
	Interrupted []string

	// Children are the IDs of the child jobs that interrupted steps have started, by the steps' paths with rounds.
	Children map[string]string

	program  scenario.Program
	run      job.EarlierAttempt
	places   map[string][]int  // The places of each step's results, see [Recording].
	inputs   map[string]string // The digests of each step's parameters, likewise.
	obsolete map[int]bool      // The places of results that steps return again.
}

// maxEarlier bounds the steps without an outcome.
const maxEarlier = 1_000

// prepare turns the checkpoint of the ended job into that of a job which continues it.
func (c *Continuation) prepare(r *Recording) error {
	checkpoint := c.Checkpoint
	c.Children, c.places, c.inputs, c.obsolete = map[string]string{}, r.results, r.inputs, map[int]bool{}

	if checkpoint.Continued == nil {
		checkpoint.Continued = &continued{ID: c.run.JobID, StartedAt: checkpoint.StartedAt}
	}

	checkpoint.StartedAt, checkpoint.Runs, checkpoint.Stopping = time.Time{}, 0, false
	checkpoint.Paused, checkpoint.Accepted = nil, nil

	earlier := checkpoint.Earlier
	checkpoint.Earlier = map[string]earlierAttempts{}

	if r.from == "" {
		maps.Copy(checkpoint.Earlier, earlier)
	} else {
		checkpoint.Children = nil
	}

	steps := c.program.Scenarios[c.program.Entry].Steps
	if err := c.list(place{}, steps, checkpoint.Root); err != nil {
		return err
	}

	// A caller that names a step that has completed wants its changes once more, and those of the steps after it.
	if r.from != "" && !r.completed {
		c.attempted(r.from, earlier)
	}

	for _, instance := range r.later {
		c.attempted(instance, earlier)
	}

	if len(checkpoint.Earlier) > maxEarlier {
		return &job.NotContinuableError{Reason: fmt.Sprintf("more than %d steps have no outcome; name a step before "+
			"them, or retry the job whole", maxEarlier)}
	}

	c.takeOver()

	return nil
}

// place is the place of a step or, as a prefix, of a list of steps.
type place struct{ path, instance string }

// step returns the place of a step of the list.
func (p place) step(index int) place {
	number := strconv.Itoa(index + 1)

	return place{path: p.path + number, instance: p.instance + number}
}

// block returns the place of a list within the step. The instance names it with its round.
func (p place) block(name, instance string) place {
	return place{path: p.path + "." + name + ".", instance: p.instance + "." + instance + "."}
}

func (p place) round(number int64) place {
	return p.block(scenario.BlockSteps, fmt.Sprintf("%s[%d]", scenario.BlockSteps, number))
}

// list prepares a list of steps. The step that runs in it continues if steps within it do, or runs again.
func (c *Continuation) list(prefix place, steps []scenario.Step, state *list) error {
	if state == nil || state.Step == nil {
		return nil
	}

	at, frame := prefix.step(state.Next), state.Step

	if !frame.progressed() {
		state.Step = nil
		c.interrupt(at)

		if startsChild(steps[state.Next]) {
			c.Children[at.instance] = c.run.JobID + "/" + at.instance
		}

		return nil
	}

	// Timeouts begin again.
	frame.StartedAt, frame.Deadline = time.Time{}, nil

	return c.frame(at, steps[state.Next], frame)
}

// progressed reports whether a step has begun steps within it, or has read what they go over.
func (f *frame) progressed() bool {
	return f.Block != "" || f.List != nil || f.Round > 0 || f.Loop != nil && f.Params != nil || f.Branches != nil
}

// startsChild reports whether a step starts a child job.
func startsChild(step scenario.Step) bool {
	if step.OpName != scenario.OpRunScenario {
		return false
	}

	params, err := scenario.DecodeLiteral[scenario.RunScenario](step.OpParams)

	return err == nil && !params.Inline
}

// frame prepares a step that continues.
func (c *Continuation) frame(at place, step scenario.Step, state *frame) error {
	switch step.OpName {
	case scenario.OpTryCatch:
		if state.Ending != nil && (state.Ending.Failure != nil || state.Ending.Stopped) {
			return c.refuse(at, "was already executing its finally steps")
		}
	case scenario.OpWhile:
		return c.list(at.round(state.Round), step.Block(scenario.BlockSteps).Steps, state.List)
	case scenario.OpForEach:
		return c.forEach(at, step, state)
	case scenario.OpParallel:
		return c.parallel(at, step, state)
	case scenario.OpRunScenario:
		params, err := scenario.DecodeLiteral[scenario.RunScenario](step.OpParams)
		if err != nil {
			return err
		}

		return c.list(at.block(params.Scenario, params.Scenario), c.program.Scenarios[params.Scenario].Steps, state.List)
	}

	return c.list(at.block(state.Block, state.Block), step.Block(state.Block).Steps, state.List)
}

func (c *Continuation) forEach(at place, step scenario.Step, state *frame) error {
	switch {
	case isEnding(state):
		return c.refuse(at, "was already stopping its rounds")
	case state.Loop.Offset > 0:
		return c.refuse(at, "goes over stored records, which the job has dropped at its end")
	}

	state.Loop.Key = "" // The job has dropped the records that the loop has read before.

	for _, number := range slices.Sorted(maps.Keys(state.Loop.Rounds)) {
		if err := c.list(at.round(number), step.Block(scenario.BlockSteps).Steps, state.Loop.Rounds[number]); err != nil {
			return err
		}
	}

	return nil
}

func (c *Continuation) parallel(at place, step scenario.Step, state *frame) error {
	if isEnding(state) {
		return c.refuse(at, "was already stopping its branches")
	}

	for _, block := range step.Blocks {
		branch := state.Branches[block.Name]

		switch {
		case !branch.Ended:
			if err := c.list(at.block(block.Name, block.Name), block.Steps, branch.List); err != nil {
				return err
			}
		case branch.Failure != nil && step.OnError != scenario.OnErrorContinue:
			return c.refuse(at, "has collected the failure of its branch "+block.Name)
		}
	}

	return nil
}

// isEnding reports whether a failure or a cancellation was stopping the slots of a concurrent step.
func isEnding(state *frame) bool {
	return state.Failure != nil || state.Ending != nil && (state.Ending.Failure != nil || state.Ending.Stopped)
}

func (c *Continuation) refuse(at place, reason string) error {
	return &job.NotContinuableError{
		Reason: fmt.Sprintf("the step %s %s; name it, or a step before it, to run it again, or retry the job whole",
			at.instance, reason),
	}
}

// interrupt prepares a step that runs again.
func (c *Continuation) interrupt(at place) {
	c.Interrupted = append(c.Interrupted, at.instance)
	c.attempted(at.instance, c.Checkpoint.Earlier)

	for _, place := range c.places[at.instance] {
		c.obsolete[place] = true
	}

	record := c.Checkpoint.Steps[at.path]
	if record == nil {
		return
	}

	if record.Active, record.Runs = record.Active-1, record.Runs-1; record.Runs <= 0 {
		delete(c.Checkpoint.Steps, at.path)
	}
}

// attempted records that the ended job has attempted a step, or one before it, of which earlier are the attempts.
func (c *Continuation) attempted(instance string, earlier map[string]earlierAttempts) {
	attempts, known := earlier[instance]
	if !known {
		attempts.EarlierAttempt = c.run
	}

	// Two different inputs are enough: each input differs from one of them.
	input, begun := c.inputs[instance]
	if begun && len(attempts.Inputs) < 2 && !slices.Contains(attempts.Inputs, input) { //nolint:mnd // See above.
		attempts.Inputs = append(slices.Clip(attempts.Inputs), input)
	}

	c.Checkpoint.Earlier[instance] = attempts
}

// takeOver marks the steps that have ended, and removes the results that steps return again.
func (c *Continuation) takeOver() {
	for _, path := range slices.Sorted(maps.Keys(c.Checkpoint.Steps)) {
		record := c.Checkpoint.Steps[path]
		if record.Active > 0 {
			continue
		}

		record.TakenOver, record.Retry, record.ChildID = true, nil, ""
		if record.EndedAt == nil { // A later run of it was interrupted.
			record.State, record.EndedAt = job.StepCompleted, &record.StartedAt
		}
	}

	results := c.Checkpoint.Results[:0]

	for place, result := range c.Checkpoint.Results {
		if !c.obsolete[place] {
			results = append(results, result)
		}
	}

	c.Checkpoint.Results = results
}

// Change prepares the continuation for other values of the named parameters of the job. The steps before have used the former
// ones. A scenario that continues within the job evaluates its own parameters again, as a child job does.
func (c *Continuation) Change(parameters []string) {
	if c.Checkpoint.Changes == nil {
		c.Checkpoint.Changes = map[string]int{}
	}

	for _, name := range parameters {
		c.Checkpoint.Changes[name]++
	}

	c.Checkpoint.Root.forgetParams()
}

// forgetParams removes the parameters of the step that continues in the list, and of those within it, so that they are evaluated
// again. A ForEach goes on with the list that it has begun.
func (l *list) forgetParams() {
	if l == nil || l.Step == nil {
		return
	}

	state := l.Step
	state.List.forgetParams()

	switch {
	case state.Loop != nil:
		for _, round := range state.Loop.Rounds { //workflowcheck:ignore // The order does not matter.
			round.forgetParams()
		}
	case state.Branches != nil:
		for _, branch := range state.Branches { //workflowcheck:ignore // The order does not matter.
			branch.List.forgetParams()
		}
	case state.List != nil:
		state.Params = nil
	}
}

// AddChild makes the child job of an interrupted step continue, too.
func (c *Continuation) AddChild(step string, child *Continuation) error {
	encoded, err := json.Marshal(child.Checkpoint)
	if err != nil {
		return err
	}

	if c.Checkpoint.Children == nil {
		c.Checkpoint.Children = map[string]json.RawMessage{}
	}

	c.Checkpoint.Children[step] = encoded

	return nil
}
