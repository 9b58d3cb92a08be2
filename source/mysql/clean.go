package mysql

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jobwright/jobwright/source"
)

const (
	cleaningPause   = time.Hour
	cleaningTimeout = 2 * time.Second
	cleaningRound   = 100 // How many rows are removed at once.
)

// cleaning is what is known of removing old rows from the ledger.
type cleaning struct {
	due     atomic.Int64           // When it is time again, in nanoseconds.
	trouble atomic.Pointer[string] // What went wrong last: nobody waits for it, so it is kept for those who ask.
}

// take reports whether it is time, to one of those who ask.
func (c *cleaning) take() bool {
	due, now := c.due.Load(), time.Now()

	return now.UnixNano() >= due && c.due.CompareAndSwap(due, now.Add(cleaningPause).UnixNano())
}

// note is what to add to a line about the source.
func (c *cleaning) note() string {
	if trouble := c.trouble.Load(); trouble != nil {
		return ", old rows of the ledger can't be removed: " + *trouble
	}

	return ""
}

// clean removes the oldest rows of the ledger when it is time. An error is one of the connection.
func (e *entry) clean(ctx context.Context) error {
	cleaning := &e.session.source.ledger.cleaning
	if !cleaning.take() {
		return nil
	}

	ctx, cancel := context.WithTimeout(ctx, cleaningTimeout)
	defer cancel()

	removed, err := e.removeOld(ctx)
	if err != nil {
		text := err.Error()
		cleaning.trouble.Store(&text)

		return err
	}

	cleaning.trouble.Store(nil)

	if removed == cleaningRound { // There may be more, which the next effect removes.
		cleaning.due.Store(0)
	}

	return nil
}

// removeOld removes a round of old rows, in one transaction. Each is removed by its key, which locks nothing else: a DELETE
// of all that are older would also lock the place where others add theirs.
func (e *entry) removeOld(ctx context.Context) (removed int, err error) {
	err = e.session.transaction(ctx, func() error {
		old, err := e.old(ctx)
		if err != nil {
			return err
		}

		for _, key := range old {
			if _, err := e.session.change(ctx, "DELETE FROM "+quoteTable(e.table)+" WHERE `run` = ? AND `step` = ?",
				key.Run, key.Step); err != nil {
				return err
			}
		}

		removed = len(old)

		return nil
	})

	return removed, err
}

// old returns the keys of the oldest rows, in an order that is the same for all who remove some.
func (e *entry) old(ctx context.Context) ([]source.IdempotencyKey, error) {
	rows, err := e.session.conn.QueryContext(ctx, "SELECT `run`, `step` FROM "+quoteTable(e.table)+
		" WHERE `recorded_at` < UTC_TIMESTAMP(6) - INTERVAL "+strconv.FormatInt(int64(source.LedgerKeep/time.Second), 10)+
		" SECOND ORDER BY `recorded_at`, `run`, `step` LIMIT "+strconv.Itoa(cleaningRound))
	if err != nil {
		return nil, err
	}
	defer rows.Close()

	var old []source.IdempotencyKey

	for rows.Next() {
		var key source.IdempotencyKey
		if err := rows.Scan(&key.Run, &key.Step); err != nil {
			return nil, err
		}

		old = append(old, key)
	}

	return old, rows.Err()
}
