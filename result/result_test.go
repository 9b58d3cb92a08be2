package result_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"math"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/source"
)

// open opens a store at a location.
func open(t *testing.T, location string) *result.Store {
	t.Helper()

	store, err := result.Open(t.Context(), location)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })

	return store
}

// maxInline is a limit for inline results.
const maxInline = 16 << 10

var numbered = source.Schema{column("n", source.Integer), column("text", source.Text)}

// texts returns count records, each with its number and a text of that many letters.
func texts(count, letters int) []source.Record {
	records := make([]source.Record, count)
	for i := range records {
		records[i] = source.Record{int64(i), strings.Repeat("x", letters)}
	}

	return records
}

// write writes a result set to the store, however small it is.
func write(t *testing.T, store *result.Store, key string, schema source.Schema, records ...source.Record) *job.Result {
	t.Helper()

	return writeUpTo(t, 0, store, key, schema, records...)
}

// writeUpTo writes a result set, which is part of the reference to it if it is not larger than that.
func writeUpTo(
	t *testing.T, inline int, store *result.Store, key string, schema source.Schema, records ...source.Record,
) *job.Result {
	t.Helper()

	writer, err := store.Create(t.Context(), key, nil, schema)
	require.NoError(t, err)
	writer.InlineUpTo(inline)

	for _, record := range records {
		require.NoError(t, writer.Append(record))
	}

	stored, err := writer.Commit()
	require.NoError(t, err)

	return stored
}

// answer returns the result set in the form of the API.
func answer(t *testing.T, store *result.Store, stored job.Result, withSchema bool) string {
	t.Helper()

	var text strings.Builder
	require.NoError(t, store.Copy(t.Context(), &text, stored, withSchema))
	require.True(t, json.Valid([]byte(text.String())), text.String())

	return text.String()
}

// appendMuch appends more records than fit into any buffer.
func appendMuch(t *testing.T, writer *result.Writer) {
	t.Helper()

	for range 1000 {
		require.NoError(t, writer.Append(source.Record{strings.Repeat("x", 1000)}))
	}
}

// files returns the names of all files in a folder, and below.
func files(t *testing.T, folder string) []string {
	t.Helper()

	var names []string

	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, path)
		}

		return err
	}))

	return names
}

// column describes a column of that type.
func column(name string, of source.Type) source.Column {
	return columnOf(name, source.Standard{Type: of})
}

// columnOf describes a column of that type with its arguments.
func columnOf(name string, of source.Standard) source.Column {
	return source.Column{Name: name, Native: source.NativeType{Name: "N", TypeStr: "N(1)", Precision: 1}, Standard: of}
}

func TestCopyHasTheFormOfTheAPI(t *testing.T) {
	t.Parallel()

	const schema = `"schema":[` +
		`{"name":"id","updateable":false,"type":{"name":"N","typeStr":"N(1)","precision":1,"scale":0},` +
		`"typeStandard":{"name":"integer","typeStr":"integer"}},` +
		`{"name":"company_name","updateable":false,"type":{"name":"N","typeStr":"N(1)","precision":1,"scale":0},` +
		`"typeStandard":{"name":"text","typeStr":"text"}}]`

	for _, test := range []struct {
		name, want string
		records    []source.Record
	}{
		{"no records", `"records":[]`, nil},
		{"one record", `"records":[{"id":1,"company_name":"IBM"}]`, []source.Record{{int64(1), "IBM"}}},
		{
			"two records", `"records":[{"id":1,"company_name":"IBM"},` + "\n" + `{"id":2,"company_name":null}]`,
			[]source.Record{{int64(1), "IBM"}, {int64(2), nil}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			store := open(t, t.TempDir())
			columns := source.Schema{column("id", source.Integer), column("company_name", source.Text)}
			stored := write(t, store, "7/run/1-1.json", columns, test.records...)

			require.EqualValues(t, len(test.records), stored.Records)
			require.Equal(t, "7/run/1-1.json", stored.Key)
			require.Equal(t, `{`+schema+`,`+test.want+`}`, answer(t, store, *stored, true))
			require.Equal(t, `{`+test.want+`}`, answer(t, store, *stored, false))
		})
	}
}

