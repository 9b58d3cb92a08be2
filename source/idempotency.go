package source

import (
	"bytes"
	"context"
	"encoding/json"
	"time"
)

// IdempotencyKey identifies what must happen once however often it is tried: what one step of a job does to a source. A source that
// has transactions commits the effect and a row of its ledger together, and an attempt that finds the row does nothing: an
// earlier one has done it, and only the answer was lost. The zero IdempotencyKey is none, and leaves no row.
type IdempotencyKey struct {
	Job  string // The jobId, for those who read the ledger.
	Run  string // The ID of the run of the job's workflow: unlike the jobId, it is never used again.
	Step string // The step's path, with the number of the round in each loop around it.

	// Read are the files that the step reads, where it is to drop them: all of them once it has read the last record. The
	// row keeps them, since by the time of another attempt there may be other files in their places.
	Read *[]Part
}

// note is what a row keeps of an effect beside the number of records. Where there are conversions alone, it is their list, which
// older workers know too.
type note struct {
	Conversions []Conversion `json:"conversions,omitempty"`
	Read        []Part       `json:"read"`
}

// Note returns, as JSON, what a ledger has to keep of the effect beside how many records were written, or nil for nothing.
func (e IdempotencyKey) Note(written Written) ([]byte, error) {
	switch {
	case e.Read != nil && len(*e.Read) > 0:
		return json.Marshal(note{Conversions: written.Conversions, Read: *e.Read})
	case len(written.Conversions) > 0:
		return json.Marshal(written.Conversions)
	}

	return nil, nil
}

// Recall adds to written what a ledger has kept as a [IdempotencyKey.Note].
func (w *Written) Recall(text []byte) error {
	if bytes.HasPrefix(text, []byte("[")) {
		return json.Unmarshal(text, &w.Conversions)
	}

	var kept note

	err := json.Unmarshal(text, &kept)
	w.Conversions, w.Read = kept.Conversions, kept.Read

	return err
}

// Ledger is implemented by sources that keep one. Their WriteTable and Execute record the effect that they are given, and
// return what was recorded where another attempt has been first.
type Ledger interface {
	Source

	// Recorded returns what an earlier attempt has done, if there was one that did it.
	Recorded(ctx context.Context, key IdempotencyKey) (Written, bool, error)
}

// LedgerTable is the name of the table that is the ledger, and LedgerKeep how long a row stays in it: much longer than
// anybody waits before a step whose answer was lost is tried again.
const (
	LedgerTable = "jobwright_ledger"
	LedgerKeep  = 30 * 24 * time.Hour
)
