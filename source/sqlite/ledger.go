package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/jobwright/jobwright/source"
)

// ledgerTable is the ledger in SQL. Named without its database, it could be a temporary table that a script left behind.
const ledgerTable = "main." + source.LedgerTable

// ledgerDefinition makes the ledger where it is missing. It keeps the numbers that SQLite gives its rows: they grow, so the
// oldest rows are found without an index.
const ledgerDefinition = "CREATE TABLE IF NOT EXISTS " + ledgerTable + ` (
	job TEXT NOT NULL, run TEXT NOT NULL, step TEXT NOT NULL, "rows" INTEGER NOT NULL, conversions TEXT,
	recorded_at TIMESTAMP NOT NULL, PRIMARY KEY (run, step))`

const (
	cleaningPause   = time.Hour
	cleaningTimeout = time.Second
	cleaningRound   = 1000 // How many of the oldest rows are looked at.
)

// cleaning is what is known of removing old rows from the ledger. But for trouble, it belongs to who has the connection
// that writes.
type cleaning struct {
	due     time.Time
	trouble trouble
}

// Recorded returns what an earlier attempt has done as that effect, if there was one that did it.
func (s *Source) Recorded(ctx context.Context, effect source.IdempotencyKey) (source.Written, bool, error) {
	c, err := s.readers.get(ctx, busyTimeout)
	if err != nil {
		return source.Written{}, false, s.classify(ctx, source.Table{}, err)
	}
	defer s.readers.put(c)
	defer c.watch(ctx)()

	ledger, err := c.table(source.LedgerTable)
	if err != nil || !ledger.exists {
		return source.Written{}, false, s.classify(ctx, source.Table{}, err)
	}

	written, found, err := c.recorded(effect)

	return written, found, s.classify(ctx, source.Table{}, err)
}

// once does what an effect is, and records it, unless it is recorded already. The transaction around it holds the lock of
// all who write, so that nobody else records the effect meanwhile.
func (c *connection) once(effect source.IdempotencyKey, do func() (source.Written, error)) (source.Written, error) {
	if effect == (source.IdempotencyKey{}) {
		return do()
	}

	if err := c.execute(ledgerDefinition); err != nil {
		return source.Written{}, inLedger(err)
	}

	written, found, err := c.recorded(effect)
	if err != nil || found {
		return written, err
	}

	if written, err = do(); err != nil {
		return source.Written{}, err
	}

	return written, c.record(effect, written)
}

func (c *connection) recorded(effect source.IdempotencyKey) (written source.Written, found bool, err error) {
	err = c.each(`SELECT "rows", coalesce(conversions, '{}') FROM `+ledgerTable+" WHERE run = ? AND step = ?",
		[]any{effect.Run, effect.Step}, func(row *statement) error {
			written.Rows, found = row.integer(0), true

			return written.Recall([]byte(row.text(1)))
		})

	return written, found, inLedger(err)
}

// record adds a row to the ledger.
func (c *connection) record(effect source.IdempotencyKey, written source.Written) error {
	text, err := effect.Note(written)
	if err != nil {
		return err
	}

	var note any
	if text != nil {
		note = string(text)
	}

	return inLedger(c.execute("INSERT INTO "+ledgerTable+` (job, run, step, "rows", conversions, recorded_at)
		VALUES (?, ?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))`,
		effect.Job, effect.Run, effect.Step, written.Rows, note))
}

// inLedger says of an error that it is about the ledger, of which a scenario's author knows nothing.
func inLedger(err error) error { return place(err, "the ledger "+source.LedgerTable) }

// cleanLedger removes the oldest rows of the ledger when it is time. What goes wrong does no harm to the write before it.
func (s *Source) cleanLedger(ctx context.Context, c *connection) {
	now := time.Now()
	if now.Before(s.cleaning.due) {
		return
	}

	s.cleaning.due = now.Add(cleaningPause)

	ctx, cancel := context.WithTimeout(ctx, cleaningTimeout)
	defer cancel()

	var removed int64

	err := c.transaction(ctx, func() error {
		before := c.changes()
		err := c.execute("DELETE FROM "+ledgerTable+`
			WHERE rowid IN (SELECT rowid FROM `+ledgerTable+` ORDER BY rowid LIMIT ?)
			AND recorded_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?)`,
			int64(cleaningRound), fmt.Sprintf("-%d seconds", int64(source.LedgerKeep/time.Second)))
		removed = c.changes() - before

		return err
	})

	s.cleaning.trouble.set(err)

	if err == nil && removed == cleaningRound { // There may be more, which the next write removes.
		s.cleaning.due = now
	}
}

// refusedLedger is why nobody else writes to the ledger.
const refusedLedger = "the table " + source.LedgerTable + " is the ledger of what was done, which no step may change"

// noLedger is the error for a write to the ledger.
func (s *Source) noLedger(table source.Table) error {
	if !sameName(table.Name, source.LedgerTable) {
		return nil
	}

	return &source.Error{
		Code: source.CodeOperationUnsupported, Source: s.name, Table: table.String(), Message: refusedLedger,
		Hint: "give the table another name",
	}
}
