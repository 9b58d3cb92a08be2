package source_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
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
		requireRows(t, rows, &unbatched{Rows: rows, batches: source.InBatches(rows)})
	})
}

func TestBatchHasTheSizeOfItsRecords(t *testing.T) {
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

		for i, record := range rows.records {
			requireRecord(t, rows.schema, record, batch.Record(i, nil))
			require.Equal(t, fmt.Sprintf("line %d", i), batch.Location(i, 0))
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

// batched are listed rows with batches.
type batched struct{ *listed }

func (b *batched) Batches() source.Batches { return b }

// NextBatch returns three records.
func (b *batched) NextBatch(ctx context.Context) (*source.Batch, error) {
	batch, locations := source.NewBatch(b.schema), []string{}

	var end error

	for batch.Len < 3 {
		var record source.Record
		if record, end = b.Next(ctx); end != nil {
			break
		}

		if err := batch.Append(record); err != nil {
			return nil, err
		}

		locations = append(locations, b.Location())
	}

	if batch.Len == 0 {
		return nil, end
	}

	batch.Locate = func(i int) string { return locations[i] }

	return batch, nil
}

// converted describes the records and locations of rows, and how they ended.
func converted(rows source.Rows, inBatches bool) (lines []string) {
	if inBatches {
		if batches := source.BatchesOf(rows); batches != nil {
			rows = &unbatched{Rows: rows, batches: batches}
		}
	}

	for count := int64(1); ; count++ {
		record, err := rows.Next(context.Background())
		if err != nil {
			return append(lines, err.Error())
		}

		lines = append(lines, fmt.Sprintf("%s: %#v", source.Location(rows, count), record))
	}
}

// drawTexts draws rows of texts, most of which are values of the same type.
func drawTexts(t *rapid.T) *listed {
	rows := &listed{end: io.EOF}
	forms := [][]any{
		{"0", "1", "-17", "123456789012345678", "007", "-0", "+1", "", nil, "x", "9223372036854775808"},
		{"1.50", "0.5", "-0.5", "12.345", "1e3", ".5", nil, "01.5", "1,5", "123456789.123456789", "-0.0"},
		{"2024-02-29", "1970-01-01", nil, "2023-02-29", "24-1-1", ""},
		{"2024-02-29T12:30:45", "2024-02-29 12:30:45", "2024-02-29T12:30:45.5Z", "2024-02-29T12:30:45Z", nil},
		{"true", "false", "TRUE", "yes", nil},
		{"f47ac10b-58cc-0372-8567-0e02b2c3d479", "F47AC10B-58CC-0372-8567-0E02B2C3D479", nil},
		{"12:30:45", "24:00:00", nil, " padded "},
	}

	var columns []*rapid.Generator[any]

	for i := range rapid.IntRange(1, 4).Draw(t, "columns") {
		form := rapid.SampledFrom(forms).Draw(t, "form")
		usual := rapid.IntRange(1, len(form)).Draw(t, "usual")

		rows.schema = append(rows.schema, source.Column{Name: fmt.Sprintf("c%d", i), Standard: source.Standard{Type: source.Text}})
		columns = append(columns, rapid.SampledFrom(form[:usual]))
	}

	for range rapid.IntRange(0, 30).Draw(t, "records") {
		record := source.Record{}
		for _, column := range columns {
			record = append(record, column.Draw(t, "value"))
		}

		rows.records = append(rows.records, record)
	}

	return rows
}

func TestConvertAndInferReturnBatchesWithTheRecordsOfRows(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		rows := drawTexts(t)
		format := source.Format{}
		if rapid.IntRange(0, 3).Draw(t, "notation") == 0 {
			format.DecimalSeparator, format.Trim = ",", true
		}

		types := map[string]source.Standard{}

		for _, column := range rows.schema {
			if rapid.Bool().Draw(t, "typed") {
				types[column.Name] = source.Standard{Type: rapid.SampledFrom(source.Types()[:12]).Draw(t, "type")}
			}
		}

		others := map[string]source.Standard{}

		for _, column := range rows.schema {
			if rapid.Bool().Draw(t, "other") {
				others[column.Name] = source.Standard{Type: rapid.SampledFrom(source.Types()[1:8]).Draw(t, "other type")}
			}
		}

		shape := source.Shape{Naming: source.ToUpperCase}
		if rapid.Bool().Draw(t, "shaped") {
			shape = source.Shape{Columns: []string{rows.schema[0].Name, rows.schema[0].Name}, RecordOrder: "number"}
		}

		skipsInference := rapid.Bool().Draw(t, "skips") // The values are those after the records from which types are inferred.

		run := func(inBatches bool) []string {
			read := source.Read{Format: format, Types: types}
			from := *rows

			inferred, _, again, err := source.Inference{Texts: true, Format: format, Given: types}.Infer(
				t.Context(), &batched{&from})
			require.NoError(t, err)

			if skipsInference {
				from = *rows
				again, inferred = &batched{&from}, maps.Clone(others)
				maps.DeleteFunc(inferred, func(name string, _ source.Standard) bool { return types[name].Type != "" })
			}

			again, err = source.Inferred(again, "files", read, inferred)
			require.NoError(t, err)

			again, err = source.Convert(again, "files", read)
			require.NoError(t, err)

			again, err = shape.Apply(again, "files", source.Table{})
			require.NoError(t, err)

			return converted(again, inBatches)
		}

		require.Equal(t, run(false), run(true))
	})
}

// unbatched returns the records of batches one by one.
type unbatched struct {
	source.Rows

	batches source.Batches
	current *source.Batch
	next    int   // The index in current of the next record.
	before  int64 // The number of records before current.
}

func (u *unbatched) Next(ctx context.Context) (source.Record, error) {
	if u.current == nil || u.next == u.current.Len {
		if u.current != nil {
			u.before += int64(u.current.Len)
			u.current.Release()
		}

		var err error
		if u.current, err = u.batches.NextBatch(ctx); err != nil {
			return nil, err
		}

		u.next = 0
	}

	u.next++

	return u.current.Record(u.next-1, nil), nil
}

func (u *unbatched) Location() string { return u.current.Location(u.next-1, u.before) }
