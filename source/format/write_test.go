package format_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// full is a disk with space for a number of bytes.
type full struct {
	capacity int
	err      error
}

func (f *full) Write(chunk []byte) (int, error) {
	if f.capacity -= len(chunk); f.capacity < 0 {
		return 0, f.err
	}

	return len(chunk), nil
}

func TestWriteReturnsErrorsOfTheFileUnchanged(t *testing.T) {
	t.Parallel()

	records := many()[:2_000]

	for _, name := range names() {
		content := write(t, name, source.Format{}, texts("a", "b"), records...)

		for _, capacity := range []int{0, 10, len(content) / 2, len(content) - 1} {
			failure := errors.New("no space left")

			writer, err := format.NewWriter(&full{capacity, failure}, name, source.Format{}, texts("a", "b"))
			if err == nil {
				for _, record := range records {
					if err = writer.Append(record); err != nil {
						break
					}
				}

				if closed := writer.Close(); err == nil {
					err = closed
				}
			}

			require.Equal(t, failure, err, "%s, %d", name, capacity)
		}
	}
}

func TestNewWriterReportsConversions(t *testing.T) {
	t.Parallel()

	schema := append(texts("a"), source.Column{Name: "b", Standard: source.Standard{Type: source.Integer}})

	for _, f := range []source.Format{{}, {Encoding: "windows-1252"}} {
		writer, err := format.NewWriter(&bytes.Buffer{}, "orders.csv", f, schema)
		require.NoError(t, err)
		require.Equal(t, []source.Conversion{{Column: "b", From: "integer", To: "text"}}, writer.(format.Converter).Conversions())
		require.NoError(t, writer.Close())
	}
}

func TestAppendReportsInvalidValues(t *testing.T) {
	t.Parallel()

	writer, err := format.NewWriter(&bytes.Buffer{}, "orders.csv.gz", source.Format{}, texts("a"))
	require.NoError(t, err)

	err = format.Named(writer.Append(source.Record{"caf\xe9"}), "files", source.Table{Name: "orders"})
	requireProblem(t, err, source.CodeRecordInvalid, `record 1, column "a": "caf\xe9" is not UTF-8`)
	require.NoError(t, writer.Close())
}

func TestNamedAddsMissingNames(t *testing.T) {
	t.Parallel()

	table := source.Table{Space: "2024", Name: "orders"}
	other := errors.New("no space left")

	require.NoError(t, format.Named(nil, "files", table))
	require.Equal(t, other, format.Named(other, "files", table))
	require.Equal(t,
		&source.Error{Source: "files", Table: "2024.orders", Message: "m"},
		format.Named(&source.Error{Message: "m"}, "files", table))
	require.Equal(t,
		&source.Error{Source: "s", Table: "t", Message: "m"},
		format.Named(&source.Error{Source: "s", Table: "t", Message: "m"}, "files", table))

	problem := &format.Problem{Location: "line 2", Message: "m", Hint: "h"}
	require.Equal(t,
		&source.Error{Code: source.CodeRecordInvalid, Source: "files", Table: "2024.orders", Message: "line 2: m", Hint: "h", Err: problem},
		format.Named(problem, "files", table))
	require.True(t, strings.HasPrefix(problem.Error(), "line 2: "))
}
