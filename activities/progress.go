package activities

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// heartbeatInterval is the time between two heartbeats of an attempt. The SDK forwards to Temporal only as many of them as
// the worker's throttle allows.
const heartbeatInterval = time.Second

// estimateTimeout limits how long an estimate of the input may take.
const estimateTimeout = 5 * time.Second

// progress counts the records and bytes that an attempt has read, changed or copied, and the records that it has rejected. It
// reports them in heartbeats, with the size of the input if that is known.
type progress struct {
	rows     atomic.Int64
	bytes    atomic.Int64
	rejected atomic.Int64
	exceeded func() // Of an attempt in a local activity: called when the counts exceed its bounds.

	input    atomic.Pointer[func() source.Extent]
	estimate atomic.Pointer[func(context.Context) (int64, error)] // Estimates the records of the input.

	stopped context.CancelFunc
	ended   sync.WaitGroup
}

// startProgress starts the heartbeats. The caller ends them with stop.
func startProgress(ctx context.Context) *progress {
	p := &progress{}

	reporting, stop := context.WithCancel(ctx)
	p.stopped = stop

	p.ended.Go(func() {
		ticker := time.NewTicker(heartbeatInterval)
		defer ticker.Stop()

		meter := newMeter(time.Now())

		for {
			select {
			case <-reporting.Done():
				return
			case now := <-ticker.C:
				p.startEstimate(reporting)
				activity.RecordHeartbeat(ctx, meter.report(now, p.counts(), p.extent()))
			}
		}
	})

	return p
}

func (p *progress) stop() {
	p.stopped()
	p.ended.Wait()
}

// counts returns the counts so far.
func (p *progress) counts() job.Progress {
	return job.Progress{Rows: p.rows.Load(), Bytes: p.bytes.Load(), Rejected: p.rejected.Load()}
}

// extent returns the extent of the input, or a zero one if it is unknown.
func (p *progress) extent() source.Extent {
	if input := p.input.Load(); input != nil {
		return (*input)()
	}

	return source.Extent{}
}

// measure makes extent the extent of the input.
func (p *progress) measure(extent func() source.Extent) { p.input.Store(&extent) }

// estimateBy makes estimate the way to find the number of the input's records. It is called once, after the first heartbeat
// interval: a shorter step does not pay for it. Its error is ignored.
func (p *progress) estimateBy(estimate func(context.Context) (int64, error)) {
	p.estimate.Store(&estimate)
}

// startEstimate starts the estimate, unless there is none or it was started before.
func (p *progress) startEstimate(ctx context.Context) {
	estimate := p.estimate.Swap(nil)
	if estimate == nil {
		return
	}

	p.ended.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, estimateTimeout)
		defer cancel()

		if rows, err := (*estimate)(ctx); err == nil && rows > 0 {
			p.measure(func() source.Extent { return source.Extent{TotalRows: rows, Estimated: true} })
		}
	})
}

// set replaces both counts, and the extent of the input.
func (p *progress) set(rows int64, of source.Extent) {
	p.rows.Store(rows)
	p.bytes.Store(of.Bytes)
	p.check(rows, of.Bytes)

	if of.TotalBytes > 0 {
		p.measure(func() source.Extent { return of })
	}
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

// countBytes returns a reader of content that counts every byte it reads. size is the size of the content, or 0 if it is unknown.
func (p *progress) countBytes(content io.Reader, size int64) io.Reader {
	if size > 0 {
		p.measure(func() source.Extent { return source.Extent{Bytes: p.bytes.Load(), TotalBytes: size} })
	}

	return &countedBytes{content, p}
}

type countedBytes struct {
	io.Reader

	progress *progress
}

func (r *countedBytes) Read(chunk []byte) (int, error) {
	length, err := r.Reader.Read(chunk)
	r.progress.add(0, int64(length))

	return length, err
}

// count returns rows that count every record they read, and the bytes of its values. If the rows are [source.Measured], their
// extent is that of the input.
func (p *progress) count(rows source.Rows) *countedRows {
	if measured, isMeasured := rows.(source.Measured); isMeasured {
		p.measure(measured.Extent)
	}

	return &countedRows{Rows: rows, progress: p}
}

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
