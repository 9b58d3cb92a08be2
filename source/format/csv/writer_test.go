package csv_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/csv"
)

// text returns a schema of text columns.
func text(names ...string) source.Schema {
	schema := make(source.Schema, len(names))
	for i, name := range names {
		schema[i] = source.Column{Name: name, Standard: source.Standard{Type: source.Text}}
	}

	return schema
}

// write returns a file with records, or the first error.
func write(f source.Format, schema source.Schema, records ...source.Record) (string, error) {
	var file strings.Builder

	writer, err := csv.NewWriter(&file, f, schema)
	if err != nil {
		return "", err
	}

	for _, record := range records {
		if err := writer.Append(record); err != nil {
			return "", err
		}
	}

	err = writer.Close()

	return file.String(), err
}

func TestWriteVariantsOfCSV(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name    string
		format  source.Format
		records []source.Record
		file    string
	}{
		{"plain", source.Format{}, []source.Record{{"1", "Oslo"}}, "a,b\n1,Oslo\n"},
		{"no records", source.Format{}, nil, "a,b\n"},
		{"NULL and empty text", source.Format{}, []source.Record{{nil, ""}, {nil, nil}}, "a,b\n,\"\"\n,\n"},
		{"quotes where they are needed", source.Format{}, []source.Record{{"x,y", `x"y`}, {"x\ny", "x\ry"}, {" x ", "é"}}, "a,b\n\"x,y\",\"x\"\"y\"\n\"x\ny\",\"x\ry\"\n x ,é\n"},
		{"a text for NULL", source.Format{Null: `\N`}, []source.Record{{nil, ""}, {`\N`, `\N `}}, "a,b\n\\N,\n\"\\N\",\\N \n"},
		{"semicolons", source.Format{Separator: ";"}, []source.Record{{"1,5", "x;y"}}, "a;b\n1,5;\"x;y\"\n"},
		{"tab", source.Format{Separator: "tab"}, []source.Record{{"1\t5", "x"}}, "a\tb\n\"1\t5\"\tx\n"},
		{"a separator of several bytes", source.Format{Separator: "→"}, []source.Record{{"→", "←"}}, "a→b\n\"→\"→←\n"},
		{"another quote", source.Format{Quote: "'"}, []source.Record{{`"`, "it's"}}, "a,b\n\",'it''s'\n"},
		{"no header", source.Format{Header: &no}, []source.Record{{"1", "2"}}, "1,2\n"},
		{"no quotes", source.Format{Quote: "none", Null: "-"}, []source.Record{{`"`, ""}, {nil, "x"}}, "a,b\n\",\n-,x\n"},
		{"what looks like a byte order mark", source.Format{Header: &no}, []source.Record{{"\ufeffx", "2"}}, "\"\ufeffx\",2\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			file, err := write(test.format, text("a", "b"), test.records...)
			require.NoError(t, err)
			require.Equal(t, test.file, file)
		})
	}
}

func TestWriteEveryType(t *testing.T) {
	t.Parallel()

	moment := time.Date(2024, 5, 1, 12, 30, 0, 500_000_000, time.FixedZone("", 2*3600))

	var (
		schema      source.Schema
		record      source.Record
		fields      []string
		conversions []source.Conversion
	)

	for _, column := range []struct {
		name  string
		value any
		field string
	}{
		{"text", "x", "x"},
		{"integer", int64(-42), "-42"},
		{"decimal(10,2)", source.Number("1.50"), "1.50"},
		{"float", 1.5e300, "1.5e+300"},
		{"boolean", true, "true"},
		{"date", moment.Truncate(24 * time.Hour), "2024-05-01"},
		{"time", 90 * time.Second, "00:01:30"},
		{"datetime", moment, "2024-05-01T12:30:00.5"},
		{"timestamp", moment, "2024-05-01T12:30:00.5+02:00"},
		{"binary", []byte{0, 255}, "AP8="},
		{"json", json.RawMessage(`{"a":1}`), `"{""a"":1}"`},
		{"uuid", uuid.UUID{15: 1}, "00000000-0000-0000-0000-000000000001"},
		{"integer[]", []any{int64(1), nil}, `"[1,null]"`},
	} {
		standard, err := source.ParseStandard(column.name)
		require.NoError(t, err)

		schema = append(schema, source.Column{Name: column.name, Standard: standard})
		record = append(record, column.value)
		fields = append(fields, column.field)

		if column.name != "text" {
			conversions = append(conversions, source.Conversion{Column: column.name, From: column.name, To: "text"})
		}
	}

	file, err := write(source.Format{Header: &no}, schema, record)
	require.NoError(t, err)
	require.Equal(t, strings.Join(fields, ",")+"\n", file)

	writer, err := csv.NewWriter(nil, source.Format{}, schema)
	require.NoError(t, err)
	require.Equal(t, conversions, writer.Conversions(), "readers find text")
}

