package prefetch_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/prefetch"
)

// batched are counting rows that have batches.
type batched struct{ counting }

func (b *batched) Batches() source.Batches { return source.InBatches(&b.counting) }

func TestRowsReturnsBatchesInOrder(t *testing.T) {
	t.Parallel()

	for _, end := range []error{io.EOF, errors.New("the file is broken")} {
		rows := prefetch.New(t.Context(), &batched{counting{most: 10_000, end: end}})
		batches, count := rows.Batches(), int64(0)

		for count < 10_000 {
			batch, err := batches.NextBatch(t.Context())
			require.NoError(t, err)
			require.False(t, rows.Drained())

			for i := range batch.Len {
				count++
				require.Equal(t, source.Record{count, ""}, batch.Record(i, nil))
			}
		}

		for range 2 {
			_, err := batches.NextBatch(t.Context())
			require.Equal(t, end, err)
			require.Equal(t, end == io.EOF, rows.Drained())
		}

		require.NoError(t, rows.Close())
	}
}

func TestRowsWithBatchesReturnsRecords(t *testing.T) {
	t.Parallel()

	rows := prefetch.New(t.Context(), &batched{counting{most: 10, end: io.EOF}})
	require.NotNil(t, rows.Batches())

	record, err := rows.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, source.Record{int64(1), ""}, record)
	require.NoError(t, rows.Close())
}

func TestRowsReadNothingAfterClose(t *testing.T) {
	t.Parallel()

	from := &batched{counting{most: 10, end: io.EOF}}
	rows := prefetch.New(t.Context(), from)

	require.NoError(t, rows.Close())

	_, err := rows.Next(t.Context())
	require.Equal(t, context.Canceled, err)

	_, err = rows.NextBatch(t.Context())
	require.Equal(t, context.Canceled, err)
	require.Zero(t, from.read.Load())
}

func TestRowsCloseStopsReadingBatches(t *testing.T) {
	t.Parallel()

	waiting := &batched{counting{most: 3, stuck: make(chan struct{})}}
	rows := prefetch.New(t.Context(), waiting)

	ctx, cancel := context.WithCancel(t.Context())

	go func() {
		<-waiting.stuck
		cancel()
	}()

	_, err := rows.NextBatch(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, rows.Close())
}

// panickingBatches panics in its first batch.
type panickingBatches struct{ batched }

func (p *panickingBatches) Batches() source.Batches { return p }

func (p *panickingBatches) NextBatch(context.Context) (*source.Batch, error) { panic("a mistake") }

func TestRowsNextBatchReturnsPanicAsError(t *testing.T) {
	t.Parallel()

	rows := prefetch.New(t.Context(), &panickingBatches{})

	_, err := rows.NextBatch(t.Context())

	var panicked *source.PanicError
	require.ErrorAs(t, err, &panicked)
	require.Equal(t, "a mistake", panicked.Value)
	require.NoError(t, rows.Close())
}
