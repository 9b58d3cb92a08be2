package format

import (
	"context"

	"github.com/jobwright/jobwright/source"
)

// BatchWriter is implemented by writers that write batches faster than records.
type BatchWriter interface {
	Writer

	// AppendBatch writes the records of a batch, and releases the batch. The writer may report the error of an earlier batch.
	AppendBatch(batch *source.Batch) error
}

// BatchWriterOf returns a writer of [NewWriter] as a BatchWriter, or nil if it writes records one by one.
func BatchWriterOf(w Writer) BatchWriter {
	into, isWriter := w.(*writer)
	if !isWriter {
		return nil
	}

	if _, isBatchWriter := into.Writer.(BatchWriter); !isBatchWriter {
		return nil
	}

	return into
}

// AppendBatch writes the records of a batch. The codec is a [BatchWriter].
func (w *writer) AppendBatch(batch *source.Batch) error {
	if err := w.Writer.(BatchWriter).AppendBatch(batch); err != nil { //nolint:forcetypeassert // See BatchWriterOf.
		return w.explained(err)
	}

	return nil
}

// Batches implements [source.Batched].
func (t *table) Batches() source.Batches {
	batches := source.BatchesOf(t.Reader)
	if batches == nil || len(t.trimmed) > 0 {
		return nil
	}

	return &tableBatches{t, batches}
}

type tableBatches struct {
	table   *table
	batches source.Batches
}

func (b *tableBatches) NextBatch(ctx context.Context) (*source.Batch, error) {
	b.table.set(ctx)

	return b.batches.NextBatch(ctx)
}

// Batches implements [source.Batched].
func (r *rows) Batches() source.Batches {
	batches := source.BatchesOf(r.Reader)
	if batches == nil {
		return nil
	}

	return &rowsBatches{r, batches}
}

type rowsBatches struct {
	rows    *rows
	batches source.Batches
}

func (b *rowsBatches) NextBatch(ctx context.Context) (*source.Batch, error) {
	r := b.rows

	if r.end != nil {
		return nil, r.end
	}

	if err := ctx.Err(); err != nil {
		return nil, err
	}

	batch, err := b.batches.NextBatch(ctx)
	if err != nil {
		return nil, r.ended(ctx, err)
	}

	return batch, nil
}