func TestCopyFormatsEveryType(t *testing.T) {
	t.Parallel()

	moment := time.Date(2024, 2, 29, 12, 30, 0, 120000000, time.FixedZone("", 2*60*60))

	for _, test := range []struct {
		of    string
		value any
		want  string
	}{
		{"text", "IBM", `"IBM"`},
		{"text", "", `""`},
		{"text", `<a href="x">&amp;</a>`, `"<a href=\"x\">&amp;</a>"`},
		{"text", "a\x00\n\\", `"a\u0000\n\\"`},
		{"text", "Nestlé 株式 \U0001F980", `"Nestlé 株式 ` + "\U0001F980" + `"`},
		{"integer", int64(math.MaxInt64), `9223372036854775807`},
		{"integer", int64(math.MinInt64), `-9223372036854775808`},
		{"decimal(40,2)", source.Number("12345678901234567890123456789012345678.90"), `12345678901234567890123456789012345678.90`},
		{"decimal", source.Number("-0.10"), `-0.10`},
		{"float", 0.1, `0.1`},
		{"float", 3.0, `3`},
		{"float", 1e21, `1e+21`},
		{"float", math.MaxFloat64, `1.7976931348623157e+308`},
		{"float", math.NaN(), `"NaN"`},
		{"float", math.Inf(1), `"Infinity"`},
		{"float", math.Inf(-1), `"-Infinity"`},
		{"boolean", true, `true`},
		{"boolean", false, `false`},
		{"date", moment, `"2024-02-29"`},
		{"time", 24 * time.Hour, `"24:00:00"`},
		{"time", time.Hour + 1500*time.Millisecond, `"01:00:01.5"`},
		{"datetime", time.Date(2024, 2, 29, 12, 30, 0, 0, time.UTC), `"2024-02-29T12:30:00"`},
		{"timestamp", moment, `"2024-02-29T12:30:00.12+02:00"`},
		{"timestamp", moment.UTC(), `"2024-02-29T10:30:00.12Z"`},
		{"binary", []byte{0, 255}, `"AP8="`},
		{"binary", []byte{}, `""`},
		{"json", json.RawMessage(`{"a": [1.50, "<é>"]}`), `{"a": [1.50, "<é>"]}`},
		{"json", json.RawMessage("{\n\t\"a\":\r\n1\n}"), "{ \t\"a\":  1 }"},
		{"json", json.RawMessage("null"), `null`},
		{"uuid", uuid.MustParse("018c9a3e-7b1d-7000-8000-0123456789ab"), `"018c9a3e-7b1d-7000-8000-0123456789ab"`},
		{"integer[]", []any{int64(1), nil, []any{int64(2)}}, `[1,null,[2]]`},
		{"json[]", []any{json.RawMessage("[\n1]")}, "[[ 1]]"},
		{"text[]", []any{"a", ""}, `["a",""]`},
		{"integer", nil, `null`},
	} {
		t.Run(test.of+" "+test.want, func(t *testing.T) {
			t.Parallel()

			store := open(t, t.TempDir())
			schema, record := source.Schema{columnOf("a", standard(t, test.of))}, source.Record{test.value}
			want := `{"records":[{"a":` + test.want + `}]}`

			require.Equal(t, want, answer(t, store, *write(t, store, "1.json", schema, record), false))

			inline := writeUpTo(t, maxInline, store, "2.json", schema, record)
			require.JSONEq(t, want, answer(t, store, *inline, false))
		})
	}
}

// standard reads a standard type.
func standard(t *testing.T, text string) source.Standard {
	t.Helper()

	of, err := source.ParseStandard(text)
	require.NoError(t, err)

	return of
}

