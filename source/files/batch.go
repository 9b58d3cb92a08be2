package files

import (
	"context"
	"io"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// Batches implements [source.Batched].
func (r *rows) Batches() source.Batches {
	if source.BatchesOf(r.current) == nil {
		return nil
	}

	return &batches{rows: r}
}

// batches streams the records of one file after another in batches.
type batches struct {
	rows    *rows
	of      source.Rows    // The file that current reads.
	current source.Batches // The batches of the current file.
}

func (b *batches) NextBatch(ctx context.Context) (*source.Batch, error) {
	r := b.rows

	for r.end == nil {
		if err := ctx.Err(); err != nil {
			return nil, err
		}

		if b.of != r.current {
			if b.of, b.current = r.current, source.BatchesOf(r.current); b.current == nil {
				b.current = source.InBatches(r.current) // The files can have different formats.
			}
		}

		batch, err := b.current.NextBatch(ctx)
		if err == nil {
			return b.located(batch), nil
		}

		if err != io.EOF {
			return nil, err
		}

		r.end = r.openFollowing(ctx)
	}

	return nil, r.end
}

// located returns a batch whose locations have the name of their file, if the table's name is a pattern.
func (b *batches) located(batch *source.Batch) *source.Batch {
	if !b.rows.many {
		return batch
	}

	name, locate := b.rows.short(), batch.Locate

	batch.Locate = func(i int) string {
		if locate == nil {
			return name
		}

		return name + ", " + locate(i)
	}

	return batch
}

// appendBatches appends the records of batches and returns their number. An error of batches is returned unchanged.
func (t *target) appendBatches(ctx context.Context, into format.BatchWriter, from source.Batches) (count int64, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return count, err
		}

		batch, err := from.NextBatch(ctx)
		if err == io.EOF {
			return count, nil
		}

		if err != nil {
			return count, err
		}

		records := int64(batch.Len)

		if err := into.AppendBatch(batch); err != nil {
			return count, t.named(err)
		}

		count += records
	}
}
