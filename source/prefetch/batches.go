package prefetch

import (
	"context"
	"io"

	"github.com/jobwright/jobwright/source"
)

// ahead is the number of batches between the goroutine and the consumer.
const ahead = 2

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

		r.read = readAhead(r.ctx, ahead, r.readBatch)
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

func (r *Rows) readBatch() (batch *source.Batch, err error) {
	defer source.Recover(&err)

	return r.batches.NextBatch(r.ctx)
}
