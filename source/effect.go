package source

import (
	"context"
	"time"
)

// Effect identifies what must happen once however often it is tried: what one step of a job does to a source. A source that
// has transactions commits the effect and a row of its ledger together, and an attempt that finds the row does nothing: an
// earlier one has done it, and only the answer was lost. The zero Effect is none, and leaves no row.
type Effect struct {
	Job  string // The jobId, for those who read the ledger.
	Run  string // The ID of the run of the job's workflow: unlike the jobId, it is never used again.
	Step string // The step's path, with the number of the round in each loop around it.
}

// Ledger is implemented by sources that keep one. Their WriteTable and Execute record the effect that they are given, and
// return what was recorded where another attempt has been first.
type Ledger interface {
	Source

	// Recorded returns what an earlier attempt has done, if there was one that did it.
	Recorded(ctx context.Context, effect Effect) (Written, bool, error)
}

// LedgerTable is the name of the table that is the ledger, and LedgerKeep how long a row stays in it: much longer than
// anybody waits before a step whose answer was lost is tried again.
const (
	LedgerTable = "jobwright_ledger"
	LedgerKeep  = 30 * 24 * time.Hour
)
