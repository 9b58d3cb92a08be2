package workflows

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// signalWait is a step that waits for a signal.
type signalWait struct {
	job.AwaitedSignal

	signal *job.Signal // The signal that the step has received; nil before.
}

// matches reports whether the step waits for the signal.
func (w *signalWait) matches(signal job.Signal) bool {
	return w.Name == signal.Name &&
		(len(w.From) == 0 || signal.From == job.AnyAccess || slices.Contains(w.From, signal.From))
}

// acceptSignals sets the handler of signals.
func (m *machine) acceptSignals(ctx workflow.Context) error {
	handle := func(ctx workflow.Context, signal job.Signal) (job.SignalAccepted, error) {
		// Updates lengthen a history too, even if no step begins between them.
		m.continuing = m.continuing || (m.begun && m.mustContinueAsNew(ctx))

		if answer, repeated := m.acceptedBefore(signal); repeated {
			return answer, nil
		}

		return m.acceptSignal(signal), nil
	}

	return workflow.SetUpdateHandlerWithOptions(ctx, job.SignalUpdate, handle, workflow.UpdateHandlerOptions{
		Validator:   m.validateSignal,
		Description: "Sends the job a signal that it waits for.",
	})
}

// acceptSignal passes the signal to the step that has waited longest for it, or stores it for a later step.
func (m *machine) acceptSignal(signal job.Signal) job.SignalAccepted {
	var answer job.SignalAccepted

	if wait := m.longestWait(signal); wait != nil {
		wait.signal = &signal
		answer.Awaited = true
	} else {
		m.stored += sizeOfSignal(signal)
		m.checkpoint.Signals = append(m.checkpoint.Signals, signal)
	}

	if signal.ID != "" {
		m.stored += len(signal.ID)
		m.checkpoint.Accepted = append(m.checkpoint.Accepted, acceptedSignal{signal.ID, answer})
		m.checkpoint.Accepted = m.checkpoint.Accepted[max(0, len(m.checkpoint.Accepted)-job.MaxAcceptedSignals):]
	}

	return answer
}

// acceptedBefore returns the earlier answer to a signal with the same ID.
func (m *machine) acceptedBefore(signal job.Signal) (answer job.SignalAccepted, repeated bool) {
	if signal.ID == "" {
		return answer, false
	}

	at := slices.IndexFunc(m.checkpoint.Accepted, func(accepted acceptedSignal) bool { return accepted.ID == signal.ID })
	if at < 0 {
		return answer, false
	}

	return m.checkpoint.Accepted[at].SignalAccepted, true
}

// longestWait returns the step that has waited longest for the signal, or nil.
func (m *machine) longestWait(signal job.Signal) *signalWait {
	for _, wait := range m.signalWaits {
		if wait.signal == nil && wait.matches(signal) {
			return wait
		}
	}

	return nil
}

// validateSignal rejects a signal before it becomes part of the history.
func (m *machine) validateSignal(signal job.Signal) error {
	if _, repeated := m.acceptedBefore(signal); repeated {
		return nil
	}

	size := sizeOfSignal(signal)
	_, full := m.storedWith(size)

	switch {
	case size > job.MaxSignal:
		return rejected(job.SignalTooLarge, "the signal has %d bytes, and %d is the most", size, job.MaxSignal)
	case m.longestWait(signal) != nil:
		return nil
	case slices.ContainsFunc(m.signalWaits, func(w *signalWait) bool { return w.signal == nil && w.Name == signal.Name }):
		return rejected(job.SignalForbidden, "the job waits for the signal %s, but not from %s", signal.Name, signal.From)
	case len(m.checkpoint.Signals) >= job.MaxSignals, full != nil:
		return rejected(job.SignalsTooMany, "the job stores %d signals that no step has waited for yet, and accepts no more",
			len(m.checkpoint.Signals))
	}

	return nil
}

// sizeOfSignal returns the size of a stored signal, in bytes.
func sizeOfSignal(signal job.Signal) int {
	return len(signal.Name) + len(signal.ID) + jsonvalue.SizeOf(signal.Data.Any)
}

// rejected returns the error with which a handler rejects an update; kind is its type.
func rejected(kind, format string, arguments ...any) error {
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf(format, arguments...), kind, nil)
}
