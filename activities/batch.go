package activities

import (
	"context"
	"io"

	"github.com/jobwright/jobwright/source"
)

// Batches implements [source.Batched].
func (r *countedRows) Batches() source.Batches {
	batches := source.BatchesOf(r.Rows)
	if batches == nil {
		return nil
	}

	return &countedBatches{r, batches}
}

// countedBatches count every record they read, and the bytes of its values.
type countedBatches struct {
	rows    *countedRows
	batches source.Batches
}

func (b *countedBatches) NextBatch(ctx context.Context) (*source.Batch, error) {
	batch, err := b.batches.NextBatch(ctx)
	if err == nil {
		b.rows.progress.add(int64(batch.Len), batch.Size())
	}

	b.rows.ended = b.rows.ended || err == io.EOF

	return batch, err
}

// Batches implements [source.Batched]. If types are converted, there are no batches: the reader of a file and the conversions
// would each reject the records of a batch, and not in the order of the records.
func (c *checkedRows) Batches() source.Batches {
	batches := source.BatchesOf(c.Rows)
	if batches == nil || c.rejects.load.converts {
		return nil
	}

	return &checkedBatches{c, batches}
}

// checkedBatches end with an error if too many records were rejected.
type checkedBatches struct {
	rows    *checkedRows
	batches source.Batches
}

func (b *checkedBatches) NextBatch(ctx context.Context) (*source.Batch, error) {
	batch, err := b.batches.NextBatch(ctx)
	if err == nil {
		b.rows.rejects.accepted += int64(batch.Len)
	}

	if err == io.EOF {
		if exceeded := b.rows.rejects.exceededAtEnd(); exceeded != nil {
			return nil, exceeded
		}
	}

	return batch, err
}
