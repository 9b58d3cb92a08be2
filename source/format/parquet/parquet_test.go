package parquet_test

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"testing"
	"time"

	library "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/parquet"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// write returns a file with records.
func write(t *testing.T, columns source.Schema, records ...source.Record) ([]byte, []source.Conversion) {
	t.Helper()

	var content bytes.Buffer

	writer, err := parquet.NewWriter(&content, source.Format{}, columns)
	require.NoError(t, err)

	for _, record := range records {
		require.NoError(t, writer.Append(record))
	}

	require.NoError(t, writer.Close())

	return content.Bytes(), writer.Conversions()
}

func open(t *testing.T, content []byte) *parquet.Rows {
	t.Helper()

	rows, err := parquet.NewReader(bytes.NewReader(content), int64(len(content)), source.Read{})
	require.NoError(t, err)

	return rows
}

func TestWriteAndReadKeepValuesOfEveryType(t *testing.T) {
	t.Parallel()

	for _, sample := range sourcetest.Samples() {
		t.Run(sample.Name(), func(t *testing.T) {
			t.Parallel()

			columns := source.Schema{
				sourcetest.Column("z", source.Standard{Type: source.Integer}), sourcetest.Column("a", sample.Type),
			}

			var records []source.Record
			for _, value := range sample.Values {
				if !sourcetest.IsFine(value) && !sourcetest.IsNested(value) { // Those are refused.
					records = append(records, source.Record{int64(len(records)), value})
				}
			}

			content, conversions := write(t, columns, records...)
			rows := open(t, content)

			require.Equal(t, []string{"z", "a"}, rows.Schema().Names(), "the columns have another order")

			types := map[string]source.Standard{}
			for _, conversion := range conversions {
				types[conversion.Column] = sample.Type
			}

			if len(conversions) == 0 {
				require.Equal(t, sample.Type, rows.Schema()[1].Standard)
			}

			typed, err := source.Convert(rows, "files", source.Read{Types: types})
			require.NoError(t, err)

			for i, record := range sourcetest.ReadAll(t, typed) {
				want := sourcetest.InUTC(sample.Type, records[i][1])
				require.True(t, sourcetest.Equal(sample.Type, want, record[1]), "%#v became %#v", want, record[1])
			}
		})
	}
}

func TestConversionsReportsColumnsWrittenAsText(t *testing.T) {
	t.Parallel()

	_, conversions := write(t, source.Schema{
		sourcetest.Column("free", source.Standard{Type: source.Decimal}),
		sourcetest.Column("wide", source.Standard{Type: source.Decimal, Precision: 39}),
		sourcetest.Column("fits", source.Standard{Type: source.Decimal, Precision: 38, Scale: 2}),
	})
	require.Equal(t, []source.Conversion{
		{Column: "free", From: "decimal", To: "STRING"}, {Column: "wide", From: "decimal(39,0)", To: "STRING"},
	}, conversions)
}

func TestAppendRefusesValuesThatWouldBeRounded(t *testing.T) {
	t.Parallel()

	fine := time.Date(2024, 1, 1, 0, 0, 0, 1, time.UTC)

	for _, test := range []struct {
		of      source.Standard
		value   any
		message string
	}{
		{source.Standard{Type: source.Timestamp}, fine, `record 1, column "v": 2024-01-01T00:00:00.000000001Z is finer than a microsecond`},
		{source.Standard{Type: source.Datetime}, fine, "finer than a microsecond"},
		{source.Standard{Type: source.Time}, time.Nanosecond, "00:00:00.000000001 is finer"},
		{source.Standard{Type: source.Decimal, Precision: 3, Scale: 1}, source.Number("1.25"), "1.25 does not fit into decimal(3,1)"},
	} {
		writer, err := parquet.NewWriter(&bytes.Buffer{}, source.Format{}, source.Schema{sourcetest.Column("v", test.of)})
		require.NoError(t, err)

		err = writer.Append(source.Record{test.value})

		var problem *source.Error
		require.ErrorAs(t, err, &problem)
		require.Equal(t, source.CodeRecordInvalid, problem.Code)
		require.ErrorContains(t, err, test.message)
	}

	_, err := parquet.NewWriter(&bytes.Buffer{}, source.Format{}, source.Schema{
		sourcetest.Column("v", source.Standard{Type: source.Text}), sourcetest.Column("v", source.Standard{Type: source.Text}),
	})
	require.ErrorContains(t, err, `two columns have the name "v"`)
}

