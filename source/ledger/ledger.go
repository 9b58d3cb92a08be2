// Package ledger implements the part of a ledger that does not depend on the database.
//
// A ledger is a table in which a source records the changes that steps of jobs have made to it. A record is committed in the
// same transaction as its change. An attempt of a step that finds a record under its [source.IdempotencyKey] changes
// nothing and returns what the record says, so that a step takes effect exactly once. Drivers execute the SQL and hold the
// transactions; this package reads the option, protects the table, encodes details and schedules the removal of old records.
package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jobwright/jobwright/source"
)

// DefaultTable is the name of the ledger's table if the source's definition does not name another one.
const DefaultTable = "jobwright_ledger"

// None is the value of the option ledger for a source without a ledger.
const None = "none"

// Retention is how long a record stays in the ledger. It is much longer than the time within which a step whose answer was
// lost is tried again.
const Retention = 30 * 24 * time.Hour

// ErrRecorded reports that another attempt of the same step has committed its record first.
var ErrRecorded = errors.New("another attempt of this step has recorded it already")

// Refusal returns the message for a step that would change the ledger's table of that name.
func Refusal(table string) string {
	return "the table " + table + " is the ledger, in which the source records completed steps; no step may change it"
}

// Ledger is the state that a source keeps of its ledger. Many goroutines may use it at once.
type Ledger struct {
	table source.Table

	mu        sync.Mutex
	nextClean time.Time
	cleanErr  error // The error of the last cleaning.
}

// New returns the ledger that the option of that value names: a table's name with or without its space, separated by a
// period; None; or, if it is empty, DefaultTable.
func New(option string) (*Ledger, error) {
	switch option {
	case "":
		return &Ledger{table: source.Table{Name: DefaultTable}}, nil
	case None:
		return &Ledger{}, nil
	}

	table := source.Table{Name: option}
	if space, name, found := strings.Cut(option, "."); found {
		if table = (source.Table{Space: space, Name: name}); space == "" {
			table.Name = ""
		}
	}

	if table.Name == "" || strings.ContainsAny(table.Name, ".\x00") || strings.ContainsRune(table.Space, 0) {
		return nil, fmt.Errorf("ledger is %q, which is neither the name of a table, such as ops.%s, nor %s",
			option, DefaultTable, None)
	}

	return &Ledger{table: table}, nil
}

// Table returns the ledger's table as the definition names it. The zero Table means that the source has no ledger.
func (l *Ledger) Table() source.Table { return l.table }

// Enabled reports whether the source has a ledger.
func (l *Ledger) Enabled() bool { return l.table.Name != "" }

// Records reports whether a change with that key is recorded: the source has a ledger, and key is not zero.
func (l *Ledger) Records(key source.IdempotencyKey) bool {
	return l.Enabled() && key != (source.IdempotencyKey{})
}

// Guard returns an error if table is the ledger, which only the driver itself may change. If one of the two has no space, their
// names alone decide; case makes no difference. The error lacks the source and the table.
func (l *Ledger) Guard(table source.Table) error {
	sameSpace := l.table.Space == "" || table.Space == "" || strings.EqualFold(l.table.Space, table.Space)
	if !l.Enabled() || !sameSpace || !strings.EqualFold(l.table.Name, table.Name) {
		return nil
	}

	return &source.Error{
		Code: source.CodeOperationUnsupported, Message: Refusal(table.Name), Hint: "use a table of another name",
	}
}

const (
	cleanInterval = time.Hour
	cleanTimeout  = 2 * time.Second
)

// Clean removes old records after a write, at most once an hour. remove removes one batch of records that are older than
// [Retention], and reports whether there may be more, which the next call then removes. It has two seconds.
//
// The error concerns the connection that remove used; it must not fail the write. [Ledger.Status] reports it.
func (l *Ledger) Clean(ctx context.Context, remove func(context.Context) (more bool, err error)) error {
	if !l.startClean(time.Now()) {
		return nil
	}

	limited, cancel := context.WithTimeout(ctx, cleanTimeout)
	defer cancel()

	more, err := remove(limited)

	l.mu.Lock()
	defer l.mu.Unlock()

	if ctx.Err() != nil || err == nil && more {
		l.nextClean = time.Time{}
	}

	if ctx.Err() == nil { // Otherwise the caller has stopped the cleaning.
		l.cleanErr = err
	}

	return err
}

// startClean reports whether a cleaning is due, to one caller only.
func (l *Ledger) startClean(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()

	if now.Before(l.nextClean) {
		return false
	}

	l.nextClean = now.Add(cleanInterval)

	return true
}

// Status returns what the last cleaning failed with, as an addition to a line about the source, or nothing.
func (l *Ledger) Status() string {
	l.mu.Lock()
	defer l.mu.Unlock()

	if l.cleanErr == nil {
		return ""
	}

	return ", old records of the ledger can't be removed: " + l.cleanErr.Error()
}

// details are what a record contains about a write besides the number of records.
type details struct {
	Input       string              `json:"input,omitempty"` // Of the idempotency key.
	Conversions []source.Conversion `json:"conversions,omitempty"`
	Read        []source.Part       `json:"read,omitempty"`
	Rejected    int64               `json:"rejected,omitempty"`
}

// EncodeDetails returns the JSON for the column details of the record of a write, or nil if there is none to store. The number of
// records and the rest of the key have columns of their own.
func EncodeDetails(key source.IdempotencyKey, written source.Written) ([]byte, error) {
	if key.Input == "" && len(written.Conversions) == 0 && len(written.Read) == 0 && written.Rejected == 0 {
		return nil, nil
	}

	return json.Marshal(details{
		Input: key.Input, Conversions: written.Conversions, Read: written.Read, Rejected: written.Rejected,
	})
}

// DecodeDetails stores the details that [EncodeDetails] has encoded in written. No text means no details. The error lacks the
// source if the change under the key was made with another input.
func DecodeDetails(text []byte, key source.IdempotencyKey, written *source.Written) error {
	var decoded details

	if len(text) > 0 {
		if err := json.Unmarshal(text, &decoded); err != nil {
			return fmt.Errorf("the details of the ledger's record: %w", err)
		}
	}

	if key.Input != decoded.Input {
		return &source.Error{
			Code:    source.CodeAlreadyChanged,
			Message: fmt.Sprintf("the job %s, or a retry of it, has made the change of this step with other parameters", key.Job),
			Hint:    "retry that job with its own parameters to keep the change, or from an earlier step to make it again",
		}
	}

	written.Conversions, written.Read, written.Rejected = decoded.Conversions, decoded.Read, decoded.Rejected

	return nil
}
