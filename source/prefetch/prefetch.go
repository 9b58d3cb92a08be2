// Package prefetch reads rows ahead in a goroutine of its own, so that reading and writing overlap.
package prefetch

import (
	"context"
	"io"

	"github.com/jobwright/jobwright/source"
)

// The limits of one batch. 256 records make the cost of handing over a batch negligible; 1 MiB bounds the memory that three
// batches of long texts need.
const (
	maxRecords = 256
	maxBytes   = 1 << 20
)

// batches is the number of batches: one being filled, one being consumed, and one between the two.
const batches = 3

// Rows are rows that a goroutine reads ahead of their consumer.
type Rows struct {
	rows    source.Rows
	batches source.Batches  // The records in batches, if rows have them.
	ctx     context.Context //nolint:containedctx // Of the goroutine, which starts with the first call of Next or NextBatch.
	cancel  context.CancelFunc

	filled <-chan result[*batch] // Closed when the goroutine has ended; nil before it starts, and in NextBatch.
	free   chan *batch

	read <-chan result[*source.Batch] // Closed when the goroutine has ended; nil before it starts, and in Next.
	end  error                        // The error that NextBatch has returned.

	current *batch // The batch of the last record; nil before the first.
	next    int    // The index in current of the next record.
	drained bool   // Whether Next or NextBatch has returned io.EOF.
}

var _ source.Batched = (*Rows)(nil)

// batch is a number of consecutive records.
type batch struct {
	records   []source.Record
	values    []any    // The backing array of the records.
	locations []string // The location of each record.
	bytes     int64    // The size of the values.
	err       error    // Why the batch is the last one; nil if it is not.
}

// New starts to read rows ahead. If rows have [source.Batches], reading starts when the caller has called Next or NextBatch. The
// caller must not use rows until it has closed the returned Rows, which does not close rows. Functions that rows call, such as
// [source.Read.Reject], are called by another goroutine, but not after Close.
func New(ctx context.Context, rows source.Rows) *Rows {
	ctx, cancel := context.WithCancel(ctx)
	r := &Rows{rows: rows, batches: source.BatchesOf(rows), ctx: ctx, cancel: cancel}

	if r.batches == nil {
		r.start()
	}

	return r
}

// start starts to read records ahead.
func (r *Rows) start() {
	r.free = make(chan *batch, batches)

	for range batches {
		r.free <- &batch{}
	}

	var count int64

	r.filled = readAhead(r.ctx, batches, func() (*batch, error) {
		select {
		case <-r.ctx.Done():
			return nil, r.ctx.Err()
		case b := <-r.free:
			b.fill(r.ctx, r.rows, &count)

			return b, b.err
		}
	})
}

// result is what was read ahead, or the error that ended reading. A batch has the records before the error.
type result[T any] struct {
	batch T
	err   error
}

// readAhead calls read in a goroutine until it returns an error or ctx is cancelled. size is the number of results that wait for
// the consumer.
func readAhead[T any](ctx context.Context, size int, read func() (T, error)) <-chan result[T] {
	results := make(chan result[T], size)

	go func() {
		defer close(results)

		for {
			batch, err := read()

			select {
			case <-ctx.Done():
				return
			case results <- result[T]{batch, err}:
			}

			if err != nil {
				return
			}
		}
	}()

	return results
}

func (b *batch) fill(ctx context.Context, rows source.Rows, count *int64) {
	clear(b.values) // Otherwise long texts stay reachable behind the end of a shorter batch.

	b.records, b.values, b.locations, b.bytes = b.records[:0], b.values[:0], b.locations[:0], 0

	defer source.Recover(&b.err)

	for len(b.records) < maxRecords && b.bytes < maxBytes {
		record, err := rows.Next(ctx)
		if err == nil {
			err = ctx.Err() // Rows need not watch the context.
		}

		if err != nil {
			b.err = err

			return
		}

		*count++

		begin := len(b.values)
		b.values = append(b.values, record...)
		b.records = append(b.records, b.values[begin:len(b.values):len(b.values)])
		b.locations = append(b.locations, source.Location(rows, *count))

		b.bytes += record.Size()
	}
}

// Schema returns the schema of the underlying rows.
func (r *Rows) Schema() source.Schema { return r.rows.Schema() }

// Next returns the next record, as described at [source.Rows]. A panic of the underlying rows is returned as a
// [*source.PanicError].
func (r *Rows) Next(ctx context.Context) (source.Record, error) {
	if r.filled == nil {
		if err := r.ctx.Err(); err != nil { // After Close.
			return nil, err
		}

		r.start()
	}

	for r.current == nil || r.next == len(r.current.records) {
		if err := r.advance(ctx); err != nil {
			r.drained = err == io.EOF

			return nil, err
		}
	}

	r.next++

	return r.current.records[r.next-1], nil
}

// advance replaces the current batch by the next one.
func (r *Rows) advance(ctx context.Context) error {
	if r.current != nil {
		if r.current.err != nil {
			return r.current.err
		}

		r.free <- r.current
		r.current = nil
	}

	select {
	case <-ctx.Done():
		return ctx.Err()
	case filled, open := <-r.filled:
		if !open { // After Close, or because the context that New received was cancelled.
			return context.Canceled
		}

		if filled.batch == nil { // The context ended before a batch was filled.
			return filled.err
		}

		r.current, r.next = filled.batch, 0

		return nil
	}
}

// Drained reports whether Next or NextBatch has returned io.EOF. Records that were read ahead do not count.
func (r *Rows) Drained() bool { return r.drained }

// Location returns the location of the record that Next returned last.
func (r *Rows) Location() string {
	if r.current == nil || r.next == 0 {
		return "the first record"
	}

	return r.current.locations[r.next-1]
}

// Close stops the goroutine and waits for it.
func (r *Rows) Close() error {
	r.cancel()

	if r.filled == nil && r.read == nil { // Nothing was read. From now on, Next returns the error of the cancelled context.
		return nil
	}

	if r.filled != nil {
		for range r.filled {
		}
	}

	if r.read != nil {
		for range r.read {
		}
	}

	return nil
}
