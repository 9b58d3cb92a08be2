package activities

import (
	"context"
	"io"

	"github.com/jobwright/jobwright/source"
)

// batchesFunc is a function that returns the next batch.
type batchesFunc func(ctx context.Context) (*source.Batch, error)

func (f batchesFunc) NextBatch(ctx context.Context) (*source.Batch, error) { return f(ctx) }

// Batches implements [source.Batched]. The batches count every record they read, and the bytes of its values.
func (r *countedRows) Batches() source.Batches {
	batches := source.BatchesOf(r.Rows)
	if batches == nil {
		return nil
	}

	return batchesFunc(func(ctx context.Context) (*source.Batch, error) {
		batch, err := batches.NextBatch(ctx)
		if err == nil {
			r.progress.add(int64(batch.Len), batch.Size())
		}

		r.ended = r.ended || err == io.EOF

		return batch, err
	})
}

// Batches implements [source.Batched]. If types are converted, there are no batches: the reader of a file and the conversions
// would each reject the records of a batch, and not in the order of the records.
func (c *checkedRows) Batches() source.Batches {
	batches := source.BatchesOf(c.Rows)
	if batches == nil || c.rejects.load.converts {
		return nil
	}

	return batchesFunc(func(ctx context.Context) (*source.Batch, error) {
		batch, err := batches.NextBatch(ctx)
		if err == nil {
			c.rejects.accepted += int64(batch.Len)
		}

		return batch, c.rejects.checkEnd(err)
	})
}
