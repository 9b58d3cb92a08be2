package parquet

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/internal/content"
)

const (
	// rowsPerGroup and bytesPerGroup limit a row group, which is in memory until it is written.
	rowsPerGroup  = 128 << 10
	bytesPerGroup = 32 << 20
	// batchBytes limits the rows that are encoded together.
	batchBytes = 1 << 20
	// valueBytes is the smallest size of a value: a number, or the length of a text.
	valueBytes = 8
	// decimalBytes hold 38 digits.
	decimalBytes = 16
	// dictionaryBytes is the size of a dictionary from which on the other values of its row group are written plainly.
	dictionaryBytes = 1 << 20
	maxPrecision    = 38
)

// compression is the fastest level of Zstandard: writing 3,000,000 records of five short columns takes 25 % less time than with
// the default level.
var compression = zstd.Codec{Level: zstd.SpeedFastest}

// Writer writes a table.
type Writer struct {
	to          io.Writer
	table       table
	parquet     *parquet.Writer //nolint:staticcheck // The generic writer needs a Go type. It is nil before the first record.
	columns     []target
	conversions []source.Conversion
	rows        []parquet.Row // The rows that are not encoded yet.
	pending     int           // The size of these rows in bytes.
	group       int           // The size of the row group in bytes, unless it has ended because of its rows.
	groupRows   int64         // The rows of the row group that were written in batches.
	count       int64

	next    *batchEncoding // The batches that will be encoded next.
	running *batchEncoding // The batches that are being encoded.
}

// target is a column of the file.
type target struct {
	name string
	of   source.Standard
	text bool // Whether values are written as text, because Parquet has no such type.

	values []parquet.Value // The values of a batch that are encoded next.
	bytes  []byte          // The memory of some of them.
}

// NewWriter returns a writer that writes a table to w. Datetimes, timestamps and times are written in microseconds; finer
// values are errors. Decimals without a precision, or with more than 38 digits, are written as text.
func NewWriter(w io.Writer, _ source.Format, schema source.Schema) (*Writer, error) {
	writer := &Writer{to: w, table: table{Group: parquet.Group{}, indexes: schema.Indexes()}}

	for i, column := range schema {
		if writer.table.indexes[column.Name] < i {
			return nil, broken(fmt.Sprintf("two columns have the name %q", column.Name), nil)
		}

		added := target{name: column.Name, of: column.Standard}

		node, held := nodeOf(column.Standard)
		if !held {
			added.text = true
			node = parquet.String()
			writer.conversions = append(writer.conversions, column.ConvertedTo("STRING"))
		}

		writer.table.Group[column.Name] = parquet.Optional(node)
		writer.columns = append(writer.columns, added)
	}

	return writer, nil
}

// open creates the writer of the library. The columns in encoded have dictionaries.
func (w *Writer) open(encoded map[string]bool) {
	if w.parquet != nil {
		return
	}

	for name := range encoded {
		w.table.Group[name] = parquet.Encoded(w.table.Group[name], &parquet.RLEDictionary)
	}

	w.parquet = parquet.NewWriter(w.to, parquet.NewSchema("table", w.table),
		parquet.Compression(&compression), parquet.MaxRowsPerRowGroup(rowsPerGroup), parquet.CreatedBy("jobwright", "", ""),
		parquet.DictionaryMaxBytes(dictionaryBytes))
}

// table is a group whose fields have the order of the columns.
type table struct {
	parquet.Group

	indexes map[string]int // Of the columns, by their names.
}

// Fields returns the columns in their order.
func (t table) Fields() []parquet.Field {
	fields := t.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return t.indexes[a.Name()] - t.indexes[b.Name()]
	})

	return fields
}

// nodeOf returns the node of a type, unless Parquet has no type for all its values.
func nodeOf(of source.Standard) (parquet.Node, bool) {
	switch of.Type {
	case source.Text:
		return parquet.String(), true
	case source.Integer:
		return parquet.Int(64), true
	case source.Decimal:
		if of.Precision == 0 || of.Precision > maxPrecision {
			return nil, false
		}

		return parquet.Decimal(of.Scale, of.Precision, parquet.FixedLenByteArrayType(decimalBytes)), true
	case source.Float:
		return parquet.Leaf(parquet.DoubleType), true
	case source.Boolean:
		return parquet.Leaf(parquet.BooleanType), true
	case source.Date:
		return parquet.Date(), true
	case source.Time:
		return parquet.TimeAdjusted(parquet.Microsecond, false), true
	case source.Datetime:
		return parquet.TimestampAdjusted(parquet.Microsecond, false), true
	case source.Timestamp:
		return parquet.TimestampAdjusted(parquet.Microsecond, true), true
	case source.Binary:
		return parquet.Leaf(parquet.ByteArrayType), true
	case source.JSON:
		return parquet.JSON(), true
	case source.UUID:
		return parquet.UUID(), true
	case source.Array:
		entry, held := nodeOf(source.Standard{Type: of.Element})
		if !held || of.Element == source.Array {
			return nil, false
		}

		return parquet.List(parquet.Optional(entry)), true
	}

	return nil, false
}

