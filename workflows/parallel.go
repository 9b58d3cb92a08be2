package workflows

import (
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// parallel runs several lists of steps at the same time.
func (m *machine) parallel(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	if s.frame.Branches == nil {
		if err := m.settle(ctx, s); err != nil {
			return nil, err
		}

		s.frame.Branches = map[string]*branch{}

		for _, block := range s.Blocks {
			s.frame.Branches[block.Name] = &branch{List: newList()}
		}
	}

	params, err := scenario.Decode[scenario.Parallel](s.frame.Params)
	if err != nil {
		return nil, err
	}

	count := len(s.Blocks)
	if params.MaxConcurrency > 0 {
		count = min(count, params.MaxConcurrency)
	}

	branches := &parallelRun{machine: m, step: s, params: params}
	err = m.lanes(ctx, s, branches.begun(), min(count, scenario.MaxConcurrency), branches.lane)

	failed := branches.failed()
	outcome := jsonvalue.Object{"failed": int64(len(failed)), "errors": errorObjects(failed)}

	if err == nil && len(failed) > 0 {
		err = allFailed(failed)
	}

	return outcome, err
}

// parallelRun is a Parallel as it runs.
type parallelRun struct {
	machine *machine
	step    *step
	params  scenario.Parallel
	next    int
}

// lane runs one branch after the other until there are no more.
func (p *parallelRun) lane(ctx workflow.Context) error {
	for p.next < len(p.step.Blocks) {
		name := p.step.Blocks[p.next].Name
		at := p.step.frame.Branches[name]
		p.next++

		if at == nil || at.Ended {
			continue
		}

		err := p.machine.list(ctx, p.step.inner(name, name, at.List))
		if errors.Is(err, errMoving) {
			return err // The branch goes on in the next run.
		}

		failed, isFailure := asFailure(err)
		at.Ended, at.List, at.Failure = true, nil, failed

		if err != nil && (!isFailure || !p.params.CollectErrors) {
			return err
		}
	}

	return nil
}

// begun is how many branches have begun and not ended.
func (p *parallelRun) begun() int {
	begun := 0

	for _, block := range p.step.Blocks {
		at := p.step.frame.Branches[block.Name]
		if at != nil && !at.Ended && at.List.begun() {
			begun++
		}
	}

	return begun
}

// failed returns the errors of the branches that failed.
func (p *parallelRun) failed() []roundError {
	var failed []roundError

	for _, block := range p.step.Blocks {
		if at := p.step.frame.Branches[block.Name]; at != nil && at.Failure != nil {
			failed = append(failed, roundError{Branch: block.Name, Failure: at.Failure})
		}
	}

	return failed
}

// allFailed is the failure of a step whose branches all ran to their end.
func allFailed(failed []roundError) *failure {
	messages := make([]string, len(failed))
	for i, one := range failed {
		messages[i] = fmt.Sprintf("%s: %s", one.Branch, one.Failure.Message)
	}

	all := failedWith(job.CodeBranchesFailed, "%d branches failed: %s", len(failed), strings.Join(messages, "; "))
	for _, one := range failed {
		all.because(one.Failure)
	}

	return all
}
