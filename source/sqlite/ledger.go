package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/ledger"
)

// ledgerTable is the ledger's table in SQL. Without the schema's name, it could be a temporary table that a script has created.
const ledgerTable = "main." + ledger.DefaultTable

// ledgerDefinition creates the ledger's table. Its rowids increase, so the oldest records are found without an index.
const ledgerDefinition = "CREATE TABLE IF NOT EXISTS " + ledgerTable + ` (
	job TEXT NOT NULL, run TEXT NOT NULL, step TEXT NOT NULL, "rows" INTEGER NOT NULL, details TEXT,
	recorded_at TIMESTAMP NOT NULL, PRIMARY KEY (run, step))`

// RecordsWrites reports whether the source records its changes: always.
func (s *Source) RecordsWrites() bool { return true }

// Recorded returns the result of an earlier attempt with the same key, if it is recorded.
func (s *Source) Recorded(ctx context.Context, key source.IdempotencyKey) (written source.Written, found bool, err error) {
	err = s.read(ctx, source.Table{}, func(c *connection) error {
		table, err := c.table(ledger.DefaultTable)
		if err == nil && table.exists {
			written, found, err = c.lookUp(key)
		}

		return err
	})

	return written, found, err
}

// once runs change and records it under key, unless a record exists. The surrounding transaction holds the write lock, so no
// other attempt can add the record meanwhile.
func (c *connection) once(key source.IdempotencyKey, change func() (source.Written, error)) (source.Written, error) {
	if key == (source.IdempotencyKey{}) {
		return change()
	}

	if err := c.execute(ledgerDefinition); err != nil {
		return source.Written{}, onLedger(err)
	}

	written, found, err := c.lookUp(key)
	if err != nil || found {
		return written, err
	}

	if written, err = change(); err != nil {
		return source.Written{}, err
	}

	return written, c.record(key, written)
}

// lookUp returns the record under key.
func (c *connection) lookUp(key source.IdempotencyKey) (written source.Written, found bool, err error) {
	err = c.each(`SELECT "rows", coalesce(details, '') FROM `+ledgerTable+" WHERE run = ? AND step = ?",
		[]any{key.Run, key.Step}, func(row *statement) error {
			written.Rows, found = row.integer(0), true

			return ledger.DecodeDetails([]byte(row.text(1)), key, &written)
		})

	return written, found, onLedger(err)
}

// record adds a record to the ledger.
func (c *connection) record(key source.IdempotencyKey, written source.Written) error {
	text, err := ledger.EncodeDetails(key, written)
	if err != nil {
		return err
	}

	var details any
	if text != nil {
		details = string(text)
	}

	return onLedger(c.execute("INSERT INTO "+ledgerTable+` (job, run, step, "rows", details, recorded_at)
		VALUES (?, ?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))`,
		key.Job, key.Run, key.Step, written.Rows, details))
}

// DeleteRecords deletes the records of the runs.
func (s *Source) DeleteRecords(ctx context.Context, runs []string) (deleted int64, _ error) {
	c, err := s.writer.get(ctx, 0)
	if err != nil {
		return 0, s.classify(ctx, source.Table{}, err)
	}
	defer s.writer.put(c)

	err = c.transaction(ctx, func() error {
		found, err := c.table(ledger.DefaultTable)
		if err != nil || !found.exists {
			return err
		}

		before := c.changes()

		for _, run := range runs {
			if err := c.execute("DELETE FROM "+ledgerTable+" WHERE run = ?", run); err != nil {
				return onLedger(err)
			}
		}

		deleted = c.changes() - before

		return nil
	})
	if err != nil {
		return 0, s.classify(ctx, source.Table{}, err)
	}

	return deleted, nil
}

// onLedger prefixes an error with the name of the ledger, which the author of a scenario may not know.
func onLedger(err error) error { return place(err, "the ledger "+ledger.DefaultTable) }

// cleanBatch is the number of the oldest records whose age is checked at once.
const cleanBatch = 1000

// removeOldRecords removes a batch of old records, and reports whether there may be more.
func (c *connection) removeOldRecords(ctx context.Context) (more bool, err error) {
	err = c.transaction(ctx, func() error {
		before := c.changes()
		err := c.execute("DELETE FROM "+ledgerTable+`
			WHERE rowid IN (SELECT rowid FROM `+ledgerTable+` ORDER BY rowid LIMIT ?)
			AND recorded_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?)`,
			int64(cleanBatch), fmt.Sprintf("-%d seconds", int64(ledger.Retention/time.Second)))
		more = c.changes()-before == cleanBatch

		return err
	})

	return more, err
}
