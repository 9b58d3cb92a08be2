package files_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
)

func TestWriteTableTreatsTheExistingFileByMode(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name      string
		there     string
		mode      source.Mode
		columns   []string
		records   []source.Record
		expected  string
		rows      int64
		otherFile string // What to write in place of t.csv.
	}{
		{name: "replace nothing", mode: source.Replace, columns: []string{"id"}, records: []source.Record{{"1"}}, expected: "id\n1\n", rows: 1},
		{name: "replace", there: "a,b\n1,2\n", mode: source.Replace, columns: []string{"id"}, records: []source.Record{{"1"}}, expected: "id\n1\n", rows: 1},
		{name: "replace by nothing", there: "a,b\n1,2\n", mode: source.Replace, columns: []string{"id"}, expected: "id\n"},
		{name: "replace what is no table", there: "\"", mode: source.Replace, columns: []string{"id"}, expected: "id\n"},
		{name: "append to nothing", mode: source.Append, columns: []string{"id"}, records: []source.Record{{"1"}}, expected: "id\n1\n", rows: 1},
		{name: "append", there: "a,b\n1,2\n", mode: source.Append, columns: []string{"b", "a"}, records: []source.Record{{"4", "3"}, {"6", "5"}}, expected: "a,b\n1,2\n3,4\n5,6\n", rows: 2},
		{name: "append no records", there: "a,b\n1,2\n", mode: source.Append, columns: []string{"a"}, expected: "a,b\n1,2\n"},
		{name: "append without a line break at the end", there: "a,b\n1,2", mode: source.Append, columns: []string{"a"}, records: []source.Record{{"3"}}, expected: "a,b\n1,2\n3,\n", rows: 1},
		{name: "append to no records", there: "a,b\n", mode: source.Append, columns: []string{"b"}, records: []source.Record{{"4"}, {nil}, {""}}, expected: "a,b\n,4\n,\n,\"\"\n", rows: 3},
		{name: "insert", there: "a,b\n1,2\n", mode: source.Insert, columns: []string{"b"}, records: []source.Record{{"4"}}, expected: "a,b\n1,2\n,4\n", rows: 1},
		{name: "refill nothing", mode: source.Refill, columns: []string{"id"}, records: []source.Record{{"1"}}, expected: "id\n1\n", rows: 1},
		{name: "refill", there: "a,b\n1,2\n", mode: source.Refill, columns: []string{"b", "a"}, records: []source.Record{{"4", "3"}}, expected: "a,b\n3,4\n", rows: 1},
		{name: "refill without one column", there: "a,b\n1,2\n", mode: source.Refill, columns: []string{"b"}, records: []source.Record{{"4"}}, expected: "a,b\n,4\n", rows: 1},
		{name: "refill by nothing", there: "a,b\n1,2\n", mode: source.Refill, columns: []string{"b"}, expected: "a,b\n"},
		{name: "append to what has no columns", there: "[]", mode: source.Append, columns: []string{"id"}, records: []source.Record{{"1"}}, expected: "[\n{\"id\":\"1\"}\n]\n", rows: 1, otherFile: "t.json"},
		{name: "refill what has no columns", there: "[]", mode: source.Refill, columns: []string{"id"}, records: []source.Record{{"1"}}, expected: "[\n{\"id\":\"1\"}\n]\n", rows: 1, otherFile: "t.json"},
		{name: "in a folder that is missing", mode: source.Replace, columns: []string{"id"}, expected: "id\n", otherFile: "2024/may/t.csv"},
		{name: "a name with a special character", mode: source.Append, columns: []string{"id"}, expected: "id\n", otherFile: `t\[1].csv`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			name := test.otherFile
			if name == "" {
				name = "t.csv"
			}

			content := map[string]string{}
			if test.there != "" {
				content[name] = test.there
			}

			into := open(t, "files", content)

			written, err := into.write(t, source.Write{Table: named(name), Mode: test.mode}, test.columns, test.records...)
			require.NoError(t, err)
			require.Equal(t, source.Written{Rows: test.rows}, written)
			require.Equal(t, test.expected, into.text(t, strings.ReplaceAll(name, `\`, "")))
			require.Len(t, into.names(t), 1)
		})
	}
}

func TestWriteTableWritesIntoASpace(t *testing.T) {
	t.Parallel()

	into := open(t, "files", nil)

	_, err := into.write(t, source.Write{Table: source.Table{Space: "2024", Name: "may/t.csv"}, Mode: source.Replace}, []string{"id"})
	require.NoError(t, err)
	require.Equal(t, []string{"2024/may/t.csv"}, into.names(t))
}

func TestWriteTableChangesNothingIfItIsRefused(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name    string
		table   string
		mode    source.Mode
		columns []string
		records []source.Record
		code    source.Code
		message string
	}{
		{"upsert", "t.csv", source.Upsert, []string{"id"}, nil, source.CodeOperationUnsupported, "a file has no keys"},
		{"update", "t.csv", source.Update, []string{"id"}, nil, source.CodeOperationUnsupported, "a file has no keys"},
		{"delete", "t.csv", source.Delete, []string{"id"}, nil, source.CodeOperationUnsupported, "a file has no keys"},
		{"insert into nothing", "u.csv", source.Insert, []string{"id"}, nil, source.CodeTableNotFound, "there is no such file"},
		{"append an unknown column", "t.csv", source.Append, []string{"id", "nom"}, nil, source.CodeRecordInvalid, `the file has no column "nom"`},
		{"insert an unknown column", "t.csv", source.Insert, []string{"nom"}, nil, source.CodeRecordInvalid, `the file has no column "nom"`},
		{"refill an unknown column", "t.csv", source.Refill, []string{"ID"}, nil, source.CodeRecordInvalid, `the file has no column "ID"`},
		{"append a column twice", "t.csv", source.Append, []string{"id", "id"}, nil, source.CodeRecordInvalid, `the records have two columns "id"`},
		{"append to what is no table", "bad.csv", source.Append, []string{"id"}, nil, source.CodeRecordInvalid, "line 3"},
		{"a pattern", "*.csv", source.Replace, []string{"id"}, nil, source.CodeOperationUnsupported, "a pattern names many files"},
		{"a folder", "folder.csv", source.Append, []string{"id"}, nil, source.CodeUnavailable, "its name is that of a folder"},
		{"in a file", "t.csv/u.csv", source.Replace, []string{"id"}, nil, source.CodeUnavailable, "its name is that of a folder, or its folder's name is that of a file"},
		{"outside", "../t.csv", source.Replace, []string{"id"}, nil, source.CodeUnavailable, "escapes"},
		{"a draft", ".jobwright-1.csv", source.Replace, []string{"id"}, nil, source.CodeOperationUnsupported, "still being written"},
		{"an unknown extension", "t.doc", source.Replace, []string{"id"}, nil, source.CodeOperationUnsupported, "t.doc"},
		{"no column", "t.csv", source.Replace, nil, nil, source.CodeRecordInvalid, "without columns"},
		{"a value that is no text", "t.csv", source.Replace, []string{"id"}, []source.Record{{"1"}, {"\xff"}}, source.CodeRecordInvalid, "record 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			into := open(t, "files", map[string]string{
				"t.csv": "id,name\n1,a\n", "bad.csv": "id\n1\n1,2\n", "folder.csv/t.csv": "id\n",
			})

			_, err := into.write(t, source.Write{Table: named(test.table), Mode: test.mode}, test.columns, test.records...)
			problem := requireProblem(t, err, test.code, test.table, test.message)
			require.False(t, problem.Retryable)
			require.Equal(t, []string{"bad.csv", "folder.csv/t.csv", "t.csv"}, into.names(t))
			require.Equal(t, "id,name\n1,a\n", into.text(t, "t.csv"))
			require.Equal(t, "id\n1\n1,2\n", into.text(t, "bad.csv"))
		})
	}
}

func TestWriteTableLeavesTheFileUnchangedIfTheRowsFail(t *testing.T) {
	t.Parallel()

	failure := errors.New("the other source is gone")

	for _, mode := range []source.Mode{source.Replace, source.Append, source.Insert, source.Refill} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()

			into := open(t, "files", map[string]string{"t.csv": "id\n1\n"})

			rows := texts([]string{"id"}, source.Record{strings.Repeat("long ", 1<<20)})
			rows.Failure = failure

			_, err := into.WriteTable(t.Context(), source.Write{Table: named("t.csv"), Mode: mode}, rows)
			require.Equal(t, failure, err)
			require.Equal(t, []string{"t.csv"}, into.names(t))
			require.Equal(t, "id\n1\n", into.text(t, "t.csv"))
		})
	}
}

func TestWriteTableEndsWithItsContext(t *testing.T) {
	t.Parallel()

	into := open(t, "files", map[string]string{"t.csv": "id\n1\n"})

	ctx, cancel := context.WithCancel(t.Context())
	rows := &interrupted{Rows: texts([]string{"id"}, source.Record{"2"}, source.Record{"3"}), before: cancel}

	_, err := into.WriteTable(ctx, source.Write{Table: named("t.csv"), Mode: source.Append}, rows)
	require.Equal(t, context.Canceled, err)
	require.Equal(t, []string{"t.csv"}, into.names(t))
	require.Equal(t, "id\n1\n", into.text(t, "t.csv"))
}

// interrupted calls a function before it returns its first record.
type interrupted struct {
	source.Rows

	before func()
}

func (r *interrupted) Next(ctx context.Context) (source.Record, error) {
	if before := r.before; before != nil {
		r.before = nil

		before()
	}

	return r.Rows.Next(ctx)
}

func TestConcurrentAppendsFailOneWithARetryableError(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name  string
		there map[string]string
		mode  source.Mode
		after string
	}{
		{"a file", map[string]string{"t.csv": "id\n1\n"}, source.Append, "id\n1\nfirst\n"},
		{"inserts", map[string]string{"t.csv": "id\n1\n"}, source.Insert, "id\n1\nfirst\n"},
		{"no file", nil, source.Append, "id\nfirst\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			into := open(t, "files", test.there)
			write := source.Write{Table: named("t.csv"), Mode: test.mode}

			rows := &interrupted{Rows: texts([]string{"id"}, source.Record{"second"}), before: func() {
				first := source.Write{Table: write.Table, Mode: source.Append}
				_, err := into.write(t, first, []string{"id"}, source.Record{"first"})
				require.NoError(t, err)
			}}

			_, err := into.WriteTable(t.Context(), write, rows)
			require.True(t, requireProblem(t, err, source.CodeUnavailable, "t.csv", "another process changed the file").Retryable)
			require.Equal(t, []string{"t.csv"}, into.names(t))
			require.Equal(t, test.after, into.text(t, "t.csv"))

			_, err = into.write(t, write, []string{"id"}, source.Record{"second"})
			require.NoError(t, err)
			require.Equal(t, test.after+"second\n", into.text(t, "t.csv"))
		})
	}
}

func TestAppendDoesNotRecreateAFileThatIsRemovedMeanwhile(t *testing.T) {
	t.Parallel()

	into := open(t, "files", map[string]string{"t.csv": "id\n1\n"})

	rows := &interrupted{Rows: texts([]string{"id"}), before: func() {
		require.NoError(t, into.DropTable(t.Context(), named("t.csv")))
	}}

	_, err := into.WriteTable(t.Context(), source.Write{Table: named("t.csv"), Mode: source.Append}, rows)
	require.True(t, requireProblem(t, err, source.CodeUnavailable, "t.csv", "another process changed the file").Retryable)
	require.Empty(t, into.names(t))
}

func TestWriteTableMayReplaceAFileThatIsRead(t *testing.T) {
	t.Parallel()

	files := open(t, "files", map[string]string{"t.csv": "id\n1\n2\n"})

	rows, err := files.ReadTable(t.Context(), source.Read{Table: named("t.csv")})
	require.NoError(t, err)

	written, err := files.WriteTable(t.Context(), source.Write{Table: named("t.csv"), Mode: source.Replace}, rows)
	require.NoError(t, err)
	require.Equal(t, source.Written{Rows: 2}, written)
	require.NoError(t, rows.Close())
	require.Equal(t, "id\n1\n2\n", files.text(t, "t.csv"))
}

func TestAppendConvertsToTheExistingTypes(t *testing.T) {
	t.Parallel()

	into := open(t, "files", map[string]string{"t.csv": "id,name\n1,a\n"})

	rows := sourcetest.NewRows(source.Schema{
		sourcetest.Column("name", source.Standard{Type: source.Text}), sourcetest.Column("id", source.Standard{Type: source.Integer}),
	}, source.Record{"b", int64(2)})

	written, err := into.WriteTable(t.Context(), source.Write{Table: named("t.csv"), Mode: source.Append}, rows)
	require.NoError(t, err)
	require.Equal(t, source.Written{Rows: 1, Conversions: []source.Conversion{{Column: "id", From: "integer", To: "text"}}}, written)
	require.Equal(t, "id,name\n1,a\n2,b\n", into.text(t, "t.csv"))
}

// A reader that reads the column as JSON gets every value back.
func TestAppendWritesJSONAsTheFormatDoes(t *testing.T) {
	t.Parallel()

	rows := func() *sourcetest.Rows {
		return sourcetest.NewRows(source.Schema{sourcetest.Column("v", source.Standard{Type: source.JSON})},
			source.Record{json.RawMessage(`"5"`)}, source.Record{nil}, source.Record{json.RawMessage(`{"a":1}`)})
	}

	for name, want := range map[string]string{
		"t.csv":    "v\nx\n\"\"\"5\"\"\"\n\n\"{\"\"a\"\":1}\"\n",
		"t.ndjson": `{"v":"x"}` + "\n" + `{"v":"5"}` + "\n" + `{"v":null}` + "\n" + `{"v":"{\"a\":1}"}` + "\n",
	} {
		into := open(t, "files", map[string]string{"t.csv": "v\nx\n", "t.ndjson": `{"v":"x"}`})

		written, err := into.WriteTable(t.Context(), source.Write{Table: named(name), Mode: source.Append}, rows())
		require.NoError(t, err)
		require.Len(t, written.Conversions, 1)
		require.Equal(t, want, into.text(t, name))
	}
}

// A column that contains only null has no type yet.
func TestAppendGivesAColumnOfNullsTheTypeOfTheRows(t *testing.T) {
	t.Parallel()

	into := open(t, "files", map[string]string{"t.ndjson": `{"d":null,"v":null,"n":1}`})

	rows := sourcetest.NewRows(source.Schema{
		sourcetest.Column("v", source.Standard{Type: source.JSON}), sourcetest.Column("d", source.Standard{Type: source.Date}),
	}, source.Record{json.RawMessage(`{"a":1}`), time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)})

	written, err := into.WriteTable(t.Context(), source.Write{Table: named("t.ndjson"), Mode: source.Append}, rows)
	require.NoError(t, err)
	require.Equal(t, []source.Conversion{{Column: "d", From: "date", To: "string"}}, written.Conversions)

	lines := []string{`{"d":null,"v":null,"n":1}`, `{"d":"2024-02-29","v":{"a":1},"n":null}`, ""}
	require.Equal(t, lines, strings.Split(into.text(t, "t.ndjson"), "\n"))
}

func TestAppendReadsTheExistingFileInTheFormatOfTheWrite(t *testing.T) {
	t.Parallel()

	into := open(t, "files", map[string]string{"t.txt": "1;a\n"})
	header := false
	format := source.Format{Type: "csv", Separator: ";", Header: &header}

	_, err := into.write(t, source.Write{Table: named("t.txt"), Mode: source.Append, Format: format}, []string{"column2"}, source.Record{"b"})
	require.NoError(t, err)
	require.Equal(t, "1;a\n;b\n", into.text(t, "t.txt"))
}

// number writes a file with a typed column.
func number(t *testing.T, into folder, name string, of source.Standard, value any) {
	t.Helper()

	rows := sourcetest.NewRows(source.Schema{sourcetest.Column("id", of)}, source.Record{value})
	_, err := into.WriteTable(t.Context(), source.Write{Table: named(name), Mode: source.Replace}, rows)
	require.NoError(t, err)
}

func TestAppendRefusesValuesThatDoNotFitTheColumn(t *testing.T) {
	t.Parallel()

	into := open(t, "files", nil)
	number(t, into, "t.parquet", source.Standard{Type: source.Integer}, int64(1))

	write := source.Write{Table: named("t.parquet"), Mode: source.Append}

	_, err := into.write(t, write, []string{"id"}, source.Record{"2"}, source.Record{"many"})
	requireProblem(t, err, source.CodeRecordInvalid, "t.parquet", `record 2, column "id": "many" is not a value of type integer`)

	written, err := into.write(t, write, []string{"id"}, source.Record{"2"})
	require.NoError(t, err)
	require.EqualValues(t, 1, written.Rows)

	records, _, err := into.read(t, source.Read{Table: named("t.parquet")})
	require.NoError(t, err)
	require.Equal(t, []source.Record{{int64(1)}, {int64(2)}}, records)
}

func TestReadTableRequiresEqualTypesOfAllFiles(t *testing.T) {
	t.Parallel()

	from := open(t, "files", nil)
	number(t, from, "1.parquet", source.Standard{Type: source.Integer}, int64(1))
	number(t, from, "2.parquet", source.Standard{Type: source.Text}, "2")

	_, _, err := from.read(t, source.Read{Table: named("*.parquet")})
	requireProblem(t, err, source.CodeRecordInvalid, "2.parquet", `column "id" has the type text instead of integer`)
}

func TestAppendWritesTextsInTheNotationOfTheFile(t *testing.T) {
	t.Parallel()

	to := open(t, "files", map[string]string{"a.csv": "id;betrag;am\n1;1.234,56;31.12.2025\n"})
	format := source.Format{Separator: ";", Notation: source.Notation{DecimalSeparator: ",", ThousandsSeparator: ".", DateFormat: "dd.MM.yyyy"}}
	columns := source.Schema{
		sourcetest.Column("id", source.Standard{Type: source.Integer}), sourcetest.Column("betrag", source.Standard{Type: source.Decimal}),
		sourcetest.Column("am", source.Standard{Type: source.Date}),
	}

	_, err := to.WriteTable(t.Context(), source.Write{Table: named("a.csv"), Mode: source.Append, Format: format},
		sourcetest.NewRows(columns, source.Record{int64(2000), source.Number("1000.50"), time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}))
	require.NoError(t, err)
	require.Equal(t, "id;betrag;am\n1;1.234,56;31.12.2025\n2000;1000,50;02.01.2026\n", to.text(t, "a.csv"))
}