func TestWriteReportsInvalidNamesAndValues(t *testing.T) {
	t.Parallel()

	good := source.Record{"x", "y"}

	for _, test := range []struct {
		name    string
		format  source.Format
		schema  source.Schema
		record  source.Record
		message string
	}{
		{"not UTF-8", source.Format{}, text("a", "b"), source.Record{"x", "caf\xe9"}, `record 2, column "b": "caf\xe9" is not UTF-8`},
		{"no value of the type", source.Format{}, text("a", "b"), source.Record{1, "x"}, `record 2, column "a": a int is not a value of type text`},
		{"a separator without quotes", source.Format{Quote: "none"}, text("a", "b"), source.Record{"x,y", "x"}, `record 2, column "a": "x,y" would be read differently in a file without quotes`},
		{"a line break without quotes", source.Format{Quote: "none"}, text("a", "b"), source.Record{strings.Repeat("x", 100) + "\n", "x"}, `record 2, column "a": "` + strings.Repeat("x", 50) + `…" would be read differently in a file without quotes`},
		{"empty text without quotes", source.Format{Quote: "none"}, text("a", "b"), source.Record{"", "x"}, `record 2, column "a": the text "" would be read as NULL in a file without quotes`},
		{"the text for NULL without quotes", source.Format{Quote: "none", Null: "-"}, text("a", "b"), source.Record{"-", "x"}, `record 2, column "a": the text "-" would be read as NULL in a file without quotes`},
		{"no columns", source.Format{}, nil, nil, "CSV cannot represent a table without columns"},
		{"a column without a name", source.Format{}, text("a", ""), nil, `the name of column 2 is "", which is empty or not unique`},
		{"two columns of one name", source.Format{}, text("a", "a"), nil, `the name of column 2 is "a", which is empty or not unique`},
		{"a name that needs quotes", source.Format{Quote: "none"}, text("a", "b,c"), nil, `the name of column 2: "b,c" would be read differently in a file without quotes`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			_, err := write(test.format, test.schema, good, test.record)
			requireInvalid(t, err, test.message)
		})
	}
}

func TestAppendWritesNothingOfAnInvalidRecord(t *testing.T) {
	t.Parallel()

	var file strings.Builder

	writer, err := csv.NewWriter(&file, source.Format{}, text("a", "b"))
	require.NoError(t, err)
	require.Error(t, writer.Append(source.Record{"x", "\xff"}))
	require.NoError(t, writer.Append(source.Record{"1", "2"}))
	require.NoError(t, writer.Close())
	require.Equal(t, "a,b\n1,2\n", file.String())
}

// full is a file on a full disk.
type full struct{ err error }

func (f full) Write([]byte) (int, error) { return 0, f.err }

func TestWriteReturnsErrorsOfTheFileUnchanged(t *testing.T) {
	t.Parallel()

	failure := errors.New("no space left")

	writer, err := csv.NewWriter(full{failure}, source.Format{}, text("a"))
	require.NoError(t, err)
	require.Equal(t, failure, writer.Append(source.Record{strings.Repeat("x", 100_000)}))
	require.NoError(t, writer.Append(source.Record{"x"}))
	require.Equal(t, failure, writer.Close())
}
