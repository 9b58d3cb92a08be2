package temporalserver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
)

// A commit appends pages to the write-ahead log of its file; a checkpoint copies them to the file. By default, SQLite makes a
// checkpoint within a commit, after each 1,000 pages, and all other requests to Temporal wait for its only connection meanwhile.
// A checkpointer makes them on connections of its own, while commits continue.
const (
	// checkpointInterval is also the time after which a commit survives a power cut: a checkpoint waits for the disk.
	checkpointInterval = time.Second

	// maxLogPages is the length of a log from which commits wait for the end of a checkpoint, so that the log starts again at its
	// beginning. Without it, a log would grow as long as commits follow each other without a pause. 32 MiB.
	maxLogPages = 8192

	// autoCheckpointPages is the length from which commits make checkpoints themselves, if those of the checkpointer fail or are
	// too slow. 256 MiB.
	autoCheckpointPages = 65_536
)

// checkpointer makes the checkpoints of database files while Temporal uses them.
type checkpointer struct {
	databases []*sql.DB
	logger    log.Logger
	end       context.CancelFunc
	running   sync.WaitGroup
}

// openCheckpointer returns a checkpointer of files that exist. Their order is that of the checkpoints.
func openCheckpointer(logger log.Logger, paths ...string) (*checkpointer, error) {
	c := &checkpointer{logger: logger, end: func() {}}

	for _, path := range paths {
		database, err := sql.Open(driver, "file:"+path+"?mode=rw&_pragma=busy_timeout=10000")
		if err != nil {
			return nil, errors.Join(err, c.close())
		}

		c.databases = append(c.databases, database)
	}

	return c, nil
}

// start makes a checkpoint of each file every second, until stop.
func (c *checkpointer) start() {
	ctx, end := context.WithCancel(context.Background())
	c.end = end

	c.running.Go(func() {
		ticks := time.NewTicker(checkpointInterval)
		defer ticks.Stop()

		for {
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
			}

			for _, database := range c.databases {
				if err := shortenLog(ctx, database); err != nil && ctx.Err() == nil {
					c.logger.Warn("a checkpoint failed; the next one copies its pages, too", tag.Error(err))
				}
			}
		}
	})
}

// stop ends the checkpoints, after a last one that empties the logs.
func (c *checkpointer) stop() error {
	c.end()
	c.running.Wait()

	var errs []error

	for _, database := range c.databases {
		_, err := checkpoint(context.Background(), database, "TRUNCATE")
		errs = append(errs, err)
	}

	return errors.Join(append(errs, c.close())...)
}

func (c *checkpointer) close() error {
	var errs []error
	for _, database := range c.databases {
		errs = append(errs, database.Close())
	}

	return errors.Join(errs...)
}

// shortenLog copies the log of a database to its file. Commits continue meanwhile, except at the end of a long log.
func shortenLog(ctx context.Context, database *sql.DB) error {
	pages, err := checkpoint(ctx, database, "PASSIVE")
	if err != nil || pages < maxLogPages {
		return err
	}

	// Commits wait while it copies what they appended since the first checkpoint, which is little.
	_, err = checkpoint(ctx, database, "RESTART")

	return err
}

// checkpoint makes a checkpoint in a mode of SQLite and returns the length of the log in pages. Modes other than PASSIVE do so
// only as far as possible if a transaction lasts for longer than the busy timeout.
func checkpoint(ctx context.Context, database *sql.DB, mode string) (pages int, err error) {
	var isBusy, copied int
	if err := database.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&isBusy, &pages, &copied); err != nil {
		return 0, fmt.Errorf("checkpoint %s: %w", mode, err)
	}

	return pages, nil
}
