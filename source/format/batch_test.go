package format_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// drawTable draws records with a column of each type, in any order and number.
func drawTable(t *rapid.T) (schema source.Schema, records []source.Record) {
	samples := rapid.SliceOfN(rapid.SampledFrom(sourcetest.Samples()), 1, 6).Draw(t, "columns")
	for i, sample := range samples {
		schema = append(schema, source.Column{Name: fmt.Sprintf("c%d", i), Standard: sample.Type})
	}

	for range rapid.IntRange(0, 30).Draw(t, "records") {
		record := make(source.Record, len(samples))
		for i, sample := range samples {
			record[i] = rapid.SampledFrom(sample.Values).Draw(t, schema[i].Name)
		}

		records = append(records, record)
	}

	return schema, records
}

// drawFormat draws a format whose notation and quotes differ from the defaults.
func drawFormat(t *rapid.T) source.Format {
	f := source.Format{
		Separator: rapid.SampledFrom([]string{"", ";", "-", "0", "tab", "e", "ä"}).Draw(t, "separator"),
		Quote:     rapid.SampledFrom([]string{"", "'", "none", "1"}).Draw(t, "quote"),
		Null:      rapid.SampledFrom([]string{"", `\N`, "0", "true", "NULL"}).Draw(t, "null"),
	}

	if rapid.Bool().Draw(t, "notation") {
		f.DecimalSeparator, f.DateFormat, f.Booleans = ",", "dd.MM.yyyy", []string{"yes", "no"}
	}

	return f
}

// writeTable writes records one by one, in batches, or both. The result has the content, or the error.
func writeTable(
	name string, f source.Format, schema source.Schema, records []source.Record, inBatch func(i int) bool,
) (content string, problem string) {
	var to bytes.Buffer

	writer, err := format.NewWriter(&to, name, f, schema)
	if err != nil {
		return "", err.Error()
	}

	batches := format.BatchWriterOf(writer)

	for i := 0; i < len(records) && err == nil; {
		if batches == nil || !inBatch(i) {
			err = writer.Append(records[i])
			i++

			continue
		}

		batch := source.NewBatch(schema)

		for ; i < len(records) && batch.Len < 7; i++ {
			if err := batch.Append(records[i]); err != nil {
				return "", err.Error()
			}
		}

		err = batches.AppendBatch(batch)
	}

	if closed := writer.Close(); err == nil {
		err = closed
	}

	if err != nil {
		return "", err.Error()
	}

	return to.String(), ""
}

// texted returns the records of a file as texts.
func texted(t require.TestingT, content, name string) (records []string) {
	rows, err := format.Read(context.Background(), &randomFile{Reader: bytes.NewReader([]byte(content))}, name,
		options(source.Format{}))
	require.NoError(t, err)

	for {
		record, err := rows.Next(context.Background())
		if err == io.EOF {
			return records
		}

		require.NoError(t, err)

		records = append(records, fmt.Sprintf("%#v", record))
	}
}

func TestBatchesAreWrittenLikeRecords(t *testing.T) {
	t.Parallel()

	for _, name := range []string{"t.csv", "t.csv.gz", "t.parquet"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			rapid.Check(t, func(t *rapid.T) {
				schema, records := drawTable(t)
				f := drawFormat(t)

				if rapid.Bool().Draw(t, "few") { // Otherwise most tables contain a value that the format refuses.
					records = records[:min(1, len(records))]
				}

				content, problem := writeTable(name, f, schema, records, func(int) bool { return false })
				again, same := writeTable(name, f, schema, records, func(i int) bool { return i%3 < 2 })

				require.Equal(t, problem, same)

				if name != "t.parquet" {
					require.Equal(t, content, again)
				} else if problem == "" { // The encodings of columns can differ.
					require.Equal(t, texted(t, content, name), texted(t, again, name))
				}
			})
		})
	}
}

// failing fails after a number of bytes.
type failing struct{ left int }

var errFull = errors.New("the disk is full")

func (f *failing) Write(chunk []byte) (int, error) {
	if f.left -= len(chunk); f.left < 0 {
		return 0, errFull
	}

	return len(chunk), nil
}

func TestAppendBatchReturnsTheFailureOfItsFile(t *testing.T) {
	t.Parallel()

	for _, name := range []string{"t.csv"} {
		writer, err := format.NewWriter(&failing{left: 50}, name, source.Format{}, texts("a"))
		require.NoError(t, err)

		batches := format.BatchWriterOf(writer)

		for range 100 {
			batch := source.NewBatch(texts("a"))
			require.NoError(t, batch.Append(source.Record{"a long text of a record"}))

			if err = batches.AppendBatch(batch); err != nil {
				break
			}
		}

		require.ErrorIs(t, errors.Join(err, writer.Close()), errFull, name)
	}
}

func TestReadReturnsBatchesWithTheRecordsOfRows(t *testing.T) {
	t.Parallel()

	schema := source.Schema{sourcetest.Column("n", source.Standard{Type: source.Integer}), sourcetest.Column("t", source.Standard{Type: source.Text})}

	var records []source.Record
	for i := range 10_000 {
		records = append(records, source.Record{int64(i), fmt.Sprint("text ", i)})
	}

	records[17][1] = nil

	for _, name := range []string{"t.parquet", "t.csv", "t.ndjson"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			content := write(t, name, source.Format{}, schema, records...)

			rows, err := format.Read(t.Context(), &randomFile{Reader: bytes.NewReader(content)}, name, options(source.Format{}))
			require.NoError(t, err)

			defer func() { require.NoError(t, rows.Close()) }()

			batches := source.BatchesOf(rows)
			require.NotNil(t, batches, "the records are not read in batches")

			again, err := format.Read(t.Context(), &randomFile{Reader: bytes.NewReader(content)}, name, options(source.Format{}))
			require.NoError(t, err)

			defer func() { require.NoError(t, again.Close()) }()

			count := int64(0)

			for {
				batch, err := batches.NextBatch(t.Context())
				if err == io.EOF {
					break
				}

				require.NoError(t, err)

				for i := range batch.Len {
					record, err := again.Next(t.Context())
					require.NoError(t, err)
					require.Equal(t, record, batch.Record(i, nil))
					require.Equal(t, again.(source.Locator).Location(), batch.Location(i, count))
				}

				count += int64(batch.Len)
				batch.Release()
			}

			require.EqualValues(t, len(records), count)

			_, err = batches.NextBatch(t.Context())
			require.Equal(t, io.EOF, err)
		})
	}
}

func TestBatchesEndWithTheContext(t *testing.T) {
	t.Parallel()

	content := write(t, "t.parquet", source.Format{}, texts("a"), source.Record{"x"})

	rows, err := format.Read(t.Context(), &randomFile{Reader: bytes.NewReader(content)}, "t.parquet", options(source.Format{}))
	require.NoError(t, err)

	defer func() { require.NoError(t, rows.Close()) }()

	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	_, err = source.BatchesOf(rows).NextBatch(ctx)
	require.Equal(t, context.Canceled, err)
}