// foreign is a row of another writer.
type foreign struct {
	Required int32            `parquet:"required"`
	Tiny     int8             `parquet:"tiny"`
	Unsigned uint64           `parquet:"unsigned,delta"`
	Small    uint32           `parquet:"small"`
	Float    float32          `parquet:"float"`
	Name     string           `parquet:"name,dict"`
	Kind     string           `parquet:"kind,enum"`
	Price    int64            `parquet:"price,decimal(2:18)"`
	Old      deprecated.Int96 `parquet:"old"`
	Millis   int64            `parquet:"millis,timestamp(millisecond)"`
	Nanos    int64            `parquet:"nanos,timestamp(nanosecond:local)"`
	Repeated []int64          `parquet:"repeated"`
	List     []string         `parquet:"list,list"`
	Gone     *string          `parquet:"gone,optional"`
}

func TestReadFilesOfOtherWriters(t *testing.T) {
	t.Parallel()

	var content bytes.Buffer

	writer := library.NewGenericWriter[foreign](&content, library.MaxRowsPerRowGroup(2))
	_, err := writer.Write([]foreign{
		{
			Required: -1, Tiny: -128, Unsigned: math.MaxUint64, Small: math.MaxUint32, Float: 0.1, Name: "ä", Kind: "k", Price: -12345,
			Old: deprecated.Int96{0, 0, 2_440_589}, Millis: -1, Nanos: 1, Repeated: []int64{1, 2}, List: []string{"a", "b"},
		},
		{},
		{},
		{},
	})
	require.NoError(t, err)
	require.NoError(t, writer.Close())

	rows := open(t, content.Bytes())
	records := sourcetest.ReadAll(t, rows)
	require.Len(t, records, 4)
	require.Equal(t, "row 4", rows.Location())

	have := map[string]any{}
	for i, name := range rows.Schema().Names() {
		have[name] = records[0][i]
	}

	require.Equal(t, map[string]any{
		"required": int64(-1), "tiny": int64(-128), "unsigned": source.Number(new(big.Int).SetUint64(math.MaxUint64).String()),
		"small": int64(math.MaxUint32), "float": 0.1, "name": "ä", "kind": "k", "price": source.Number("-123.45"),
		"old": time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC), "millis": time.Date(1969, 12, 31, 23, 59, 59, 999_000_000, time.UTC),
		"nanos": time.Date(1970, 1, 1, 0, 0, 0, 1, time.UTC), "repeated": []any{int64(1), int64(2)}, "list": []any{"a", "b"},
		"gone": nil,
	}, have)
	require.Equal(t, []any{}, records[1][11])
}

func TestNewReaderRefusesObjects(t *testing.T) {
	t.Parallel()

	var content bytes.Buffer

	writer := library.NewGenericWriter[struct {
		Inner struct{ A, B int64 } `parquet:"inner"`
	}](&content)
	require.NoError(t, writer.Close())

	_, err := parquet.NewReader(bytes.NewReader(content.Bytes()), int64(content.Len()), source.Read{})
	require.ErrorContains(t, err, `the column "inner" contains objects`)
}

func TestNewReaderRefusesInvalidFiles(t *testing.T) {
	t.Parallel()

	content, _ := write(t, source.Schema{sourcetest.Column("v", source.Standard{Type: source.Text})},
		source.Record{"one"}, source.Record{"two"})

	for length := range content {
		requireBroken(t, content[:length])
	}

	requireBroken(t, []byte("id,name\n1,one\n"))
}

func requireBroken(t *testing.T, content []byte) {
	t.Helper()

	_, err := parquet.NewReader(bytes.NewReader(content), int64(len(content)), source.Read{})

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, source.CodeRecordInvalid, problem.Code)
	require.False(t, problem.Retryable)
}

// FuzzReader verifies that reading any file ends, with an error or without, and that batches have the records of rows.
func FuzzReader(f *testing.F) {
	var content bytes.Buffer

	writer, err := parquet.NewWriter(&content, source.Format{}, source.Schema{
		sourcetest.Column("v", source.Standard{Type: source.Text}),
		sourcetest.Column("d", source.Standard{Type: source.Decimal, Precision: 10, Scale: 2}),
		sourcetest.Column("l", source.Standard{Type: source.Array, Element: source.Integer}),
	})
	require.NoError(f, err)

	for i := range 3 {
		require.NoError(f, writer.Append(source.Record{fmt.Sprint(i), source.Number("1.50"), []any{int64(i), nil}}))
	}

	require.NoError(f, writer.Close())
	f.Add(content.Bytes())

	content.Reset()

	writer, err = parquet.NewWriter(&content, source.Format{}, source.Schema{ // Without lists, it is read in batches.
		sourcetest.Column("v", source.Standard{Type: source.Text}), sourcetest.Column("n", source.Standard{Type: source.Integer}),
	})
	require.NoError(f, err)

	for i := range 3 {
		require.NoError(f, writer.Append(source.Record{fmt.Sprint(i), int64(i)}))
	}

	require.NoError(f, writer.Close())
	f.Add(content.Bytes())

	f.Fuzz(func(t *testing.T, content []byte) {
		requireSame(t, readAll(t, content, 0, false, false), readAll(t, content, 0, false, true))
	})
}
