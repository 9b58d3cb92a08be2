package csv_test

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/csv"
)

// formats are formats that read the same bytes differently.
func formats() []source.Format {
	return []source.Format{
		{}, {Header: &no}, {Separator: "→", Quote: "'"}, {Quote: "→"}, {Quote: "none", Null: "x"}, {Null: `\N`, Separator: "tab"},
	}
}

// FuzzRead verifies that reading any bytes ends, without an error if records can be rejected, and that the size of reads does not
// matter.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		"a,b\n1,\"x\ny\"\n", "a,b\r\n\"x\"\"y\",\r\n\r\n1\n", "a\tb\r\"\r\r\n", "a→b\n'x→y'→←\n", "\"\n\xff\n\"\"\"", "a\n\n\\N\n", "",
	} {
		f.Add(text)
	}

	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range append(formats(), source.Format{Notation: source.Notation{Trim: true}}) {
			rejected := 0
			reject := func(reject source.Reject) error {
				require.True(t, utf8.ValidString(reject.Text))

				rejected++

				return nil
			}

			rows, err := csv.NewReader(strings.NewReader(text), source.Read{Format: format, Reject: reject})
			slow, slowErr := csv.NewReader(iotest.OneByteReader(strings.NewReader(text)), source.Read{Format: format})

			require.Equal(t, err, slowErr)

			if err != nil {
				continue
			}

			records, err := readAll(t, rows)
			require.NoError(t, err)

			if rows, err = csv.NewReader(strings.NewReader(text), source.Read{Format: format, Reject: reject}); err == nil {
				requireBatches(t, rows, records)
			}

			again, err := readAll(t, slow)

			if rejected > 0 {
				require.Error(t, err)

				continue
			}

			require.NoError(t, err)
			require.Equal(t, records, again)
		}
	})
}

// requireBatches verifies that rows have the records in batches too, if they can be read in batches.
func requireBatches(t *testing.T, rows *csv.Rows, records []source.Record) {
	t.Helper()

	batches := rows.BatchesOfChunks(16)
	if batches == nil {
		return
	}

	var found []source.Record

	batch, err := batches.NextBatch(t.Context())
	for ; err == nil; batch, err = batches.NextBatch(t.Context()) {
		for i := range batch.Len {
			found = append(found, batch.Record(i, nil))
		}

		batch.Release()
	}

	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, records, found)
}

func TestWriteAndReadKeepValues(t *testing.T) {
	t.Parallel()

	value := rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Just[any](""),
		rapid.Map(rapid.StringOf(rapid.SampledFrom([]rune("a,;\t\r\n\"'→←\\N\ufeffé"))), func(s string) any { return s }),
		rapid.Map(rapid.String(), func(s string) any { return strings.ToValidUTF8(s, "") }),
	)

	rapid.Check(t, func(r *rapid.T) {
		columns := rapid.IntRange(1, 4).Draw(r, "columns")
		records := rapid.SliceOf(rapid.Custom(func(r *rapid.T) source.Record {
			return rapid.SliceOfN(value, columns, columns).Draw(r, "record")
		})).Draw(r, "records")
		format := rapid.SampledFrom(formats()).Draw(r, "format")

		file, err := write(format, text([]string{"a", "b", "c", "d"}[:columns]...), records...)
		if format.Quote == "none" && err != nil {
			return // Such files can't hold everything.
		}

		require.NoError(r, err)

		if file == "" { // No header and no records: the columns are unknown.
			return
		}

		rows, err := csv.NewReader(strings.NewReader(file), source.Read{Format: format})
		require.NoError(r, err)

		read, err := readAll(t, rows)
		require.NoError(r, err)
		require.Len(r, read, len(records), file)

		for i := range records {
			require.Equal(r, records[i], read[i], file)
		}
	})
}
