package workflows

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
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
	awaited, permitted := m.receivers(signal)

	switch {
	case size > job.MaxSignal:
		return rejected(job.SignalTooLarge, "the signal has %d bytes, and %d is the most", size, job.MaxSignal)
	case m.longestWait(signal) != nil:
		return nil
	case !awaited:
		return rejected(job.SignalUnknown, "no step of the job waits for the signal %s", signal.Name)
	case !permitted:
		return rejected(job.SignalForbidden, "no step of the job accepts the signal %s from %s", signal.Name, signal.From)
	case slices.ContainsFunc(m.signalWaits, func(w *signalWait) bool { return w.signal == nil && w.Name == signal.Name }):
		return rejected(job.SignalForbidden, "the job waits for the signal %s, but not from %s", signal.Name, signal.From)
	case m.storedFrom(signal.From) >= job.MaxSignals, full != nil:
		return rejected(job.SignalsTooMany,
			"the job stores %d signals from %s that no step has waited for yet, and accepts no more",
			m.storedFrom(signal.From), signal.From)
	}

	return nil
}

// receivers reports whether any step of the job waits for signals of that name, and whether such a step accepts them from that
// sender. It reads the steps as the scenarios define them, whether or not they have begun: a signal that no step can receive is
// not stored, where it would take the place of others.
func (m *machine) receivers(signal job.Signal) (awaited, permitted bool) {
	for step := range m.input.Program.OwnSteps() {
		if step.OpName == scenario.OpWaitForSignal && canBe(step.OpParams["name"], signal.Name) {
			awaited = true
			permitted = permitted || canContain(step.OpParams["from"], signal.From)
		}
	}

	return awaited, permitted
}

// canContain reports whether the parameter from can contain the sender. A missing one contains every sender.
func canContain(from any, sender string) bool {
	senders, isList := from.([]any)

	return !isList || len(senders) == 0 || sender == job.AnyAccess ||
		slices.ContainsFunc(senders, func(defined any) bool { return canBe(defined, sender) })
}

// canBe reports whether a parameter, as the scenario defines it, can have the value. An expression can have any value.
func canBe(defined any, value string) bool {
	text, _ := defined.(string)
	template, err := expression.ParseTemplate(text)

	return err != nil || !template.IsPlain() || template[0].Text == value
}

// storedFrom returns the number of stored signals of a sender. Each sender has a limit of its own, so that none can use up that
// of another where a name or a sender is an expression.
func (m *machine) storedFrom(sender string) (count int) {
	for _, stored := range m.checkpoint.Signals {
		if stored.From == sender {
			count++
		}
	}

	return count
}

// sizeOfSignal returns the size of a stored signal, in bytes.
func sizeOfSignal(signal job.Signal) int {
	return len(signal.Name) + len(signal.ID) + jsonvalue.SizeOf(signal.Data.Any)
}

// rejected returns the error with which a handler rejects an update; kind is its type.
func rejected(kind, format string, arguments ...any) error {
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf(format, arguments...), kind, nil)
}
