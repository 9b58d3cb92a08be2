package source

import "context"

// Batches implements [Batched].
func (s *shaped) Batches() Batches {
	batches := BatchesOf(s.Rows)
	if batches == nil {
		return nil
	}

	return &shapedBatches{s, batches}
}

// shapedBatches return the columns of the wrapped batches in another shape.
type shapedBatches struct {
	rows    *shaped
	batches Batches
}

func (b *shapedBatches) NextBatch(ctx context.Context) (*Batch, error) {
	batch, err := b.batches.NextBatch(ctx)
	if err != nil {
		return nil, err
	}

	derived := batch.derive(len(b.rows.schema))

	for to, from := range b.rows.from {
		derived.Columns[to] = batch.Columns[from]
	}

	if b.rows.numbered {
		numbers := Vector{Type: Integer, Ints: make([]int64, batch.Len)}
		for i := range numbers.Ints {
			numbers.Ints[i] = b.rows.count + int64(i) + 1
		}

		derived.Columns[len(derived.Columns)-1] = numbers
	}

	b.rows.count += int64(batch.Len)

	return derived, nil
}

// derive returns a batch of the same records, whose columns the caller sets. It releases the batch with the derived one.
func (b *Batch) derive(columns int) *Batch {
	return &Batch{Columns: make([]Vector, columns), Len: b.Len, Locate: b.Locate, Free: func(*Batch) { b.Release() }}
}
