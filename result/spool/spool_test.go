package spool_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/result/spool"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

const key = "7/run/4.steps[17].2-1.ndjson"

// open opens a store in a folder.
func open(t *testing.T, folder string) *result.Store {
	t.Helper()

	store, err := result.Open(t.Context(), folder)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })

	return store
}

// files returns the paths of the files in a folder of a store.
func files(t *testing.T, folder string) []string {
	t.Helper()

	names, err := filepath.Glob(filepath.Join(folder, "*", "*", "*"))
	require.NoError(t, err)

	return names
}

// column returns a column of a type.
func column(name string, of source.Standard) source.Column {
	return source.Column{Name: name, Native: source.NativeType{Name: "N", TypeStr: "N(1)", Precision: 1}, Standard: of}
}

// standard parses a type.
func standard(t *testing.T, text string) source.Standard {
	t.Helper()

	of, err := source.ParseStandard(text)
	require.NoError(t, err)

	return of
}

// write spools records and returns the first page.
func write(t *testing.T, store *result.Store, schema source.Schema, records ...source.Record) *job.RecordsPage {
	t.Helper()

	writer, err := spool.Create(t.Context(), store, key, schema)
	require.NoError(t, err)

	for _, record := range records {
		require.NoError(t, writer.Append(record))
	}

	page, err := writer.Commit()
	require.NoError(t, err)

	return page
}

// requireBounded requires that a page does not exceed its limits.
func requireBounded(t *testing.T, page *job.RecordsPage) {
	t.Helper()
	require.LessOrEqual(t, len(page.Records), 500)

	size := 0

	for _, record := range page.Records {
		text, err := record.MarshalJSON()
		require.NoError(t, err)

		size += len(text)
	}

	require.LessOrEqual(t, size, 128<<10)
}

// texts returns count records, each with its number and a text of that many letters.
func texts(count, letters int) []source.Record {
	records := make([]source.Record, count)
	for i := range records {
		records[i] = source.Record{int64(i), strings.Repeat("x", letters)}
	}

	return records
}

var numbered = source.Schema{column("n", source.Standard{Type: source.Integer}), column("text", source.Standard{Type: source.Text})}

func TestReadPageReturnsEachRecordOnceAndInOrder(t *testing.T) {
	t.Parallel()

	const count = 100_000

	store := open(t, t.TempDir())

	writer, err := spool.Create(t.Context(), store, key, numbered)
	require.NoError(t, err)

	for i := range int64(count) {
		// Pages end by their records as well as by their bytes.
		require.NoError(t, writer.Append(source.Record{i, strings.Repeat("é", int(i%1000))}))
	}

	page, err := writer.Commit()
	require.NoError(t, err)
	require.Equal(t, key, page.Key)

	next := int64(0)

	for {
		require.NotEmpty(t, page.Records)
		requireBounded(t, page)

		for _, record := range page.Records {
			require.Equal(t, next, record["n"])
			require.Len(t, record["text"], 2*int(next%1000))

			next++
		}

		if page.Next == 0 {
			break
		}

		page, err = spool.ReadPage(t.Context(), store, page.Key, page.Next)
		require.NoError(t, err)
	}

	require.EqualValues(t, count, next)
}

func TestPagesHaveLimitedRecordsAndBytes(t *testing.T) {
	t.Parallel()

	const aroundText = len(`{"n":1,"text":""}` + "\n")

	for _, test := range []struct {
		name                  string
		records               []source.Record
		onFirst, onSecond     int
		secondIsLast, oneFile bool
	}{
		{name: "nothing"},
		{name: "a full page of records", records: texts(500, 0), onFirst: 500},
		{name: "a record more", records: texts(501, 0), onFirst: 500, onSecond: 1, secondIsLast: true, oneFile: true},
		{name: "two full pages", records: texts(1000, 0), onFirst: 500, onSecond: 500, secondIsLast: true, oneFile: true},
		{name: "two pages and one", records: texts(1001, 0), onFirst: 500, onSecond: 500, oneFile: true},
		{name: "a full page of bytes", records: texts(2, 64<<10-aroundText), onFirst: 2},
		{name: "a byte more", records: append(texts(1, 64<<10-aroundText+1), texts(1, 64<<10-aroundText)...), onFirst: 1, onSecond: 1, secondIsLast: true, oneFile: true},
		{name: "the largest records", records: texts(3, 128<<10-aroundText), onFirst: 1, onSecond: 1, oneFile: true},
		{name: "a small one behind a large one", records: append(texts(1, 128<<10-aroundText-1), texts(2, 0)...), onFirst: 1, onSecond: 2, secondIsLast: true, oneFile: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			folder := t.TempDir()
			store := open(t, folder)

			first := write(t, store, numbered, test.records...)
			require.NotNil(t, first.Records)
			require.Len(t, first.Records, test.onFirst)
			requireBounded(t, first)

			if !test.oneFile {
				require.Empty(t, first.Key)
				require.Zero(t, first.Next)
				require.Empty(t, files(t, folder))

				return
			}

			require.Len(t, files(t, folder), 1)

			second, err := spool.ReadPage(t.Context(), store, first.Key, first.Next)
			require.NoError(t, err)
			require.Len(t, second.Records, test.onSecond)
			require.Equal(t, test.secondIsLast, second.Next == 0)
			requireBounded(t, second)
		})
	}
}

