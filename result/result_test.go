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

// write writes a result set.
func write(t *testing.T, store *result.Store, key string, schema source.Schema, records ...source.Record) *job.Result {
	t.Helper()

	writer, err := store.Create(t.Context(), key, nil, schema)
	require.NoError(t, err)

	for _, record := range records {
		require.NoError(t, writer.Append(record))
	}

	stored, err := writer.Commit()
	require.NoError(t, err)

	return stored
}

// answer returns the result set as the API answers it.
func answer(t *testing.T, store *result.Store, stored job.Result, withSchema bool) string {
	t.Helper()

	var text strings.Builder
	require.NoError(t, store.Copy(t.Context(), &text, stored, withSchema))
	require.True(t, json.Valid([]byte(text.String())), text.String())

	return text.String()
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
	return source.Column{Name: name, Native: source.NativeType{Name: "N", TypeStr: "N(1)", Precision: 1}, Type: of}
}

func TestAResultIsAnsweredAsTheAPIDocumentsIt(t *testing.T) {
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
			"two records", `"records":[{"id":1,"company_name":"IBM"},{"id":2,"company_name":null}]`,
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

func TestEachValueIsWrittenInTheFormOfItsType(t *testing.T) {
	t.Parallel()

	moment := time.Date(2024, 2, 29, 12, 30, 0, 120000000, time.FixedZone("", 2*60*60))

	for _, test := range []struct {
		of    source.Type
		value any
		want  string
	}{
		{source.Text, "IBM", `"IBM"`},
		{source.Text, "", `""`},
		{source.Text, `<a href="x">&amp;</a>`, `"<a href=\"x\">&amp;</a>"`},
		{source.Text, "a\x00\n\\", `"a\u0000\n\\"`},
		{source.Text, "Nestlé 株式 \U0001F980", `"Nestlé 株式 ` + "\U0001F980" + `"`},
		{source.Integer, int64(math.MaxInt64), `9223372036854775807`},
		{source.Integer, int64(math.MinInt64), `-9223372036854775808`},
		{source.Float, 0.1, `0.1`},
		{source.Float, 3.0, `3`},
		{source.Float, 1e21, `1e+21`},
		{source.Float, math.MaxFloat64, `1.7976931348623157e+308`},
		{source.Float, math.NaN(), `"NaN"`},
		{source.Float, math.Inf(1), `"Infinity"`},
		{source.Float, math.Inf(-1), `"-Infinity"`},
		{source.Boolean, true, `true`},
		{source.Boolean, false, `false`},
		{source.Date, moment, `"2024-02-29"`},
		{source.Timestamp, moment, `"2024-02-29T12:30:00.12+02:00"`},
		{source.Timestamp, moment.UTC(), `"2024-02-29T10:30:00.12Z"`},
		{source.Binary, []byte{0, 255}, `"AP8="`},
		{source.Binary, []byte{}, `""`},
		{source.Integer, nil, `null`},
	} {
		t.Run(test.want, func(t *testing.T) {
			t.Parallel()

			store := open(t, t.TempDir())
			stored := write(t, store, "1.json", source.Schema{column("a", test.of)}, source.Record{test.value})

			require.Equal(t, `{"records":[{"a":`+test.want+`}]}`, answer(t, store, *stored, false))
		})
	}
}

func TestNamesOfColumnsMayHoldAnything(t *testing.T) {
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

func TestAResultCarriesItsNameWhereItHasOne(t *testing.T) {
	t.Parallel()

	store, name := open(t, t.TempDir()), "companies"

	writer, err := store.Create(t.Context(), "1.json", &name, source.Schema{column("a", source.Text)})
	require.NoError(t, err)

	stored, err := writer.Commit()
	require.NoError(t, err)
	require.Equal(t, &name, stored.Name)
	require.Nil(t, write(t, store, "2.json", nil).Name)
}

func TestNothingIsSeenBeforeACommit(t *testing.T) {
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

	for range 1000 { // More than any buffer on the way holds.
		require.NoError(t, writer.Append(source.Record{strings.Repeat("x", 1000)}))
	}

	requireAbsent()

	stored, err := writer.Commit()
	require.NoError(t, err)

	has, err := store.Has(t.Context(), *stored)
	require.NoError(t, err)
	require.True(t, has)
}

func TestAnAbortedResultLeavesNothing(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	store := open(t, folder)

	writer, err := store.Create(t.Context(), "7/run/1-1.json", nil, source.Schema{column("a", source.Text)})
	require.NoError(t, err)
	require.NoError(t, writer.Append(source.Record{"x"}))
	require.NoError(t, writer.Abort())
	require.Empty(t, files(t, folder))
}

func TestAResultWhoseContextEndedIsNotCommitted(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	store := open(t, folder)
	ctx, cancel := context.WithCancel(t.Context())

	writer, err := store.Create(ctx, "1.json", nil, source.Schema{column("a", source.Text)})
	require.NoError(t, err)
	require.NoError(t, writer.Append(source.Record{"x"}))
	cancel()

	_, err = writer.Commit()
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, files(t, folder))
}

func TestACommittedResultIsOneFileAndNothingElse(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	write(t, open(t, folder), "7/run/1-1.json", source.Schema{column("a", source.Text)})
	require.Equal(t, []string{filepath.Join(folder, "7", "run", "1-1.json")}, files(t, folder))
}

func TestAMissingResultIsNotFoundAndNothingIsWritten(t *testing.T) {
	t.Parallel()

	for _, withSchema := range []bool{true, false} {
		var written bytes.Buffer

		err := open(t, t.TempDir()).Copy(t.Context(), &written, job.Result{Key: "1.json", SchemaBytes: 9}, withSchema)
		require.ErrorIs(t, err, result.ErrNotFound)
		require.Empty(t, written.Bytes())
	}
}

func TestASchemaThatCannotBeAnsweredIsInvalid(t *testing.T) {
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

func TestAValueThatCannotBeAnsweredIsInvalidAndNamedByItsPlace(t *testing.T) {
	t.Parallel()

	for name, value := range map[string]any{"not UTF-8": "Nestl\xe9", "of no type": int32(1)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			writer, err := open(t, t.TempDir()).Create(t.Context(), "1.json", nil, source.Schema{column("a", source.Text)})
			require.NoError(t, err)
			require.NoError(t, writer.Append(source.Record{"x"}))

			err = writer.Append(source.Record{value})
			require.ErrorIs(t, err, result.ErrInvalid)
			require.ErrorContains(t, err, `record 2: column "a"`)
			require.NoError(t, writer.Abort())
		})
	}
}

func TestAStoreIsAFolderOrAURL(t *testing.T) {
	t.Parallel()

	folder := filepath.Join(t.TempDir(), "made when missing", "50%")

	stored := write(t, open(t, folder), "1.json", source.Schema{column("a", source.Text)}, source.Record{"x"})

	byURL := open(t, (&url.URL{Scheme: "file", Path: folder}).String())
	require.JSONEq(t, `{"records":[{"a":"x"}]}`, answer(t, byURL, *stored, false))

	write(t, byURL, "2.json", source.Schema{column("a", source.Text)})
	require.Len(t, files(t, folder), 2)
}

func TestALocationThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()

	for _, location := range []string{"nothing://bucket", "://"} {
		_, err := result.Open(t.Context(), location)
		require.ErrorContains(t, err, `the result store "`+location+`"`)
	}
}

// Whatever text a source holds, a caller who decodes the answer has the same text.
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