func TestColumnNamesMayContainAnyCharacter(t *testing.T) {
	t.Parallel()

	const name = "<\"é\"> & \\\n"

	store := open(t, t.TempDir())
	stored := write(t, store, "1.json", source.Schema{column(name, source.Text)}, source.Record{"x"})

	var read struct {
		Schema  source.Schema    `json:"schema"`
		Records []map[string]any `json:"records"`
	}

	require.NoError(t, json.Unmarshal([]byte(answer(t, store, *stored, true)), &read))
	require.Equal(t, source.Schema{column(name, source.Text)}, read.Schema)
	require.Equal(t, []map[string]any{{name: "x"}}, read.Records)
}

func TestReferenceContainsTheName(t *testing.T) {
	t.Parallel()

	store, name := open(t, t.TempDir()), "companies"

	writer, err := store.Create(t.Context(), "1.json", &name, source.Schema{column("a", source.Text)})
	require.NoError(t, err)

	stored, err := writer.Commit()
	require.NoError(t, err)
	require.Equal(t, &name, stored.Name)
	require.Nil(t, write(t, store, "2.json", nil).Name)
}

func TestResultIsInvisibleBeforeCommit(t *testing.T) {
	t.Parallel()

	store, reference := open(t, t.TempDir()), job.Result{Key: "7/run/1-1.json"}

	writer, err := store.Create(t.Context(), reference.Key, nil, source.Schema{column("a", source.Text)})
	require.NoError(t, err)

	requireAbsent := func() {
		t.Helper()

		has, err := store.Has(t.Context(), reference)
		require.NoError(t, err)
		require.False(t, has)
		require.ErrorIs(t, store.Copy(t.Context(), &bytes.Buffer{}, reference, true), result.ErrNotFound)
	}

	requireAbsent()

	appendMuch(t, writer)
	requireAbsent()

	stored, err := writer.Commit()
	require.NoError(t, err)

	has, err := store.Has(t.Context(), *stored)
	require.NoError(t, err)
	require.True(t, has)
}

func TestAbortLeavesNoFile(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	store := open(t, folder)

	writer, err := store.Create(t.Context(), "7/run/1-1.json", nil, source.Schema{column("a", source.Text)})
	require.NoError(t, err)

	appendMuch(t, writer)
	require.NotEmpty(t, files(t, folder))
	require.NoError(t, writer.Abort())
	require.Empty(t, files(t, folder))
}

func TestCommitFailsAfterItsContextEnded(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	store := open(t, folder)
	ctx, cancel := context.WithCancel(t.Context())

	writer, err := store.Create(ctx, "1.json", nil, source.Schema{column("a", source.Text)})
	require.NoError(t, err)

	appendMuch(t, writer)
	cancel()

	_, err = writer.Commit()
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, files(t, folder))
}

func TestCommitLeavesOneFile(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	write(t, open(t, folder), "7/run/1-1.json", source.Schema{column("a", source.Text)})
	require.Equal(t, []string{filepath.Join(folder, "7", "run", "1-1.json")}, files(t, folder))
}

func TestCopyReportsMissingResultAndWritesNothing(t *testing.T) {
	t.Parallel()

	for _, withSchema := range []bool{true, false} {
		var written bytes.Buffer

		err := open(t, t.TempDir()).Copy(t.Context(), &written, job.Result{Key: "1.json", SchemaBytes: 9}, withSchema)
		require.ErrorIs(t, err, result.ErrNotFound)
		require.Empty(t, written.Bytes())
	}
}

func TestCreateRejectsInvalidSchemas(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name, message string
		schema        source.Schema
	}{
		{"two columns of one name", `two columns are named "id"`, source.Schema{column("id", source.Text), column("id", source.Text)}},
		{"a name that is not UTF-8", "not UTF-8", source.Schema{column("\xff", source.Text)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			folder := t.TempDir()

			_, err := open(t, folder).Create(t.Context(), "1.json", nil, test.schema)
			require.ErrorIs(t, err, result.ErrInvalid)
			require.ErrorContains(t, err, test.message)
			require.Empty(t, files(t, folder))
		})
	}
}

