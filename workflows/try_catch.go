package workflows

import (
	"errors"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// finallyTimeout bounds the finally steps of a TryCatch in a job that is being stopped. A TryCatch within another's finally
// steps has the whole time, since it begins after the other's time has ended.
const finallyTimeout = 10 * time.Minute

// tryCatch runs steps, then others if one of these fails, and others again at the end.
func (m *machine) tryCatch(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	var err error

	if s.frame.Block == "" {
		s.frame.enter(scenario.BlockTry)
	}

	if s.frame.Block == scenario.BlockTry {
		if err = m.runBlock(ctx, s); errors.Is(err, errContinueAsNew) {
			return nil, err
		}

		err = m.handle(ctx, s, err)
	}

	if s.frame.Block == scenario.BlockCatch {
		if err = m.runBlock(ctx, s); errors.Is(err, errContinueAsNew) {
			return nil, err
		}

		if failed, isFailure := asFailure(err); isFailure && s.frame.Failure != nil {
			failed.addCauses(s.frame.Failure)
			err = failed
		}
	}

	if len(s.Block(scenario.BlockFinally).Steps) == 0 {
		return nil, err
	}

	if s.frame.Block != scenario.BlockFinally {
		s.frame.Ending = endingOf(err)
		s.frame.enter(scenario.BlockFinally)
	}

	return nil, m.finally(ctx, s)
}

// handle handles the error of the try steps: a rule ignores it, or the catch steps handle it, or handle returns it.
func (m *machine) handle(ctx workflow.Context, s *step, err error) error {
	failed, isFailure := asFailure(err)
	if !isFailure {
		return err
	}

	names := jsonvalue.Object{
		"error": failed.object(), "errorMessage": failed.Message, "errorStackTrace": failed.stackTrace(),
	}

	ignored, err := m.isIgnored(ctx, s, failed, names)

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

// isIgnored reports whether a rule of the step ignores the failure.
func (m *machine) isIgnored(ctx workflow.Context, s *step, failed *failure, names jsonvalue.Object) (bool, error) {
	params, err := resolve[scenario.TryCatch](m, ctx, s)
	if err != nil {
		return false, err
	}

	catching := &step{
		Step: s.Step, level: s.level, path: s.path, instance: s.instance, frame: s.frame,
	}
	catching.level.scope = s.level.scope.Inner(names, jsonvalue.Object{})

	for _, rule := range params.Ignore {
		if rule.Condition.Any != nil {
			holds, err := m.condition(ctx, catching, rule.Condition.Any)
			if err != nil || holds {
				return holds, err
			}
		}

		holds, err := m.contains(ctx, catching, failed.Message, rule.MessageContains)
		if err == nil && !holds {
			holds, err = m.contains(ctx, catching, failed.stackTrace(), rule.StackContains)
		}

		if err != nil || holds {
			return holds, err
		}
	}

	return false, nil
}

// contains reports whether text contains the part that a rule names; false if it names none.
func (m *machine) contains(ctx workflow.Context, s *step, text, part string) (bool, error) {
	if part == "" {
		return false, nil
	}

	value, err := m.evaluate(ctx, s, part)
	evaluated, isText := value.(string)

	return err == nil && isText && evaluated != "" && strings.Contains(text, evaluated), err // Every text contains "".
}

// finally runs the finally steps, however the steps before ended. If the job is being stopped, then or later, they still
// run, within finallyTimeout.
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

	after := m.runBlock(ctx, s)
	if errors.Is(after, errContinueAsNew) {
		return after
	}

	failedBefore, _ := asFailure(before)
	failedAfter, _ := asFailure(after)

	switch {
	case failedBefore != nil && failedAfter != nil:
		both := *failedBefore
		both.Message = shorten(both.Message+"; then finally failed too: "+failedAfter.Message, maxMessage)
		both.addCauses(failedAfter)

		return &both
	case after != nil && !isCancelled(before):
		return after
	}

	return before
}
