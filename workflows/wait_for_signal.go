package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// waitForSignal waits for a signal. The data of the signal is the step's value.
func (m *machine) waitForSignal(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	begins := s.frame.Params == nil

	params, err := resolveOnce[scenario.WaitForSignal](m, ctx, s)
	if err != nil {
		return nil, err
	}

	if begins && params.Timeout > 0 {
		deadline := workflow.Now(ctx).Add(time.Duration(params.Timeout))
		s.frame.Deadline = &deadline
	}

	wait := &signalWait{AwaitedSignal: job.AwaitedSignal{Name: params.Name, From: params.From, Step: s.instance}}

	if at := slices.IndexFunc(m.checkpoint.Signals, wait.matches); at >= 0 {
		signal := m.checkpoint.Signals[at]
		m.checkpoint.Signals = slices.Delete(m.checkpoint.Signals, at, at+1)

		return jsonvalue.Object{"value": signal.Data.Any}, nil
	}

	m.signalWaits = append(m.signalWaits, wait)
	defer func() {
		m.signalWaits = slices.DeleteFunc(m.signalWaits, func(other *signalWait) bool { return other == wait })
	}()

	received, err := m.await(ctx, s, s.frame.Deadline, func() bool { return wait.signal != nil })

	switch {
	case received:
		return jsonvalue.Object{"value": wait.signal.Data.Any}, nil
	case err != nil:
		return nil, err
	}

	return nil, failedWith(job.CodeSignalTimedOut,
		"the signal %s did not come within %s", params.Name, time.Duration(params.Timeout))
}
