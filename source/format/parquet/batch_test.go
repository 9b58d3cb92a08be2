package parquet_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	library "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/parquet"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// seen is what a reader has returned.
type seen struct {
	Records   []string
	Locations []string
	Rejects   []source.Reject
	Error     string
}

// add adds a record.
func (s *seen) add(rows *parquet.Rows, record source.Record, location string) {
	text := ""
	for i, column := range rows.Schema() {
		text += fmt.Sprintf("%T ", record[i])
		if record[i] != nil {
			appended, err := source.AppendText(nil, column.Standard, record[i])
			text += fmt.Sprintf("%s %v ", appended, err)
		}
	}

	s.Records, s.Locations = append(s.Records, text), append(s.Locations, location)
}

// readAll reads the first records one by one, and the others in batches.
func readAll(t require.TestingT, content []byte, first int, rejects, inBatches bool) (all seen) {
	read := source.Read{}
	if rejects {
		read.Reject = func(reject source.Reject) error {
			all.Rejects = append(all.Rejects, reject)

			return nil
		}
	}

	rows, err := parquet.NewReader(bytes.NewReader(content), int64(len(content)), read)
	if err != nil {
		return seen{Error: err.Error()}
	}

	defer func() { require.NoError(t, rows.Close()) }()

	const most = 10_000 // A damaged file can state any number of rows.

	for range min(first, most) {
		record, err := rows.Next(context.Background())
		if err != nil {
			all.Error = err.Error()

			return all
		}

		all.add(rows, record, rows.Location())
	}

	batches := source.BatchesOf(rows)
	if !inBatches || batches == nil {
		batches = source.InBatches(rows)
	}

	for len(all.Records) < most {
		batch, err := batches.NextBatch(context.Background())
		if err != nil {
			all.Error = err.Error()
			require.True(t, err == io.EOF || all.Error != io.EOF.Error())

			return all
		}

		require.Positive(t, batch.Len)

		for i := range min(batch.Len, most-len(all.Records)) {
			all.add(rows, batch.Record(i, nil), batch.Location(i, 0))
		}

		batch.Release()
	}

	return all
}

// requireSame requires the same records, locations and error. In a damaged file, one may have returned more of the records before
// the damage, because they read different numbers of rows together.
func requireSame(t require.TestingT, expected, actual seen) {
	for i, record := range expected.Records[:min(len(expected.Records), len(actual.Records))] {
		require.Equal(t, record, actual.Records[i], "record %d", i+1)
	}

	const damage = "after row"
	if strings.Contains(expected.Error, damage) && strings.Contains(actual.Error, damage) {
		return
	}

	require.Len(t, actual.Records, len(expected.Records), "%s; %s", expected.Error, actual.Error)

	expected.Records, actual.Records = nil, nil
	require.Equal(t, expected, actual)
}

// leaf is a type of columns with a generator of its values.
type leaf struct {
	node  library.Node
	value *rapid.Generator[library.Value]
}

func leaves() map[string]leaf {
	text := rapid.Custom(func(t *rapid.T) library.Value {
		if rapid.IntRange(0, 400).Draw(t, "kind") == 0 {
			return library.ByteArrayValue([]byte("broken\xff"))
		}

		return library.ByteArrayValue([]byte(rapid.SampledFrom([]string{"", "a", "Zoë", "a text that is longer"}).Draw(t, "text")))
	})
	int32s := rapid.Map(rapid.Int32(), library.Int32Value)
	int64s := rapid.Map(rapid.Int64(), library.Int64Value)
	small := rapid.Map(rapid.Int64Range(-3, 3), library.Int64Value)
	fixed := func(size int) *rapid.Generator[library.Value] {
		return rapid.Custom(func(t *rapid.T) library.Value {
			value := make([]byte, size)
			if sign := rapid.Bool().Draw(t, "sign"); sign {
				value = bytes.Repeat([]byte{0xff}, size)
			}

			copy(value[rapid.IntRange(0, size).Draw(t, "digits"):], rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, "bytes"))

			return library.FixedLenByteArrayValue(value)
		})
	}

	return map[string]leaf{
		"boolean":          {library.Leaf(library.BooleanType), rapid.Map(rapid.Bool(), library.BooleanValue)},
		"int32":            {library.Leaf(library.Int32Type), int32s},
		"int64":            {library.Leaf(library.Int64Type), int64s},
		"small":            {library.Encoded(library.Int(64), &library.RLEDictionary), small},
		"delta":            {library.Encoded(library.Int(64), &library.DeltaBinaryPacked), int64s},
		"uint8":            {library.Uint(8), rapid.Map(rapid.Int32Range(0, 255), library.Int32Value)},
		"uint32":           {library.Uint(32), int32s},
		"uint64":           {library.Uint(64), int64s},
		"int96":            {library.Leaf(library.Int96Type), rapid.Just(library.Int96Value(deprecated.Int96{1, 2, 2_440_589}))},
		"float":            {library.Leaf(library.FloatType), rapid.Map(rapid.Float32(), library.FloatValue)},
		"double":           {library.Leaf(library.DoubleType), rapid.Map(rapid.Float64(), library.DoubleValue)},
		"nan":              {library.Leaf(library.DoubleType), rapid.Just(library.DoubleValue(math.NaN()))},
		"date":             {library.Date(), rapid.Map(rapid.Int32Range(-800_000, 3_000_000), library.Int32Value)},
		"time":             {library.TimeAdjusted(library.Millisecond, false), rapid.Map(rapid.Int32Range(0, 86_400_000), library.Int32Value)},
		"time in µs":       {library.Time(library.Microsecond), rapid.Map(rapid.Int64Range(0, 86_400_000_000), library.Int64Value)},
		"datetime":         {library.TimestampAdjusted(library.Microsecond, false), int64s},
		"timestamp":        {library.Timestamp(library.Millisecond), int64s},
		"timestamp in ns":  {library.Encoded(library.Timestamp(library.Nanosecond), &library.RLEDictionary), small},
		"text":             {library.String(), text},
		"text in entries":  {library.Encoded(library.String(), &library.RLEDictionary), text},
		"text in deltas":   {library.Encoded(library.String(), &library.DeltaByteArray), text},
		"enum":             {library.Enum(), text},
		"binary":           {library.Leaf(library.ByteArrayType), text},
		"json":             {library.JSON(), rapid.Just(library.ByteArrayValue([]byte(`{"a": 1}`)))},
		"uuid":             {library.UUID(), fixed(16)},
		"decimal(9,2)":     {library.Decimal(2, 9, library.Int32Type), int32s},
		"decimal(18,3)":    {library.Decimal(3, 18, library.Int64Type), int64s},
		"decimal entries":  {library.Encoded(library.Decimal(4, 18, library.Int64Type), &library.RLEDictionary), small},
		"decimal(18,0)":    {library.Decimal(0, 18, library.Int64Type), int64s},
		"decimal(18,18)":   {library.Decimal(18, 18, library.Int64Type), int64s},
		"decimal(38,10)":   {library.Decimal(10, 38, library.FixedLenByteArrayType(16)), fixed(16)},
		"decimal in bytes": {library.Decimal(2, 10, library.FixedLenByteArrayType(5)), fixed(5)},
	}
}

