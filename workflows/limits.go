package workflows

import (
	"encoding/json"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// What Temporal takes at once, in bytes: it refuses a payload of 2 MiB and a message of 4 MB, and a workflow task whose
// answer it refuses is tried again for ever. Where a job waits for the next workflow task is part of its history: running
// jobs depend on these numbers.
const (
	maxPayload = 1_900_000 // What an activity, a child, the next run or whoever asks how the job ended is given.
	maxSent    = 1_000_000 // What the commands of a workflow task hold together, before another is added.
)

// send makes sure that Temporal takes a command with those arguments, and waits for the next workflow task where this one
// holds too many already.
func (m *machine) send(ctx workflow.Context, arguments any) error {
	encoded, err := json.Marshal(arguments)
	if err != nil {
		return failedWith(job.CodeParameterInvalid, "the parameters can't be written as JSON: %v", err)
	}

	size := len(encoded)
	if size > maxPayload {
		return failedWith(job.CodeLimitExceeded,
			"the parameters have %d bytes once their expressions are evaluated, and %d is the most; keep large data in a source",
			size, maxPayload)
	}

	for {
		// A history grows between two workflow tasks, and only there.
		length := workflow.GetInfo(ctx).GetCurrentHistoryLength()
		if length != m.task {
			m.task, m.sent = length, 0
		}

		if m.sent == 0 || m.sent+size <= maxSent {
			break
		}

		m.rest(ctx)

		if err := workflow.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}

		if workflow.GetInfo(ctx).GetCurrentHistoryLength() == length {
			break // There are no workflow tasks: it is a test, whose messages nobody refuses.
		}
	}

	m.sent += size

	return nil
}

// maxValue bounds a value that a job keeps, in bytes: it is part of the job's position.
const maxValue = 64 << 10

// checkSize refuses a value that is too large for the job to keep.
func checkSize(name string, value any) error {
	if size := jsonvalue.SizeOf(value); size > maxValue {
		return failedWith(job.CodeLimitExceeded,
			"%s has %d bytes, and a job keeps values of at most %d; put large data into a table", name, size, maxValue)
	}

	return nil
}

// others is what a position holds beside the values, the records and the results that a job keeps, in bytes: how each step
// went, and errors.
const others = 300_000

// keep makes sure that the next run could be given what the job keeps with so many bytes more.
func (m *machine) keep(size int) error {
	kept, err := m.keeping(size)
	if err == nil {
		m.kept = kept
	}

	return err
}

// keeping is how many bytes the job would keep with so many more, or why it can't. What is counted only grows; what has been
// let go since is found by looking, which takes longer.
func (m *machine) keeping(size int) (int, error) {
	if kept := m.kept + size; kept <= m.room {
		return kept, nil
	}

	encoded, err := json.Marshal(m.position)
	if err != nil {
		return 0, failedWith(job.CodeInternal, "%v", err)
	}

	kept := len(encoded) + size
	if kept > m.room {
		return 0, failedWith(job.CodeLimitExceeded,
			"the job would keep %d bytes of values, records and results, and %d is the most beside its program; "+
				"keep large data in sources, not in variables", kept, m.room)
	}

	return kept, nil
}
