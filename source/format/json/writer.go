package json

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/internal/content"
)

// writeSize is the size of the buffer in bytes.
const writeSize = 256 << 10

// Writer writes the records of a table.
type Writer struct {
	to     *bufio.Writer
	schema source.Schema
	names  [][]byte // For each column, the text before its value.
	line   []byte
	count  int64

	begin, between, end string // The text before the first record, between two records, and after the last record.
}

// NewWriter returns a writer that writes a table to w. It uses the type of the format, which is ndjson or json, and the path to
// the records: the array is nested in an object for each of its names. Errors about the format and the values are [*source.Error]
// without source and table; errors of w are returned as they are.
func NewWriter(w io.Writer, f source.Format, schema source.Schema) (*Writer, error) {
	writer := &Writer{to: bufio.NewWriterSize(w, writeSize), schema: schema, between: "\n", end: "\n"}

	if f.Type == TypeNDJSON {
		if f.Records != "" {
			return nil, noPath(f.Records)
		}
	} else if err := writer.wrap(f.Records); err != nil {
		return nil, err
	}

	indexes := schema.Indexes()

	for i, column := range schema {
		if indexes[column.Name] < i {
			return nil, content.Invalid(
				fmt.Sprintf("two columns are named %q", column.Name), "give each column a name of its own")
		}

		name, err := source.AppendJSONText([]byte{','}, column.Name)
		if err != nil {
			return nil, content.Invalid(fmt.Sprintf("the name of column %d: %v", i+1, err), "")
		}

		writer.names = append(writer.names, append(name, ':'))
	}

	return writer, nil
}

// wrap puts an array around the records, and objects around the array.
func (w *Writer) wrap(records string) error {
	w.begin, w.between, w.end = "[\n", ",\n", "\n]\n"
	if records == "" {
		return nil
	}

	names := strings.Split(records, ".")

	var before []byte

	for _, name := range names {
		var err error
		if before, err = source.AppendJSONText(append(before, '{'), name); err != nil {
			return content.Unsupported(fmt.Sprintf("the path %q to the records: %v", records, err),
				"use a path of names, data.items for example")
		}

		before = append(before, ':')
	}

	w.begin = string(before) + w.begin
	w.end = "\n]" + strings.Repeat("}", len(names)) + "\n"

	return nil
}

// Append writes a record. If JSON cannot represent a value, it returns an error and writes nothing of the record.
func (w *Writer) Append(record source.Record) error {
	w.line = append(w.line[:0], w.before()...)
	w.line = append(w.line, '{')

	for i, value := range record {
		name := w.names[i]
		if i == 0 {
			name = name[1:]
		}

		w.line = append(w.line, name...)

		if err := w.append(w.schema[i].Standard, value); err != nil {
			return content.InRecord(w.count+1, w.schema[i].Name, err, "correct the value, or leave out the column")
		}
	}

	w.count++

	_, err := w.to.Write(append(w.line, '}'))

	return err
}

// before returns the text before the next record.
func (w *Writer) before() string {
	if w.count == 0 {
		return w.begin
	}

	return w.between
}

// append writes a value into the line. JSON from other sources may have line breaks, which would end a record of NDJSON.
func (w *Writer) append(of source.Standard, value any) error {
	from := len(w.line)

	var err error
	if w.line, err = source.AppendJSON(w.line, of, value); err != nil {
		return err
	}

	if (of.Type != source.JSON && of.Element != source.JSON) || !bytes.ContainsAny(w.line[from:], "\r\n") {
		return nil
	}

	var compact bytes.Buffer
	if err := json.Compact(&compact, w.line[from:]); err != nil {
		return err
	}

	w.line = append(w.line[:from], compact.Bytes()...)

	return nil
}

// Close completes the content.
func (w *Writer) Close() error {
	end := w.end

	switch {
	case w.count > 0:
	case w.begin == "": // NDJSON without records is empty.
		end = ""
	default:
		end = strings.TrimSuffix(w.begin, "\n") + strings.TrimPrefix(w.end, "\n")
	}

	if _, err := w.to.WriteString(end); err != nil {
		return err
	}

	return w.to.Flush()
}

// Conversions returns the columns that have another type when they are read again: JSON has no dates, one kind of numbers, and
// arrays of any values.
func (w *Writer) Conversions() []source.Conversion {
	var conversions []source.Conversion

	for _, column := range w.schema {
		if !isKept(column.Type) {
			conversions = append(conversions, column.ConvertedTo(native(column.Type)))
		}
	}

	return conversions
}
