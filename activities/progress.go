package activities

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// heartbeatInterval is the time between two heartbeats of an attempt. The SDK forwards to Temporal only as many of them as
// the worker's throttle allows.
const heartbeatInterval = time.Second

// progress counts the records and bytes that an attempt has read, changed or copied, and the records that it has rejected. It
// reports them in heartbeats.
type progress struct {
	rows     atomic.Int64
	bytes    atomic.Int64
	rejected atomic.Int64
	exceeded func() // Of an attempt in a local activity: called when the counts exceed its bounds.
	stopped  chan struct{}
	ended    chan struct{}
}

// startProgress starts the heartbeats. The caller ends them with stop.
func startProgress(ctx context.Context) *progress {
	p := &progress{stopped: make(chan struct{}), ended: make(chan struct{})}

	go func() {
		defer close(p.ended)

		ticker := time.NewTicker(heartbeatInterval)
		defer ticker.Stop()

		for {
			select {
			case <-p.stopped:
				return
			case <-ticker.C:
				activity.RecordHeartbeat(ctx, job.Progress{
					Rows: p.rows.Load(), Bytes: p.bytes.Load(), Rejected: p.rejected.Load(),
				})
			}
		}
	}()

	return p
}

func (p *progress) stop() {
	close(p.stopped)
	<-p.ended
}

// set replaces both counts.
func (p *progress) set(rows, bytes int64) {
	p.rows.Store(rows)
	p.bytes.Store(bytes)
	p.check(rows, bytes)
}

// setRows replaces the count of records.
func (p *progress) setRows(rows int64) {
	p.rows.Store(rows)
	p.check(rows, 0)
}

// add adds to both counts.
func (p *progress) add(rows, bytes int64) { p.check(p.rows.Add(rows), p.bytes.Add(bytes)) }

// check ends an attempt in a local activity whose counts exceed its bounds.
func (p *progress) check(rows, bytes int64) {
	if p.exceeded != nil && (rows > localRecords || bytes > localBytes) {
		p.exceeded()
	}
}

// countBytes returns a reader of content that counts every byte it reads.
func (p *progress) countBytes(content io.Reader) io.Reader { return &countedBytes{content, p} }

type countedBytes struct {
	io.Reader

	progress *progress
}

func (r *countedBytes) Read(chunk []byte) (int, error) {
	length, err := r.Reader.Read(chunk)
	r.progress.add(0, int64(length))

	return length, err
}

// count returns rows that count every record they read, and the bytes of its values.
func (p *progress) count(rows source.Rows) *countedRows { return &countedRows{Rows: rows, progress: p} }

type countedRows struct {
	source.Rows

	progress *progress
	ended    bool // Whether all records were read.
}

func (r *countedRows) Next(ctx context.Context) (source.Record, error) {
	record, err := r.Rows.Next(ctx)
	if err == nil {
		r.progress.add(1, record.Size())
	}

	r.ended = r.ended || err == io.EOF

	return record, err
}

// Location returns the place of the last record in its source.
func (r *countedRows) Location() string {
	if locator, ok := r.Rows.(source.Locator); ok {
		return locator.Location()
	}

	return fmt.Sprintf("record %d", r.progress.rows.Load())
}