func TestAppendRejectsInvalidValuesAndNamesTheirPlace(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name, of string
		value    any
	}{
		{"not UTF-8", "text", "Nestl\xe9"},
		{"of no type", "text", int32(1)},
		{"no JSON", "json", json.RawMessage(`{"a":`)},
		{"JSON and more", "json", json.RawMessage(`1},{"a":2`)},
		{"no JSON at all", "json", json.RawMessage(nil)},
		{"JSON that is not UTF-8", "json", json.RawMessage("\"\xe9\"")},
		{"no JSON within a list", "json[]", []any{json.RawMessage("{")}},
		{"a year that RFC 3339 has not", "timestamp", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			schema := source.Schema{columnOf("a", standard(t, test.of))}

			writer, err := open(t, t.TempDir()).Create(t.Context(), "1.json", nil, schema)
			require.NoError(t, err)
			require.NoError(t, writer.Append(source.Record{nil}))

			err = writer.Append(source.Record{test.value})
			require.ErrorIs(t, err, result.ErrInvalid)
			require.ErrorContains(t, err, `record 2: column "a"`)
			require.NoError(t, writer.Abort())
		})
	}
}

func TestAppendRejectsRecordsOfOtherLength(t *testing.T) {
	t.Parallel()

	writer, err := open(t, t.TempDir()).Create(t.Context(), "1.json", nil, source.Schema{column("a", source.Text)})
	require.NoError(t, err)

	for _, record := range []source.Record{{}, {"x", "y"}} {
		err = writer.Append(record)
		require.ErrorIs(t, err, result.ErrInvalid)
		require.ErrorContains(t, err, "record 1: ")
	}
}

func TestOpenAcceptsFoldersAndURLs(t *testing.T) {
	t.Parallel()

	folder := filepath.Join(t.TempDir(), "made when missing", "50%")

	stored := write(t, open(t, folder), "1.json", source.Schema{column("a", source.Text)}, source.Record{"x"})

	byURL := open(t, (&url.URL{Scheme: "file", Path: folder}).String())
	require.JSONEq(t, `{"records":[{"a":"x"}]}`, answer(t, byURL, *stored, false))

	write(t, byURL, "2.json", source.Schema{column("a", source.Text)})
	require.Len(t, files(t, folder), 2)
}

func TestOpenRejectsInvalidLocations(t *testing.T) {
	t.Parallel()

	for _, location := range []string{"nothing://bucket", "://", "file://./results", "file:///results?metadata=skip"} {
		_, err := result.Open(t.Context(), location)
		require.ErrorContains(t, err, `the result store "`+location+`"`)
	}
}

// A client that decodes the response gets exactly the text of the source.
func FuzzAnyTextIsAnsweredAsItWas(f *testing.F) {
	for _, text := range []string{
		"", "IBM", `"quoted" \ back`, "<a>&amp;", "\x00\x1f\x7f", "\u2028\u2029\ufeff\ufffd", "Nestlé 株式 \U0001F980", "\xff",
	} {
		f.Add(text)
	}

	f.Fuzz(func(t *testing.T, text string) {
		t.Parallel()

		store := open(t, t.TempDir())

		writer, err := store.Create(t.Context(), "1.json", nil, source.Schema{column("a", source.Text)})
		require.NoError(t, err)

		err = writer.Append(source.Record{text})
		if !utf8.ValidString(text) {
			require.ErrorIs(t, err, result.ErrInvalid)
			require.NoError(t, writer.Abort())

			return
		}

		require.NoError(t, err)

		stored, err := writer.Commit()
		require.NoError(t, err)

		var read struct {
			Records []map[string]string `json:"records"`
		}

		require.NoError(t, json.Unmarshal([]byte(answer(t, store, *stored, false)), &read))
		require.Equal(t, []map[string]string{{"a": text}}, read.Records)
	})
}