// In the JSON of a job, some characters are escaped and take six bytes.
func TestPageLimitCountsEscapedCharacters(t *testing.T) {
	t.Parallel()

	store := open(t, t.TempDir())
	record := source.Record{int64(1), strings.Repeat("<", 10<<10)}

	page := write(t, store, numbered, record, record, record)
	require.Len(t, page.Records, 2)
	requireBounded(t, page)
}

func TestAppendRejectsRecordLargerThanAPage(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()

	writer, err := spool.Create(t.Context(), open(t, folder), key, numbered)
	require.NoError(t, err)
	require.NoError(t, writer.Append(source.Record{int64(1), ""}))

	err = writer.Append(source.Record{int64(2), strings.Repeat("x", 128<<10)})
	require.ErrorIs(t, err, spool.ErrTooLarge)
	require.ErrorContains(t, err, "record 2: ")
	require.ErrorContains(t, err, "the limit is 131072; select fewer or shorter columns")
	require.NoError(t, writer.Abort())
	require.Empty(t, files(t, folder))
}

// exactValues are values of each type, and the values of scenarios that they become.
var exactValues = []struct {
	of          string
	value, want any
}{
	{"integer", int64(math.MaxInt64), int64(math.MaxInt64)},
	{"integer", int64(math.MinInt64), int64(math.MinInt64)},
	{"integer", nil, nil},
	{"decimal(40,2)", source.Number("12345678901234567890123456789012345678.90"), decimal("12345678901234567890123456789012345678.90")},
	{"decimal", source.Number("3"), decimal("3")},
	{"float", 0.1, 0.1},
	{"float", 3.0, 3.0},
	{"float", 1e21, 1e21},
	{"float", 99999999999999999999.0, 1e20},
	{"float", math.SmallestNonzeroFloat64, math.SmallestNonzeroFloat64},
	{"float", math.NaN(), "NaN"},
	{"float", math.Inf(-1), "-Infinity"},
	{"text", "", ""},
	{"text", "Nestlé 株式 \U0001F980 <a&b>\u2028\n\x00\"", "Nestlé 株式 \U0001F980 <a&b>\u2028\n\x00\""},
	{"boolean", true, true},
	{"date", time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), "2024-02-29"},
	{"time", 24 * time.Hour, "24:00:00"},
	{"datetime", time.Date(2024, 2, 29, 12, 30, 0, 120000000, time.UTC), "2024-02-29T12:30:00.12"},
	{"timestamp", time.Date(2024, 2, 29, 12, 30, 0, 120000000, time.UTC), "2024-02-29T12:30:00.12Z"},
	{"binary", []byte{0, 255}, "AP8="},
	{"uuid", uuid.MustParse("018c9a3e-7b1d-7000-8000-0123456789ab"), "018c9a3e-7b1d-7000-8000-0123456789ab"},
	{
		"json", json.RawMessage("{\n\"a\": [1, 1.0, 1e2, \"<\", null], \"b\": {\"c\": 9007199254740993}}"),
		map[string]any{"a": []any{int64(1), 1.0, 100.0, "<", nil}, "b": map[string]any{"c": int64(9007199254740993)}},
	},
	{"json", json.RawMessage(`"x"`), "x"},
	{"json", json.RawMessage(`null`), nil},
	{"integer[]", []any{int64(1), nil, []any{int64(math.MaxInt64)}}, []any{int64(1), nil, []any{int64(math.MaxInt64)}}},
	{"float[]", []any{1.0, []any{2.5}, math.NaN()}, []any{1.0, []any{2.5}, "NaN"}},
	{"decimal[]", []any{source.Number("1.50"), []any{source.Number("2")}}, []any{decimal("1.50"), []any{decimal("2")}}},
	{"json[]", []any{json.RawMessage(`[1.0]`)}, []any{[]any{1.0}}},
	{"date[]", []any{time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)}, []any{"2024-02-29"}},
	{"text[]", []any{}, []any{}},
}

