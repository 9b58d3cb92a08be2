package prefetch

import (
	"context"
	"io"
	"runtime/debug"

	"github.com/jobwright/jobwright/source"
)

// ahead is the number of batches between the goroutine and the consumer.
const ahead = 2

// read is a batch that was read, or the error that ended reading.
type read struct {
	batch *source.Batch
	err   error
}

// Batches returns the records in batches, if the underlying rows have batches.
func (r *Rows) Batches() source.Batches {
	if r.batches == nil {
		return nil
	}

	return r
}

// NextBatch returns the next records, as described at [source.Batches]. A panic of the underlying rows is returned as a
// [*source.PanicError].
func (r *Rows) NextBatch(ctx context.Context) (*source.Batch, error) {
	if r.end != nil {
		return nil, r.end
	}

	if r.read == nil {
		if err := r.ctx.Err(); err != nil { // After Close.
			return nil, err
		}

		r.read = make(chan read, ahead)

		go r.readAhead(r.ctx)
	}

	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case next, open := <-r.read:
		if !open { // After Close, or because the context that New received was cancelled.
			return nil, context.Canceled
		}

		r.end, r.drained = next.err, next.err == io.EOF

		return next.batch, next.err
	}
}

// readAhead reads batches until they end, with io.EOF or another error, or ctx is cancelled.
func (r *Rows) readAhead(ctx context.Context) {
	defer close(r.read)

	for {
		next := r.readNext(ctx)
		if ctx.Err() != nil && next.err == nil {
			next.batch.Release()

			next = read{err: ctx.Err()}
		}

		select {
		case <-ctx.Done():
			return
		case r.read <- next:
		}

		if next.err != nil {
			return
		}
	}
}

func (r *Rows) readNext(ctx context.Context) (next read) {
	defer func() {
		if panicked := recover(); panicked != nil {
			next = read{err: &source.PanicError{Value: panicked, Stack: debug.Stack()}}
		}
	}()

	next.batch, next.err = r.batches.NextBatch(ctx)

	return next
}
