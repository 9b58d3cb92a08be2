package source

import (
	"context"
	"errors"
)

// IdempotencyKey identifies a change that a step of a job makes to a source, so that the change takes effect once although the
// step may be attempted several times. Every attempt uses the same key. A transactional source commits the change together
// with a record in its [Ledger]; an attempt that finds the record changes nothing. The zero IdempotencyKey means that no record
// is kept.
type IdempotencyKey struct {
	Job  string // The jobId, for people who read the ledger.
	Run  string // The ID of the run of the job's workflow. Unlike the jobId, it is never reused.
	Step string // The path of the step, with the iteration of each loop around it.

	// Input is a digest of the step's parameters, if an earlier attempt had other ones; otherwise it is empty. It is not part of
	// the identity: if the change is recorded with another input, the error is [CodeAlreadyChanged].
	Input string
}

// Ledger is a source that records changes under their idempotency keys. If WriteTable or Execute finds a record under the key
// that it receives, it changes nothing, reads no rows and returns what the record says.
type Ledger interface {
	Source

	// RecordsWrites reports whether the source records every WriteTable: whether an operator has not turned its ledger off.
	RecordsWrites() bool

	// Recorded returns what an earlier attempt with that key has done, and whether there is a record of it.
	Recorded(ctx context.Context, key IdempotencyKey) (Written, bool, error)

	// DeleteRecords deletes all records of the runs with these IDs, and returns their number. A run without records, and a source
	// without a ledger, are no errors. Without its record, a change can be made again by a repeated attempt, so the caller makes
	// sure that there will be none.
	DeleteRecords(ctx context.Context, runs []string) (deleted int64, err error)
}

// ErrUnrecorded is the error of Execute for a script that changed nothing, because the source can't record it in its transaction
// and [Script.OnlyRecorded] is set.
var ErrUnrecorded = errors.New("the source can't record the script in its transaction")

// Script is a script that a source is to run, in a language of its own.
type Script struct {
	Text string
	Bind map[string]any // The values for the :name parameters of its statements, as in [Querier].

	IdempotencyKey IdempotencyKey // The key under which a [Ledger] records the script.
	OnlyRecorded   bool           // Whether not to run the script if the source can't record it: Execute returns ErrUnrecorded.

	// Progress, if it is not nil, is called after each statement with the number of records changed so far.
	Progress func(changed int64)
}

// Report calls Progress, if it is not nil.
func (s Script) Report(changed int64) {
	if s.Progress != nil {
		s.Progress(changed)
	}
}
