package activities

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// heartbeatInterval is how often an attempt reports that it lives. The SDK passes on to Temporal only as many of them as
// the worker's throttle lets through.
const heartbeatInterval = time.Second

// progress reports, in heartbeats, how many records and bytes an attempt has read, changed or copied.
type progress struct {
	rows  atomic.Int64
	bytes atomic.Int64
	done  chan struct{}
	end   chan struct{}
}

// startProgress begins to heartbeat. The caller ends it with stop.
func startProgress(ctx context.Context) *progress {
	p := &progress{done: make(chan struct{}), end: make(chan struct{})}

	activity.RecordHeartbeat(ctx, job.Progress{})

	go func() {
		defer close(p.end)

		ticker := time.NewTicker(heartbeatInterval)
		defer ticker.Stop()

		for {
			select {
			case <-p.done:
				return
			case <-ticker.C:
				activity.RecordHeartbeat(ctx, job.Progress{Rows: p.rows.Load(), Bytes: p.bytes.Load()})
			}
		}
	}()

	return p
}

func (p *progress) stop() {
	close(p.done)
	<-p.end
}

// copied tells how many records and bytes were copied so far.
func (p *progress) copied(rows, bytes int64) {
	p.rows.Store(rows)
	p.bytes.Store(bytes)
}

// changed tells how many records were changed so far.
func (p *progress) changed(rows int64) { p.rows.Store(rows) }

// countBytes returns content, with every byte that is read counted.
func (p *progress) countBytes(content io.Reader) io.Reader { return &countedBytes{content, p} }

type countedBytes struct {
	io.Reader

	progress *progress
}

func (r *countedBytes) Read(chunk []byte) (int, error) {
	length, err := r.Reader.Read(chunk)
	r.progress.bytes.Add(int64(length))

	return length, err
}

// count returns rows, with every record that is read counted, and the bytes of its values.
func (p *progress) count(rows source.Rows) *countedRows { return &countedRows{Rows: rows, progress: p} }

type countedRows struct {
	source.Rows

	progress *progress
	ended    bool // Whether all were read.
}

func (r *countedRows) Next(ctx context.Context) (source.Record, error) {
	record, err := r.Rows.Next(ctx)
	if err == nil {
		r.progress.rows.Add(1)
		r.progress.bytes.Add(record.Size())
	}

	r.ended = r.ended || errors.Is(err, io.EOF)

	return record, err
}

// Location tells where the last record stood.
func (r *countedRows) Location() string {
	if locator, ok := r.Rows.(source.Locator); ok {
		return locator.Location()
	}

	return fmt.Sprintf("record %d", r.progress.rows.Load())
}
