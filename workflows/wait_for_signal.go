package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// waiting is a step that waits for a signal.
type waiting struct {
	job.AwaitedSignal

	signal *job.Signal // What it was given.
}

// may reports whether the signal is one that the step waits for.
func (w *waiting) may(signal job.Signal) bool {
	return w.Name == signal.Name && (len(w.From) == 0 || signal.From == job.Anybody || slices.Contains(w.From, signal.From))
}

// waitForSignal waits until somebody says go.
func (m *machine) waitForSignal(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	if s.frame.Params == nil {
		if err := m.settle(ctx, s); err != nil {
			return nil, err
		}

		if wait, err := scenario.Decode[scenario.WaitForSignal](s.frame.Params); err == nil && wait.Timeout > 0 {
			deadline := workflow.Now(ctx).Add(time.Duration(wait.Timeout))
			s.frame.Deadline = &deadline
		}
	}

	params, err := scenario.Decode[scenario.WaitForSignal](s.frame.Params)
	if err != nil {
		return nil, err
	}

	w := &waiting{AwaitedSignal: job.AwaitedSignal{Name: params.Name, From: params.From, Step: s.instance}}

	if at := slices.IndexFunc(m.position.Signals, w.may); at >= 0 {
		signal := m.position.Signals[at]
		m.position.Signals = slices.Delete(m.position.Signals, at, at+1)

		return jsonvalue.Object{"value": signal.Data.Any}, nil
	}

	m.waiting = append(m.waiting, w)
	defer func() { m.waiting = slices.DeleteFunc(m.waiting, func(other *waiting) bool { return other == w }) }()

	given, err := m.await(ctx, s, s.frame.Deadline, func() bool { return w.signal != nil })

	switch {
	case given:
		return jsonvalue.Object{"value": w.signal.Data.Any}, nil
	case err != nil:
		return nil, err
	}

	return nil, failedWith(job.CodeSignalTimedOut,
		"the signal %s did not come within %s", params.Name, time.Duration(params.Timeout))
}

// takeSignals makes the job take signals. One that no step waits for is kept for a step to come.
func (m *machine) takeSignals(ctx workflow.Context) error {
	take := func(ctx workflow.Context, signal job.Signal) (job.SignalTaken, error) {
		// Updates make a history long as well, with or without steps in between.
		m.moving = m.moving || (m.begun && m.mustMove(ctx))

		if taken, repeated := m.taken(signal); repeated {
			return taken, nil
		}

		return m.take(signal), nil
	}

	return workflow.SetUpdateHandlerWithOptions(ctx, job.SignalUpdate, take, workflow.UpdateHandlerOptions{
		Validator:   m.checkSignal,
		Description: "Tells the job something that it waits for.",
	})
}

// take hands the signal to the step that has waited longest for it, or keeps it for one to come.
func (m *machine) take(signal job.Signal) job.SignalTaken {
	var taken job.SignalTaken

	if w := m.waitingFor(signal); w != nil {
		w.signal = &signal
		taken.Awaited = true
	} else {
		m.kept += sizeOf(signal)
		m.position.Signals = append(m.position.Signals, signal)
	}

	if signal.ID != "" {
		m.kept += len(signal.ID)
		m.position.Taken = append(m.position.Taken, takenSignal{signal.ID, taken})
		m.position.Taken = m.position.Taken[max(0, len(m.position.Taken)-job.MaxTakenSignals):]
	}

	return taken
}

// taken returns how the signal was answered when it came before, by its ID.
func (m *machine) taken(signal job.Signal) (answer job.SignalTaken, repeated bool) {
	if signal.ID == "" {
		return answer, false
	}

	at := slices.IndexFunc(m.position.Taken, func(taken takenSignal) bool { return taken.ID == signal.ID })
	if at < 0 {
		return answer, false
	}

	return m.position.Taken[at].SignalTaken, true
}

// waitingFor returns the step that has waited longest for the signal.
func (m *machine) waitingFor(signal job.Signal) *waiting {
	for _, w := range m.waiting {
		if w.signal == nil && w.may(signal) {
			return w
		}
	}

	return nil
}

// checkSignal refuses a signal before it becomes a part of the history.
func (m *machine) checkSignal(signal job.Signal) error {
	if _, repeated := m.taken(signal); repeated {
		return nil
	}

	size := sizeOf(signal)
	_, full := m.keeping(size)

	switch {
	case size > job.MaxSignal:
		return refused(job.SignalTooLarge, "the signal has %d bytes, and %d is the most", size, job.MaxSignal)
	case m.waitingFor(signal) != nil:
		return nil
	case slices.ContainsFunc(m.waiting, func(w *waiting) bool { return w.signal == nil && w.Name == signal.Name }):
		return refused(job.SignalForbidden, "the job waits for the signal %s, but not from %s", signal.Name, signal.From)
	case len(m.position.Signals) >= job.MaxSignals, full != nil:
		return refused(job.SignalsTooMany, "the job keeps %d signals that no step has waited for yet, and takes no more",
			len(m.position.Signals))
	}

	return nil
}

// sizeOf is how many bytes the job keeps of a signal until a step waits for it.
func sizeOf(signal job.Signal) int {
	return len(signal.Name) + len(signal.ID) + jsonvalue.SizeOf(signal.Data.Any)
}

func refused(kind, format string, arguments ...any) error {
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf(format, arguments...), kind, nil)
}
