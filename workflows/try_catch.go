package workflows

import (
	"errors"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// finallyTimeout is how long the finally steps of a TryCatch may take in a job that is being stopped. One that stands in
// another's has its own time, since the other's begins when it has ended.
const finallyTimeout = 10 * time.Minute

// tryCatch runs steps, others when one of those fails, and others again at the end.
func (m *machine) tryCatch(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	var err error

	if s.frame.Block == "" {
		s.frame.enter(scenario.BlockTry)
	}

	if s.frame.Block == scenario.BlockTry {
		if err = m.block(ctx, s); errors.Is(err, errMoving) {
			return nil, err
		}

		err = m.handle(ctx, s, err)
	}

	if s.frame.Block == scenario.BlockCatch {
		if err = m.block(ctx, s); errors.Is(err, errMoving) {
			return nil, err
		}

		if failed, isFailure := asFailure(err); isFailure && s.frame.Failure != nil {
			failed.because(s.frame.Failure)
			err = failed
		}
	}

	if len(s.Block(scenario.BlockFinally).Steps) == 0 {
		return nil, err
	}

	if s.frame.Block != scenario.BlockFinally {
		s.frame.Ending = keep(err)
		s.frame.enter(scenario.BlockFinally)
	}

	return nil, m.finally(ctx, s)
}

// handle decides what becomes of the error that the steps tried ended with: it is passed over, or caught, or goes on.
func (m *machine) handle(ctx workflow.Context, s *step, err error) error {
	failed, isFailure := asFailure(err)
	if !isFailure {
		return err
	}

	names := jsonvalue.Object{
		"error": failed.object(), "errorMessage": failed.Message, "errorStackTrace": failed.stackTrace(),
	}

	ignored, err := m.ignores(ctx, s, failed, names)

	switch {
	case err != nil:
		return err
	case ignored:
		return nil
	case !s.HasBlock(scenario.BlockCatch):
		return failed
	}

	s.frame.Failure = failed
	s.frame.enter(scenario.BlockCatch)
	s.frame.List.Names = names

	return nil
}

// ignores reports whether a rule of the step passes over the failure.
func (m *machine) ignores(ctx workflow.Context, s *step, failed *failure, names jsonvalue.Object) (bool, error) {
	rules, _ := s.OpParams["ignore"].([]any)
	catching := &step{
		Step: s.Step, level: s.level, path: s.path, instance: s.instance, frame: s.frame,
	}
	catching.level.scope = s.level.scope.Inner(names, jsonvalue.Object{})

	for _, entry := range rules {
		rule, _ := entry.(map[string]any)

		if condition, given := rule["condition"]; given {
			holds, err := m.condition(ctx, catching, condition)
			if err != nil || holds {
				return holds, err
			}
		}

		holds, err := m.contains(ctx, catching, failed.Message, rule["messageContains"])
		if err == nil && !holds {
			holds, err = m.contains(ctx, catching, failed.stackTrace(), rule["stackContains"])
		}

		if err != nil || holds {
			return holds, err
		}
	}

	return false, nil
}

// contains reports whether text contains what a rule looks for, where it looks for something.
func (m *machine) contains(ctx workflow.Context, s *step, text string, part any) (bool, error) {
	if part == nil {
		return false, nil
	}

	value, err := m.evaluate(ctx, s, part)
	looked, isText := value.(string)

	return err == nil && isText && looked != "" && strings.Contains(text, looked), err // Nothing is in every text.
}

// finally runs the steps at the end, whatever happened before. When the job is being stopped, or is told to stop
// meanwhile, they still run, for as long as finallyTimeout lets them.
func (m *machine) finally(outer workflow.Context, s *step) error {
	before := s.frame.Ending.err()

	ctx, cancel := workflow.NewDisconnectedContext(outer)
	defer cancel()

	workflow.GoNamed(ctx, "time of finally of "+s.instance, func(ctx workflow.Context) {
		if workflow.Await(ctx, func() bool { return outer.Err() != nil }) != nil {
			return // The steps have ended.
		}

		now := workflow.Now(ctx)
		if s.frame.Deadline == nil {
			deadline := now.Add(finallyTimeout)
			s.frame.Deadline = &deadline
		}

		if workflow.Sleep(ctx, s.frame.Deadline.Sub(now)) == nil {
			cancel()
		}
	})

	after := m.block(ctx, s)
	if errors.Is(after, errMoving) {
		return after
	}

	failedBefore, _ := asFailure(before)
	failedAfter, _ := asFailure(after)

	switch {
	case failedBefore != nil && failedAfter != nil:
		both := *failedBefore
		both.Message = shorten(both.Message+"; then finally failed too: "+failedAfter.Message, maxMessage)
		both.because(failedAfter)

		return &both
	case after != nil && !isCancelled(before):
		return after
	}

	return before
}