func TestConvertAndReadPageReturnExactValues(t *testing.T) {
	t.Parallel()

	var (
		schema source.Schema
		record source.Record
		want   = jsonvalue.Object{}
	)

	for i, row := range exactValues {
		name := fmt.Sprintf("%d <é>", i)
		schema = append(schema, column(name, standard(t, row.of)))
		record = append(record, row.value)
		want[name] = row.want
	}

	converter, err := spool.NewConverter(schema)
	require.NoError(t, err)

	object, err := converter.Convert(record)
	require.NoError(t, err)
	require.Equal(t, want, object)

	store := open(t, t.TempDir())
	records := make([]source.Record, 501)
	for i := range records {
		records[i] = record
	}

	page := write(t, store, schema, records...)
	require.Equal(t, want, page.Records[0])

	page, err = spool.ReadPage(t.Context(), store, page.Key, page.Next)
	require.NoError(t, err)
	require.Equal(t, want, page.Records[0])
}

func TestInvalidColumnsAndTextAreRejected(t *testing.T) {
	t.Parallel()

	twice := source.Schema{column("a", source.Standard{Type: source.Text}), column("a", source.Standard{Type: source.Text})}
	store := open(t, t.TempDir())

	_, err := spool.NewConverter(twice)
	require.ErrorIs(t, err, result.ErrInvalid)

	_, err = spool.Create(t.Context(), store, key, twice)
	require.ErrorIs(t, err, result.ErrInvalid)

	converter, err := spool.NewConverter(twice[:1])
	require.NoError(t, err)

	_, err = converter.Convert(source.Record{"\xff"})
	require.ErrorIs(t, err, result.ErrInvalid)

	writer, err := spool.Create(t.Context(), store, key, twice[:1])
	require.NoError(t, err)

	err = writer.Append(source.Record{"\xff"})
	require.ErrorIs(t, err, result.ErrInvalid)
	require.ErrorContains(t, err, `record 1: column "a"`)
	require.NoError(t, writer.Abort())
}

func TestConvertRejectsInvalidJSONAndNamesItsColumn(t *testing.T) {
	t.Parallel()

	schema := source.Schema{column("doc", standard(t, "json"))}

	converter, err := spool.NewConverter(schema)
	require.NoError(t, err)

	for _, text := range []string{`{"n":9223372036854775808}`, `[1e400]`, `{"a":`, `1 2`, ``} {
		_, err := converter.Convert(source.Record{json.RawMessage(text)})
		require.ErrorIs(t, err, result.ErrInvalid, text)
		require.ErrorContains(t, err, `column "doc": `)
	}
}

func TestRecordsAreInvisibleBeforeCommit(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	store := open(t, folder)

	writer, err := spool.Create(t.Context(), store, key, numbered)
	require.NoError(t, err)

	for _, record := range texts(1000, 1000) {
		require.NoError(t, writer.Append(record))
	}

	_, err = spool.ReadPage(t.Context(), store, key, 0)
	require.ErrorIs(t, err, result.ErrNotFound)

	require.NoError(t, writer.Abort())
	require.Empty(t, files(t, folder))
}

func TestRemoveIsIdempotent(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	store := open(t, folder)
	page := write(t, store, numbered, texts(501, 0)...)
	require.Equal(t, []string{filepath.Join(folder, "7", "run", "4.steps[17].2-1.ndjson")}, files(t, folder))

	for range 2 {
		require.NoError(t, spool.Remove(t.Context(), store, page.Key))
		require.Empty(t, files(t, folder))
	}

	_, err := spool.ReadPage(t.Context(), store, page.Key, page.Next)
	require.ErrorIs(t, err, result.ErrNotFound)
}

func TestReadPageRejectsInvalidOffsets(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	store := open(t, folder)
	page := write(t, store, numbered, texts(501, 10)...)

	for _, offset := range []int64{-1, page.Next - 3, page.Next + 1, page.Next + 1000, page.Next + 1<<40} {
		_, err := spool.ReadPage(t.Context(), store, page.Key, offset)
		require.Error(t, err, offset)
	}

	name := filepath.Join(folder, "7", "run", "4.steps[17].2-1.ndjson")
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, text[:len(text)-1], 0o600))

	_, err = spool.ReadPage(t.Context(), store, page.Key, page.Next)
	require.ErrorContains(t, err, "no record begins")
}

// decimal returns the decimal with that text.
func decimal(text string) jsonvalue.Decimal {
	parsed, _ := jsonvalue.ParseDecimal(text)

	return parsed
}
