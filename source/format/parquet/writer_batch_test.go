package parquet_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	library "github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/parquet"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// The values of the first batch repeat, those of later ones do not: the dictionary grows to its limit.
func TestAppendBatchWritesDictionariesUpToTheirLimit(t *testing.T) {
	t.Parallel()

	schema := source.Schema{
		sourcetest.Column("region", source.Standard{Type: source.Text}),
		sourcetest.Column("price", source.Standard{Type: source.Decimal, Precision: 20, Scale: 2}),
		sourcetest.Column("id", source.Standard{Type: source.Integer}),
	}
	record := func(i int) source.Record {
		region := fmt.Sprintf("R%d", i%100)
		if i > source.BatchRecords {
			region = fmt.Sprintf("region number %d", i)
		}

		return source.Record{region, source.Number(fmt.Sprintf("%d.%02d", i/100%50, i%10)), int64(i)}
	}

	const records = 200_000

	var content bytes.Buffer

	writer, err := parquet.NewWriter(&content, source.Format{}, schema)
	require.NoError(t, err)

	for i := 0; i < records; {
		batch := source.NewBatch(schema)
		for ; i < records && batch.Len < source.BatchRecords; i++ {
			require.NoError(t, batch.Append(record(i)))
		}

		require.NoError(t, writer.AppendBatch(batch))
	}

	require.NoError(t, writer.Close())

	file, err := library.OpenFile(bytes.NewReader(content.Bytes()), int64(content.Len()))
	require.NoError(t, err)

	chunks := file.RowGroups()[0].ColumnChunks()

	for i, hasDictionary := range []bool{true, true, false} {
		encodings := file.Metadata().RowGroups[0].Columns[i].MetaData.DictionaryPageOffset
		require.Equal(t, hasDictionary, encodings != 0, "%v", chunks[i].Type())
	}

	rows := open(t, content.Bytes())

	for i := range records {
		read, err := rows.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, record(i), read)
	}

	require.NoError(t, rows.Close())
	requireSame(t, readAll(t, content.Bytes(), 0, false, false), readAll(t, content.Bytes(), 0, false, true))
}

func TestAppendBatchReportsTheFirstValueThatIsTooFine(t *testing.T) {
	t.Parallel()

	clock := source.Standard{Type: source.Time}
	schema := source.Schema{sourcetest.Column("a", clock), sourcetest.Column("b", clock), sourcetest.Column("c", clock)}

	writer, err := parquet.NewWriter(&bytes.Buffer{}, source.Format{}, schema)
	require.NoError(t, err)

	batch := source.NewBatch(schema)
	fine, coarse := time.Nanosecond, time.Second

	for _, record := range []source.Record{{coarse, coarse, nil}, {coarse, fine, fine}, {fine, coarse, fine}} {
		require.NoError(t, batch.Append(record))
	}

	require.NoError(t, writer.AppendBatch(batch))
	require.ErrorContains(t, writer.Close(), `record 2, column "b": 00:00:00.000000001 is finer than a microsecond`)
}

func TestAppendBatchKeepsDecimals(t *testing.T) {
	t.Parallel()

	schema := source.Schema{
		sourcetest.Column("short", source.Standard{Type: source.Decimal, Precision: 12, Scale: 3}),
		sourcetest.Column("fraction", source.Standard{Type: source.Decimal, Precision: 3, Scale: 3}),
		sourcetest.Column("long", source.Standard{Type: source.Decimal, Precision: 38, Scale: 2}),
	}

	var content bytes.Buffer

	writer, err := parquet.NewWriter(&content, source.Format{}, schema)
	require.NoError(t, err)

	written, batch := []source.Record{
		{source.Number("1"), source.Number("0.5"), source.Number("9999999999999999")},
		{source.Number("-1.5"), source.Number("-0.125"), source.Number("99999999999999999")},
		{source.Number("0"), nil, source.Number("-99999999999999999999999999.99")},
		{source.Number("-999999999.999"), source.Number("0.1000"), source.Number("1.500")},
	}, source.NewBatch(schema)

	for _, record := range written {
		require.NoError(t, batch.Append(record))
	}

	require.NoError(t, writer.AppendBatch(batch))
	require.NoError(t, writer.Close())

	rows := open(t, content.Bytes())

	for _, expected := range written {
		record, err := rows.Next(t.Context())
		require.NoError(t, err)

		for i, value := range expected {
			require.True(t, sourcetest.Equal(schema[i].Standard, value, record[i]), "%v is %v", value, record[i])
		}
	}

	require.NoError(t, rows.Close())
}
