package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"
)

// Bounds of a workflow task. Temporal rejects a message of 4 MB, and retries a workflow task whose response it rejects for ever.
// While local activities run, the job answers no query and receives no stop, and a crash repeats them. At which places a job
// waits for the next workflow task is part of its history: running jobs depend on these numbers.
const (
	maxCommands   = 1_000_000   // Bytes of the commands together, before another is added.
	maxTaskLength = time.Second // After that, no further local activity begins.
)

// task is the workflow task that executes the job now.
type task struct {
	history int       // The length of the history when it began: a history grows only between two tasks.
	began   time.Time // When it began, or when the job first asked.
	size    int       // Bytes of its commands so far, and of those that local activities will add.
	end     workflow.Future

	// Whether it has read what it might not read again if a crash repeats it: the time, or data by a local activity.
	volatile bool
}

// observe notices that another workflow task has begun.
func (t *task) observe(ctx workflow.Context) {
	if length := workflow.GetInfo(ctx).GetCurrentHistoryLength(); length != t.history || t.began.IsZero() {
		t.history, t.began, t.size, t.volatile = length, workflow.Now(ctx), 0, false
	}
}

// reserveCommand adds the size of a command to those of this workflow task. If they are too large already, it waits for the
// next one.
func (m *machine) reserveCommand(ctx workflow.Context, size int) error {
	for m.task.observe(ctx); m.task.size > 0 && m.task.size+size > maxCommands; {
		length := m.task.history

		if err := m.nextTask(ctx); err != nil {
			return err
		}

		if m.task.history == length {
			break // The test environment has no workflow tasks and accepts messages of any size.
		}
	}

	m.task.size += size

	return nil
}

// endLongTask waits for the next workflow task if this one has run local activities for long.
func (m *machine) endLongTask(ctx workflow.Context) error {
	m.task.observe(ctx)

	if workflow.Now(ctx).Sub(m.task.began) < maxTaskLength {
		return nil
	}

	return m.nextTask(ctx)
}

// stabilize waits for the next workflow task if this one has read what it might not read again. Then a local activity may have an
// effect: whatever the job has read before is in its history, and a crash can't change it.
func (m *machine) stabilize(ctx workflow.Context) error {
	m.task.observe(ctx)

	if !m.task.volatile {
		return nil
	}

	return m.nextTask(ctx)
}

// nextTask waits for the next workflow task, which begins after all local activities of this one have ended. Concurrent steps
// share a timer.
func (m *machine) nextTask(ctx workflow.Context) error {
	m.beforeBlocking(ctx)

	if m.task.end == nil {
		detached, _ := workflow.NewDisconnectedContext(ctx)
		m.task.end = workflow.NewTimer(detached, time.Nanosecond)
	}

	end := m.task.end
	err := end.Get(ctx, nil)

	if m.task.end == end {
		m.task.end = nil
	}

	m.task.observe(ctx)
	m.task.began, m.task.volatile = workflow.Now(ctx), false

	if err == nil {
		err = ctx.Err()
	}

	return err
}
