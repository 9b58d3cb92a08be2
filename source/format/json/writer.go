package json

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// writeAtOnce is how much is written at once, in bytes.
const writeAtOnce = 256 << 10

// Writer writes the records of a table.
type Writer struct {
	to     *bufio.Writer
	schema source.Schema
	names  [][]byte // What stands before the value of each column.
	line   []byte
	count  int64

	begin, between, end string // What stands before the first record, between two, and behind the last.
}

// NewWriter returns a writer of a table whose content goes to w. Of the format it takes the type, which is ndjson or json,
// and the path to the records, which gets an object around the list for each of its names. Its errors about the format and
// the values are those of [source.Error] without a source and a table; those of w are returned as they are.
func NewWriter(w io.Writer, f source.Format, schema source.Schema) (*Writer, error) {
	writer := &Writer{to: bufio.NewWriterSize(w, writeAtOnce), schema: schema, between: "\n", end: "\n"}

	if f.Type == TypeNDJSON {
		if f.Records != "" {
			return nil, noPath(f.Records)
		}
	} else if err := writer.wrap(f.Records); err != nil {
		return nil, err
	}

	for i, column := range schema {
		if slices.Contains(schema.Names()[:i], column.Name) {
			return nil, &source.Error{
				Code: source.CodeRecordInvalid, Message: fmt.Sprintf("two columns are named %q", column.Name),
				Hint: "give each column a name of its own",
			}
		}

		name, err := source.AppendJSONText([]byte{','}, column.Name)
		if err != nil {
			return nil, &source.Error{
				Code: source.CodeRecordInvalid, Message: fmt.Sprintf("the name of column %d: %v", i+1, err), Err: err,
			}
		}

		writer.names = append(writer.names, append(name, ':'))
	}

	return writer, nil
}

// wrap puts a list around the records, and objects around the list.
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
			return unsupported(fmt.Sprintf("the path %q to the records: %v", records, err),
				"give a path of names, data.items for example")
		}

		before = append(before, ':')
	}

	w.begin = string(before) + w.begin
	w.end = "\n]" + strings.Repeat("}", len(names)) + "\n"

	return nil
}

// Append writes a record. A value that JSON can't hold is an error, and nothing of the record is written then.
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
			return &source.Error{
				Code:    source.CodeRecordInvalid,
				Message: fmt.Sprintf("record %d, column %q: %v", w.count+1, w.schema[i].Name, err),
				Hint:    "correct the value, or leave the column away",
				Err:     err,
			}
		}
	}

	w.count++

	_, err := w.to.Write(append(w.line, '}'))

	return err
}

// before is what stands before the next record.
func (w *Writer) before() string {
	if w.count == 0 {
		return w.begin
	}

	return w.between
}

// append writes a value into the line. JSON from elsewhere may have line breaks, which would be the end of a record.
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
	case w.begin == "": // A file of lines that has none.
		end = ""
	default:
		end = strings.TrimSuffix(w.begin, "\n") + strings.TrimPrefix(w.end, "\n")
	}

	if _, err := w.to.WriteString(end); err != nil {
		return err
	}

	return w.to.Flush()
}

// Conversions returns the columns that have another type when they are read again: JSON has strings in place of dates and
// others, numbers of one kind alone, and lists of anything.
func (w *Writer) Conversions() []source.Conversion {
	var conversions []source.Conversion

	for _, column := range w.schema {
		if !readAgain(column.Type) {
			conversions = append(conversions, source.Conversion{
				Column: column.Name, From: column.String(), To: native(column.Type),
			})
		}
	}

	return conversions
}
