package prefetch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/prefetch"
)

// counting are rows of consecutive numbers. Next reuses its record.
type counting struct {
	most   int64
	text   string        // The second value of each record.
	end    error         // The error after the last record.
	stuck  chan struct{} // If end is nil, closed when Next blocks after the last record.
	read   atomic.Int64
	record source.Record
}

func (c *counting) Schema() source.Schema {
	return source.Schema{
		{Name: "n", Standard: source.Standard{Type: source.Integer}}, {Name: "text", Standard: source.Standard{Type: source.Text}},
	}
}

func (c *counting) Next(ctx context.Context) (source.Record, error) {
	if n := c.read.Load(); n == c.most {
		if c.end == nil {
			close(c.stuck)
			<-ctx.Done()

			return nil, ctx.Err()
		}

		return nil, c.end
	}

	if c.record == nil {
		c.record = make(source.Record, 2)
	}

	c.record[0], c.record[1] = c.read.Add(1), c.text

	return c.record, nil
}

func (c *counting) Location() string { return fmt.Sprintf("line %d", 2*c.read.Load()) }

func (c *counting) Close() error { return nil }

func TestRowsReturnsRecordsAndLocationsInOrder(t *testing.T) {
	t.Parallel()

	broken := errors.New("the file is broken")

	for _, records := range []int64{0, 1, 255, 256, 257, 10_000} {
		for _, end := range []error{io.EOF, broken} {
			rows := prefetch.New(t.Context(), &counting{most: records, end: end})

			for n := range records {
				record, err := rows.Next(t.Context())
				require.NoError(t, err)
				require.Equal(t, source.Record{n + 1, ""}, record)
				require.Equal(t, fmt.Sprintf("line %d", 2*(n+1)), rows.Location())
			}

			for range 2 {
				_, err := rows.Next(t.Context())
				require.Equal(t, end, err)
			}

			require.NoError(t, rows.Close())
		}
	}
}

func TestRowsBoundsMemoryOfLongRecords(t *testing.T) {
	t.Parallel()

	long := &counting{most: 1_000, text: strings.Repeat("x", 1<<20), stuck: make(chan struct{})}
	rows := prefetch.New(t.Context(), long)

	for range 10 {
		_, err := rows.Next(t.Context())
		require.NoError(t, err)
	}

	require.NoError(t, rows.Close())
	require.LessOrEqual(t, long.read.Load(), int64(14), "a record of 1 MiB fills one of three batches")
}

func TestRowsCloseStopsReading(t *testing.T) {
	t.Parallel()

	waiting := &counting{most: 3, stuck: make(chan struct{})}
	rows := prefetch.New(t.Context(), waiting)

	<-waiting.stuck

	require.NoError(t, rows.Close())
	require.NoError(t, rows.Close(), "a second time")
}

func TestRowsNextReturnsErrorOfItsContext(t *testing.T) {
	t.Parallel()

	rows := prefetch.New(t.Context(), &counting{stuck: make(chan struct{})})

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()

	_, err := rows.Next(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, rows.Close())
}

// panicking panics after its first record.
type panicking struct{ counting }

func (p *panicking) Next(ctx context.Context) (source.Record, error) {
	if p.read.Load() == 1 {
		panic("a mistake")
	}

	return p.counting.Next(ctx)
}

func TestRowsNextReturnsPanicAsError(t *testing.T) {
	t.Parallel()

	rows := prefetch.New(t.Context(), &panicking{counting{most: 2}})

	_, err := rows.Next(t.Context())
	require.NoError(t, err)

	_, err = rows.Next(t.Context())

	var panicked *source.PanicError
	require.ErrorAs(t, err, &panicked)
	require.Equal(t, "a mistake", panicked.Value)
	require.Contains(t, string(panicked.Stack), "panicking")
	require.NoError(t, rows.Close())
}

func TestRowsDrainedOnlyAfterNextReturnedEOF(t *testing.T) {
	t.Parallel()

	for _, end := range []error{io.EOF, errors.New("the file is broken")} {
		from := &counting{most: 1, end: end}
		rows := prefetch.New(t.Context(), from)

		_, err := rows.Next(t.Context())
		require.NoError(t, err)
		require.False(t, rows.Drained())

		_, err = rows.Next(t.Context())
		require.ErrorIs(t, err, end)
		require.Equal(t, end == io.EOF, rows.Drained())
		require.NoError(t, rows.Close())
	}
}

// heedless calls then in its first call of Next, and does not watch the context.
type heedless struct {
	counting

	then func()
}

func (h *heedless) Next(ctx context.Context) (source.Record, error) {
	if h.read.Load() == 0 {
		h.then()
	}

	return h.counting.Next(context.WithoutCancel(ctx))
}

func TestRowsReadNoMoreAfterTheContextEnds(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithCancel(t.Context())
	from := &heedless{counting{most: 100}, cancel}
	rows := prefetch.New(ctx, from)

	_, err := rows.Next(t.Context())
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, rows.Close())
	require.EqualValues(t, 1, from.read.Load())
}
