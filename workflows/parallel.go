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

// parallel runs several lists of steps concurrently.
func (m *machine) parallel(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	params, err := resolveOnce[scenario.Parallel](m, ctx, s)
	if err != nil {
		return nil, err
	}

	if s.frame.Branches == nil {
		s.frame.Branches = map[string]*branch{}

		for _, block := range s.Blocks {
			s.frame.Branches[block.Name] = &branch{List: newList()}
		}
	}

	count := len(s.Blocks)
	if params.MaxConcurrency > 0 {
		count = min(count, params.MaxConcurrency)
	}

	branches := &parallelRun{machine: m, step: s, params: params}
	err = m.concurrently(ctx, s, branches.begun(), min(count, scenario.MaxConcurrency), branches.runBranches)

	failed := branches.failed()
	outcome := jsonvalue.Object{"failed": int64(len(failed)), "errors": errorObjects(failed)}

	if err == nil && len(failed) > 0 {
		err = branchesFailed(failed)
	}

	return outcome, err
}

// parallelRun is a Parallel that runs.
type parallelRun struct {
	machine *machine
	step    *step
	params  scenario.Parallel
	next    int
}

// runBranches runs one branch after the other until there are no more.
func (p *parallelRun) runBranches(ctx workflow.Context) error {
	for p.next < len(p.step.Blocks) {
		name := p.step.Blocks[p.next].Name
		state := p.step.frame.Branches[name]
		p.next++

		if state == nil || state.Ended {
			continue
		}

		err := p.machine.runList(ctx, p.step.inner(name, name, state.List))
		if errors.Is(err, errContinueAsNew) {
			return err // The next run continues the branch.
		}

		failed, isFailure := asFailure(err)
		state.Ended, state.List, state.Failure = true, nil, failed

		if err != nil && (!isFailure || !p.params.CollectErrors) {
			return err
		}
	}

	return nil
}

// begun returns how many branches have begun and not ended.
func (p *parallelRun) begun() int {
	begun := 0

	for _, block := range p.step.Blocks {
		state := p.step.frame.Branches[block.Name]
		if state != nil && !state.Ended && state.List.begun() {
			begun++
		}
	}

	return begun
}

// failed returns the errors of the branches that failed.
func (p *parallelRun) failed() []roundError {
	var failed []roundError

	for _, block := range p.step.Blocks {
		if state := p.step.frame.Branches[block.Name]; state != nil && state.Failure != nil {
			failed = append(failed, roundError{Branch: block.Name, Failure: state.Failure})
		}
	}

	return failed
}

// branchesFailed returns the failure of a step that collects the errors of its branches.
func branchesFailed(failed []roundError) *failure {
	messages := make([]string, len(failed))
	for i, branch := range failed {
		messages[i] = fmt.Sprintf("%s: %s", branch.Branch, branch.Failure.Message)
	}

	all := failedWith(job.CodeBranchesFailed, "%d branches failed: %s", len(failed), strings.Join(messages, "; "))
	for _, branch := range failed {
		all.addCauses(branch.Failure)
	}

	return all
}