// Conversions returns the columns that are written as text.
func (w *Writer) Conversions() []source.Conversion { return w.conversions }

// Append writes a record.
func (w *Writer) Append(record source.Record) error {
	if w.next != nil || w.running != nil {
		if err := w.finishBatches(); err != nil {
			return err
		}
	}

	w.count++

	row := make(parquet.Row, 0, len(record))

	for i, column := range w.columns {
		var err error
		if row, err = column.append(row, i, record[i]); err != nil {
			return content.InRecord(w.count, column.name, err, "")
		}
	}

	w.rows = append(w.rows, row)
	w.pending += size(row)

	if len(w.rows) < batchRows && w.pending < batchBytes {
		return nil
	}

	return w.flush()
}

// size returns the memory of the values of a row before they are encoded.
func size(row parquet.Row) int {
	total := len(row) * valueBytes

	for _, value := range row {
		if kind := value.Kind(); kind == parquet.ByteArray || kind == parquet.FixedLenByteArray {
			total += len(value.ByteArray())
		}
	}

	return total
}

// flush encodes the rows, and ends the row group when it is full.
func (w *Writer) flush() error {
	w.open(nil)

	_, err := w.parquet.WriteRows(w.rows)
	w.group += w.pending

	clear(w.rows) // Release the memory of their texts.
	w.rows, w.pending = w.rows[:0], 0

	if err != nil || w.group < bytesPerGroup {
		return err
	}

	w.group = 0

	return w.parquet.Flush()
}

// Close completes the file.
func (w *Writer) Close() error {
	if err := w.finishBatches(); err != nil {
		return err
	}

	if err := w.flush(); err != nil {
		return err
	}

	return w.parquet.Close()
}

// finishBatches encodes the remaining batches.
func (w *Writer) finishBatches() error {
	if err := w.startEncoding(); err != nil {
		return err
	}

	return w.finishEncoding()
}

// The definition levels of a written list, whose three levels are optional, repeated and optional.
const (
	levelNull  = 0
	levelEmpty = 1
	levelGap   = 2 // An entry that is NULL.
	levelEntry = 3
)

// append adds the Parquet values of a value to a row.
func (t *target) append(row parquet.Row, leaf int, value any) (parquet.Row, error) {
	list, isList := value.([]any)

	switch {
	case value == nil:
		return append(row, parquet.Value{}.Level(0, levelNull, leaf)), nil
	case t.text:
		text, err := source.AppendText(nil, t.of, value)

		return append(row, parquet.ByteArrayValue(text).Level(0, 1, leaf)), err
	case !isList:
		written, err := written(t.of, value)

		return append(row, written.Level(0, 1, leaf)), err
	case len(list) == 0:
		return append(row, parquet.Value{}.Level(0, levelEmpty, leaf)), nil
	}

	for i, entry := range list {
		repetition := min(i, 1)

		if entry == nil {
			row = append(row, parquet.Value{}.Level(repetition, levelGap, leaf))

			continue
		}

		written, err := written(source.Standard{Type: t.of.Element}, entry)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i+1, err)
		}

		row = append(row, written.Level(repetition, levelEntry, leaf))
	}

	return row, nil
}

// written converts a value of a standard type to Parquet.
func written(of source.Standard, value any) (parquet.Value, error) {
	switch v := value.(type) {
	case string:
		return parquet.ByteArrayValue([]byte(v)), nil
	case int64:
		return parquet.Int64Value(v), nil
	case float64:
		return parquet.DoubleValue(v), nil
	case bool:
		return parquet.BooleanValue(v), nil
	case []byte:
		return parquet.ByteArrayValue(v), nil
	case json.RawMessage:
		return parquet.ByteArrayValue(v), nil
	case uuid.UUID:
		return parquet.FixedLenByteArrayValue(v[:]), nil
	case source.Number:
		bytes, err := fixed(v, of)

		return parquet.FixedLenByteArrayValue(bytes), err
	case time.Duration:
		if v%time.Microsecond != 0 {
			return parquet.Value{}, tooFine(of, v)
		}

		return parquet.Int64Value(v.Microseconds()), nil
	case time.Time:
		return writtenTime(of, v)
	}

	return parquet.Value{}, fmt.Errorf("a %T is not a value of type %s", value, of)
}

func writtenTime(of source.Standard, value time.Time) (parquet.Value, error) {
	if of.Type == source.Date {
		const day = 24 * 60 * 60

		return parquet.Int32Value(int32(value.Unix() / day)), nil //nolint:gosec // Years have four digits.
	}

	if value.Nanosecond()%int(time.Microsecond) != 0 {
		return parquet.Value{}, tooFine(of, value)
	}

	return parquet.Int64Value(value.UnixMicro()), nil
}

func tooFine(of source.Standard, value any) error {
	text, err := source.AppendText(nil, of, value)
	if err != nil {
		return err
	}

	return fmt.Errorf("%s is finer than a microsecond", text)
}
