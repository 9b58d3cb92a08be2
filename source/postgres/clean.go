package postgres

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jobwright/jobwright/source"
)

const (
	// cleanEvery is how often an opened source cleans its ledger at most.
	cleanEvery = time.Hour

	// cleanedAtOnce is how many rows one transaction removes at most.
	cleanedAtOnce = 10_000
)

// cleaning removes what has been in the ledger for long enough, beside the writes. None of them fails because of it.
type cleaning struct {
	mu      sync.Mutex
	begun   time.Time
	cancel  context.CancelFunc
	running sync.WaitGroup
	closed  bool
	failed  string // Why the last one failed, if it did.
}

// start cleans, unless it was done within the last hour, and does not wait for the end of it.
func (c *cleaning) start(s *Source) {
	c.mu.Lock()
	defer c.mu.Unlock()

	if c.closed || (!c.begun.IsZero() && time.Since(c.begun) < cleanEvery) {
		return
	}

	c.begun = time.Now()

	// It belongs to no write: it goes on after the one that has begun it, and ends with the source.
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel

	c.running.Go(func() {
		defer cancel()

		c.end(s.clean(ctx))
	})
}

func (c *cleaning) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()

	c.failed = ""
	if err != nil && !c.closed {
		c.failed = err.Error()
	}
}

// problem tells why the ledger was not cleaned, or nothing.
func (c *cleaning) problem() string {
	c.mu.Lock()
	defer c.mu.Unlock()

	return c.failed
}

// close ends what is being cleaned, and lets nothing begin anymore.
func (c *cleaning) close() {
	c.mu.Lock()
	c.closed = true

	if c.cancel != nil {
		c.cancel()
	}
	c.mu.Unlock()

	c.running.Wait()
}

// clean removes old rows until there are none. One cleans at a time, whichever worker it is: two would wait for each other's
// rows. Who writes only adds rows, and waits for nobody here.
func (s *Source) clean(ctx context.Context) error {
	ledger := s.ledger.known()
	if ledger == "" {
		return nil
	}

	statement := fmt.Sprintf(`
		DELETE FROM %s WHERE ctid = ANY (ARRAY(
			SELECT ctid FROM %[1]s WHERE recorded_at < now() - interval '%d seconds' LIMIT %d
		)) AND recorded_at < now() - interval '%[2]d seconds'`, ledger, int64(source.LedgerKeep.Seconds()), cleanedAtOnce)

	for removed := int64(cleanedAtOnce); removed == cleanedAtOnce; {
		err := s.transaction(ctx, s.writing, beginWriting, func(session *session) error {
			rows, err := session.query(ctx, "SELECT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))",
				"jobwright cleans "+ledger)
			if err != nil || rows[0][0] != "t" {
				removed = 0

				return err
			}

			removed, err = session.change(ctx, strings.TrimSpace(statement))

			return err
		})
		if err != nil {
			return s.classify(ctx, failure{err: onLedger(repeatable(err))})
		}
	}

	return nil
}