// drawFile draws a file of the library's own writer.
func drawFile(t *rapid.T) []byte {
	all := leaves()

	group, chosen := library.Group{}, []leaf{}

	for i, name := range rapid.SliceOfN(rapid.SampledFrom(slices.Sorted(maps.Keys(all))), 1, 4).Draw(t, "columns") {
		added := all[name]
		if rapid.Bool().Draw(t, "optional") {
			added.node = library.Optional(added.node)
		}

		group[fmt.Sprintf("c%d", i)], chosen = added.node, append(chosen, added)
	}

	var content bytes.Buffer

	writer := library.NewWriter(&content, library.NewSchema("table", group),
		library.MaxRowsPerRowGroup(rapid.Int64Range(1, 1000).Draw(t, "rows of a group")),
		library.PageBufferSize(rapid.IntRange(1, 2000).Draw(t, "size of a page")),
		library.DataPageVersion(rapid.IntRange(1, 2).Draw(t, "version")),
		library.Compression(&library.Snappy))

	for range rapid.IntRange(0, 300).Draw(t, "records") {
		var row library.Row

		for i, column := range chosen {
			switch isOptional := column.node.Optional(); {
			case isOptional && rapid.IntRange(0, 3).Draw(t, "null") == 0:
				row = append(row, library.Value{}.Level(0, 0, i))
			case isOptional:
				row = append(row, column.value.Draw(t, "value").Level(0, 1, i))
			default:
				row = append(row, column.value.Draw(t, "value").Level(0, 0, i))
			}
		}

		_, err := writer.WriteRows([]library.Row{row})
		require.NoError(t, err)
	}

	require.NoError(t, writer.Close())

	return content.Bytes()
}

func TestBatchesHaveTheRecordsOfRows(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		content := drawFile(t)
		rejects := rapid.Bool().Draw(t, "rejects")
		first := rapid.SampledFrom([]int{0, 0, 1, 100}).Draw(t, "first")

		if rapid.IntRange(0, 3).Draw(t, "damaged") == 0 {
			content[rapid.IntRange(4, len(content)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		}

		requireSame(t, readAll(t, content, first, rejects, false), readAll(t, content, first, rejects, true))
	})
}

// A batch of long texts is bounded, also if they are the same entry of a dictionary.
func TestBatchesBoundTheirSize(t *testing.T) {
	t.Parallel()

	long := bytes.Repeat([]byte("x"), 300<<10)

	for name, node := range map[string]library.Node{
		"plain": library.String(), "entries": library.Encoded(library.String(), &library.RLEDictionary), "json": library.JSON(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var content bytes.Buffer

			writer := library.NewWriter(&content, library.NewSchema("table", library.Group{"v": library.Optional(node)}),
				library.PageBufferSize(100<<20), library.Compression(&library.Snappy))

			value := long
			if name == "json" {
				value = append(append([]byte(`"`), long...), '"')
			}

			for i := range 100 {
				row := library.Row{library.ByteArrayValue(value).Level(0, 1, 0)}
				if i%3 == 0 {
					row = library.Row{library.Value{}.Level(0, 0, 0)}
				}

				_, err := writer.WriteRows([]library.Row{row})
				require.NoError(t, err)
			}

			require.NoError(t, writer.Close())

			rows := open(t, content.Bytes())
			batches, count := rows.Batches(), 0

			for {
				batch, err := batches.NextBatch(t.Context())
				if err == io.EOF {
					break
				}

				require.NoError(t, err)
				require.LessOrEqual(t, batch.Size(), int64(source.BatchBytes))

				count += batch.Len
			}

			require.Equal(t, 100, count)
			require.NoError(t, rows.Close())
		})
	}
}

func TestBatchesOfListsAreNotAvailable(t *testing.T) {
	t.Parallel()

	content, _ := write(t, source.Schema{sourcetest.Column("l", source.Standard{Type: source.Array, Element: source.Integer})},
		source.Record{[]any{int64(1)}})

	require.Nil(t, source.BatchesOf(open(t, content)))
}
