package source_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// listed are rows of a list, whose record is reused. They end with an error.
type listed struct {
	schema  source.Schema
	records []source.Record
	end     error
	read    int
	record  source.Record
}

func (l *listed) Schema() source.Schema { return l.schema }

func (l *listed) Next(context.Context) (source.Record, error) {
	if l.read == len(l.records) {
		return nil, l.end
	}

	l.record = append(l.record[:0], l.records[l.read]...)
	l.read++

	return l.record, nil
}

func (l *listed) Location() string { return fmt.Sprintf("line %d", 2*l.read) }

func (l *listed) Close() error { return nil }

// drawRows draws rows with a column of each type, in any order and number.
func drawRows(t *rapid.T) *listed {
	samples := rapid.SliceOfN(rapid.SampledFrom(sourcetest.Samples()), 1, 8).Draw(t, "columns")
	rows := &listed{end: rapid.SampledFrom([]error{io.EOF, errors.New("the file is broken")}).Draw(t, "end")}

	for i, sample := range samples {
		rows.schema = append(rows.schema, source.Column{Name: fmt.Sprintf("c%d", i), Standard: sample.Type})
	}

	for range rapid.IntRange(0, 30).Draw(t, "records") {
		record := make(source.Record, len(samples))
		for i, sample := range samples {
			record[i] = rapid.SampledFrom(sample.Values).Draw(t, rows.schema[i].Name)
		}

		rows.records = append(rows.records, record)
	}

	return rows
}

// requireRows requires that rows return the records and locations of from, and its end.
func requireRows(t require.TestingT, from *listed, rows source.Rows) {
	for i, expected := range from.records {
		record, err := rows.Next(context.Background())
		require.NoError(t, err)
		requireRecord(t, from.schema, expected, record)
		require.Equal(t, fmt.Sprintf("line %d", 2*(i+1)), source.Location(rows, int64(i)))
	}

	for range 2 {
		_, err := rows.Next(context.Background())
		require.Equal(t, from.end, err)
	}
}

func requireRecord(t require.TestingT, schema source.Schema, expected, actual source.Record) {
	for i, value := range expected {
		require.IsType(t, value, actual[i])
		require.True(t, sourcetest.Equal(schema[i].Standard, value, actual[i]), "%v is %v", value, actual[i])
	}
}

func TestBatchesHaveTheRecordsOfRows(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		rows := drawRows(t)
		requireRows(t, rows, source.ByBatch(rows, source.InBatches(rows)))
	})
}

func TestBatchKeepAndSize(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		rows := drawRows(t)

		batch, size := source.NewBatch(rows.schema), int64(0)
		batch.Locate = func(i int) string { return fmt.Sprintf("line %d", i) }

		for _, record := range rows.records {
			require.NoError(t, batch.Append(record))

			size += record.Size()
		}

		require.Equal(t, size, batch.Size())

		var indexes []int

		for i := range rows.records {
			if rapid.Bool().Draw(t, "keep") {
				indexes = append(indexes, i)
			}
		}

		batch.Keep(indexes)
		require.Equal(t, len(indexes), batch.Len)

		for i, at := range indexes {
			requireRecord(t, rows.schema, rows.records[at], batch.Record(i, nil))
			require.Equal(t, fmt.Sprintf("line %d", at), batch.Location(i, 0))
		}

		for _, record := range rows.records { // The remaining batch can be extended, and used again.
			require.NoError(t, batch.Append(record))
		}

		batch.Reset()
		require.Zero(t, batch.Size())
	})
}

func TestVectorAppendRefusesValuesOfOtherTypes(t *testing.T) {
	t.Parallel()

	for _, vector := range sourcetest.Samples() {
		for _, sample := range sourcetest.Samples() {
			if sample.Type.Type == vector.Type.Type || sample.Type.Type == source.Date ||
				sample.Type.Type == source.Datetime || sample.Type.Type == source.Timestamp {
				continue
			}

			into := source.Vector{Type: vector.Type.Type}
			require.Error(t, into.Append(sample.Values[1]), "%s into %s", sample.Type, vector.Type)
			require.Zero(t, into.Len())
		}
	}
}
