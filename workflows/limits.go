package workflows

import (
	"encoding/json"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Limit of Temporal's, in bytes: it rejects a payload of 2 MiB, and retries a workflow task whose response it rejects for
// ever. At which places a job waits for the next workflow task is part of its history: running jobs
// depend on this number.
const maxPayload = 1_900_000 // The input of an activity, a child or the next run, and the outcome of a job.

// encodeArguments returns the JSON of a command's arguments. The error is a failure if Temporal would reject them.
func encodeArguments(arguments any) ([]byte, error) {
	encoded, err := json.Marshal(arguments)
	if err != nil {
		return nil, failedWith(job.CodeParameterInvalid, "the parameters can't be written as JSON: %v", err)
	}

	if size := len(encoded); size > maxPayload {
		return nil, failedWith(job.CodeLimitExceeded,
			"the parameters have %d bytes once their expressions are evaluated, and %d is the most; keep large data in a source",
			size, maxPayload)
	}

	return encoded, nil
}

// maxValue bounds a value in the checkpoint, in bytes.
const maxValue = 64 << 10

// checkSize returns an error if a value is too large for the checkpoint.
func checkSize(name string, value any) error {
	if size := jsonvalue.SizeOf(value); size > maxValue {
		return failedWith(job.CodeLimitExceeded,
			"%s has %d bytes, and a job keeps values of at most %d; put large data into a table", name, size, maxValue)
	}

	return nil
}

// maxRecords is the size of a checkpoint beside the values, records and results that a job stores, in bytes: the records of
// its steps, and errors.
const maxRecords = 300_000

// reserve verifies that the checkpoint has capacity for size more bytes, and counts them as stored.
func (m *machine) reserve(size int) error {
	stored, err := m.storedWith(size)
	if err == nil {
		m.stored = stored
	}

	return err
}

// storedWith returns the stored size with size more bytes, or an error if it exceeds the capacity. The counter only grows;
// when it reaches the capacity, the checkpoint is measured, which takes longer.
func (m *machine) storedWith(size int) (int, error) {
	if stored := m.stored + size; stored <= m.capacity {
		return stored, nil
	}

	encoded, err := json.Marshal(m.checkpoint)
	if err == nil {
		err = m.measureCapacity()
	}

	if err != nil {
		return 0, failedWith(job.CodeInternal, "%v", err)
	}

	stored := len(encoded) + size
	if stored > m.capacity {
		return 0, failedWith(job.CodeLimitExceeded,
			"the job would store %d bytes of values, records and results, and %d is the most beside its program; "+
				"keep large data in sources, not in variables", stored, m.capacity)
	}

	return stored, nil
}

// measureCapacity measures the program, once, and sets the capacity of the checkpoint beside it. Many jobs store nothing.
func (m *machine) measureCapacity() error {
	if m.capacity > 0 {
		return nil
	}

	program, err := json.Marshal(m.input)
	m.capacity = maxPayload - len(program) - maxRecords

	return err
}
