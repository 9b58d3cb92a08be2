package csv_test

import (
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/csv"
)

var no = false

// readAll returns the records of rows up to the end or the first error.
func readAll(tb testing.TB, rows source.Rows) ([]source.Record, error) {
	tb.Helper()

	var records []source.Record

	for {
		record, err := rows.Next(tb.Context())
		if err == io.EOF {
			return records, nil
		}

		if err != nil {
			return records, err
		}

		records = append(records, slices.Clone(record))
	}
}

// requireInvalid verifies an error about content, and that it names neither source nor table.
func requireInvalid(t *testing.T, err error, message string) {
	t.Helper()

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, source.Error{Code: source.CodeRecordInvalid, Message: message, Hint: problem.Hint}, *problem)
	require.NotEmpty(t, problem.Hint)
}

func TestNewDialectRefusesAmbiguousFormats(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name    string
		format  source.Format
		message string
	}{
		{"a separator of two characters", source.Format{Separator: "||"}, `the separator "||" is not one character`},
		{"a line break as separator", source.Format{Separator: "\n"}, `the separator "\n" is not one character`},
		{"half a character as separator", source.Format{Separator: "\xc3"}, `the separator "\xc3" is not one character`},
		{"a quote of two characters", source.Format{Quote: "''"}, `the quote "''" is not one character`},
		{"one character for both", source.Format{Separator: "'", Quote: "'"}, `"'" is both the separator and the quote`},
		{"a separator in NULL", source.Format{Null: "a,b"}, `the text "a,b" for NULL contains a separator, a quote or a line break`},
		{"a quote in NULL", source.Format{Null: `"NULL"`}, `the text "\"NULL\"" for NULL contains a separator, a quote or a line break`},
		{"a line break in NULL", source.Format{Null: "a\nb"}, `the text "a\nb" for NULL contains a separator, a quote or a line break`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			schema := source.Schema{{Name: "a", Standard: source.Standard{Type: source.Text}}}

			_, readError := csv.NewReader(nil, source.Read{Format: test.format})
			_, writeError := csv.NewWriter(nil, test.format, schema)

			for _, err := range []error{readError, writeError} {
				var problem *source.Error
				require.ErrorAs(t, err, &problem)
				require.Equal(t, source.CodeOperationUnsupported, problem.Code)
				require.Equal(t, test.message, problem.Message)
			}
		})
	}
}
