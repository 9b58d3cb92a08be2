package csv

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/internal/content"
)

// writeSize is the number of bytes that are buffered before a write.
const writeSize = 64 << 10

// Writer writes records with LF line ends.
type Writer struct {
	dialect

	to      io.Writer
	schema  source.Schema
	parsers []*source.Parser // The notation of each column.
	special [256]bool        // The bytes that may require quotes, or a check of the text.
	plain   []bool           // Whether the values of a column need no check and are in the notation of [source.AppendText].
	buffer  []byte
	records int64
	outputs []*output // The batches that are being converted to text, in order.
}

// NewWriter returns a writer that writes a table to w. The first line has the names of the columns, if the format has a
// header. Values are in the notation of the format. A value that the format cannot represent exactly is a
// [*source.Error] without source and table; errors of w are returned as they are.
func NewWriter(w io.Writer, f source.Format, schema source.Schema) (*Writer, error) {
	d, err := newDialect(f)
	if err != nil {
		return nil, err
	}

	if len(schema) == 0 {
		return nil, content.Invalid("CSV cannot represent a table without columns", "write at least one column")
	}

	writer := &Writer{dialect: d, to: w, schema: schema, parsers: make([]*source.Parser, len(schema))}
	for i, column := range schema {
		writer.parsers[i] = f.Parser(column.Name)
	}

	writer.markSpecial()
	writer.markPlain()

	if d.header {
		if err := writer.appendHeader(); err != nil {
			return nil, err
		}
	}

	return writer, nil
}

// markSpecial marks the bytes that require a check. Bytes outside of ASCII are among them, because the text has to be valid.
func (w *Writer) markSpecial() {
	for c := utf8.RuneSelf; c < len(w.special); c++ {
		w.special[c] = true
	}

	for _, c := range []byte("\r\n" + w.separator[:1]) {
		w.special[c] = true
	}

	if w.quote != "" {
		w.special[w.quote[0]] = true
	}
}

func (w *Writer) appendHeader() error {
	indexes := w.schema.Indexes()

	for i, name := range w.schema.Names() {
		if name == "" || indexes[name] < i {
			return content.Invalid(fmt.Sprintf("the name of column %d is %q, which is empty or not unique", i+1, name),
				"give each column a unique name")
		}

		var wrong *fault
		if w.buffer, wrong = w.appendField(w.buffer, i, source.Standard{Type: source.Text}, name); wrong != nil {
			return wrong.in(fmt.Sprintf("the name of column %d", i+1))
		}
	}

	if len(w.schema) == 1 {
		if err := w.quoteSeparators(); err != nil {
			return err
		}
	}

	w.buffer = append(w.buffer, '\n')

	return nil
}

// quoteSeparators puts quotes around the name of the only column, if a reader would refuse it because it contains another usual
// separator.
func (w *Writer) quoteSeparators() error {
	name := string(w.buffer)

	switch err := checkSeparator(name, w.separator); {
	case err == nil || strings.HasPrefix(name, w.quote) && w.quote != "":
	case w.quote == "":
		return err
	default:
		w.buffer = append(append(append(w.buffer[:0], w.quote...), name...), w.quote...)
	}

	return nil
}

// Conversions returns the columns that are not text, because all columns are text when they are read again.
func (w *Writer) Conversions() []source.Conversion { return w.schema.ConvertedToText() }

// Append writes a record.
func (w *Writer) Append(record source.Record) error {
	if err := w.writeOutputs(0); err != nil {
		return err
	}

	w.records++

	buffer := w.buffer

	for i, value := range record {
		var wrong *fault
		if buffer, wrong = w.appendField(buffer, i, w.schema[i].Standard, value); wrong != nil {
			return w.inRecord(wrong, i, w.records)
		}
	}

	buffer = append(buffer, '\n')
	w.buffer = buffer

	if len(w.buffer) < writeSize {
		return nil
	}

	return w.flush()
}

// inRecord returns the error of a value in the record with a number.
func (w *Writer) inRecord(wrong *fault, column int, record int64) error {
	wrong.field = fmt.Sprintf("column %q", w.schema[column].Name)

	return wrong.in(fmt.Sprintf("record %d", record))
}

// Close writes the rest.
func (w *Writer) Close() error {
	if err := w.writeOutputs(0); err != nil {
		return err
	}

	return w.flush()
}

func (w *Writer) flush() error {
	_, err := w.to.Write(w.buffer)
	w.buffer = w.buffer[:0]

	return err
}

// appendField appends the separator before the i-th field, and the field. If there is a fault, the caller discards the result.
func (w *Writer) appendField(to []byte, i int, of source.Standard, value any) ([]byte, *fault) {
	if i > 0 {
		to = append(to, w.separator...)
	}

	if value == nil {
		return append(to, w.null...), nil
	}

	begin := len(to)

	appended, err := w.parsers[i].Append(to, of, value)
	if err != nil {
		return to, invalidValue(err)
	}

	return w.quoteIfSpecial(appended, begin)
}

func invalidValue(err error) *fault {
	return &fault{message: err.Error(), hint: "convert the column, or leave it out"}
}

// quoteIfSpecial puts quotes around the field that begins at begin, if it would be read differently without them.
func (w *Writer) quoteIfSpecial(to []byte, begin int) ([]byte, *fault) {
	if text := to[begin:]; string(text) == w.null || w.isSpecial(text) {
		return w.quoteField(to, begin)
	}

	return to, nil
}

func (w *Writer) isSpecial(text []byte) bool {
	for _, c := range text {
		if w.special[c] {
			return true
		}
	}

	return false
}

// quoteField puts quotes around the field that begins at begin, if it would be read differently without them.
func (w *Writer) quoteField(to []byte, begin int) ([]byte, *fault) {
	text := string(to[begin:])
	isNull := text == w.null

	switch {
	case !utf8.ValidString(text):
		return to, &fault{message: fmt.Sprintf("%q is not UTF-8", aroundInvalid(text)), hint: "write it as binary, or correct it"}
	case !isNull && !w.mustQuote(text):
		return to, nil
	case w.quote == "" && isNull:
		return to, &fault{
			message: fmt.Sprintf("the text %q would be read as NULL in a file without quotes", text),
			hint:    "set the format's quote, or another null",
		}
	case w.quote == "":
		return to, &fault{
			message: fmt.Sprintf("%q would be read differently in a file without quotes", content.Shorten(text, 50)),
			hint:    "set the format's quote, or a separator that the values do not contain",
		}
	}

	to = append(to[:begin], w.quote...)
	to = append(to, strings.ReplaceAll(text, w.quote, w.quote+w.quote)...)

	return append(to, w.quote...), nil
}
