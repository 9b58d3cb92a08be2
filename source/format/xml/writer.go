package xml

import (
	"bufio"
	"encoding/xml"
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
	begins []string // The start tag of each column.
	ends   []string // The end tag of each column.
	line   []byte
	text   []byte
	count  int64

	begin, end             string // The text before the first record, and after the last record.
	beginRecord, endRecord string
}

// NewWriter returns a writer that writes a table to w. It uses the records of the format: the last name is that of the
// records, and the others are those of their ancestors, the root first. Errors about the format and the values are
// [*source.Error] without source and table; errors of w are returned as they are.
func NewWriter(w io.Writer, f source.Format, schema source.Schema) (*Writer, error) {
	path, err := splitPath(f.Records)
	if err != nil {
		return nil, err
	}

	switch {
	case len(path) == 0:
		path = []string{"records", "record"}
	case len(path) == 1 && path[0] == "records":
		return nil, content.Unsupported(`the record has the name "records" of the root`,
			"include the name of the root, as in data/records")
	case len(path) == 1:
		path = []string{"records", path[0]}
	}

	last := len(path) - 1
	writer := &Writer{to: bufio.NewWriterSize(w, writeSize), schema: schema}
	writer.begin = xml.Header
	writer.beginRecord, writer.endRecord = "<"+path[last]+">", "</"+path[last]+">\n"

	for i, name := range path[:last] {
		writer.begin += "<" + name + ">"
		writer.end += "</" + path[last-1-i] + ">"
	}

	writer.begin += "\n"
	writer.end += "\n"

	if err := writer.name(schema); err != nil {
		return nil, err
	}

	return writer, nil
}

// name prepares the tags of columns.
func (w *Writer) name(columns source.Schema) error {
	indexes := columns.Indexes()

	for i, name := range columns.Names() {
		var wrong string

		switch {
		case !isName(name):
			wrong = fmt.Sprintf("the name %q of column %d is not a valid name of an element", name, i+1)
		case indexes[name] < i:
			wrong = fmt.Sprintf("two columns are named %q", name)
		default:
			w.begins, w.ends = append(w.begins, "<"+name+">"), append(w.ends, "</"+name+">")

			continue
		}

		return content.Invalid(wrong, "rename the column, or give columnNames the value standardize")
	}

	return nil
}

// isName reports whether an element can have a name, without a prefix. It asks the decoder.
func isName(name string) bool {
	decoder := xml.NewDecoder(strings.NewReader("<" + name + "/>"))

	token, err := decoder.RawToken()
	if err != nil {
		return false
	}

	begin, begins := token.(xml.StartElement)

	return begins && begin.Name.Local == name && !strings.Contains(name, ":")
}

// Append writes a record. If XML cannot represent a value, it returns an error and writes nothing of the record.
func (w *Writer) Append(record source.Record) error {
	w.line = w.line[:0]
	if w.count == 0 {
		w.line = append(w.line, w.begin...)
	}

	w.line = append(w.line, w.beginRecord...)

	for i, value := range record {
		if value == nil {
			w.line = append(w.line, w.null(i)...)

			continue
		}

		w.line = append(w.line, w.begins[i]...)

		if err := w.append(w.schema[i].Standard, value); err != nil {
			return content.InRecord(w.count+1, w.schema[i].Name, err, "correct the value, or leave out the column")
		}

		w.line = append(w.line, w.ends[i]...)
	}

	w.count++

	_, err := w.to.Write(append(w.line, w.endRecord...))

	return err
}

// null returns the element for NULL. Only the first record has it, because readers infer the columns from it.
func (w *Writer) null(column int) string {
	if w.count > 0 {
		return ""
	}

	return strings.TrimSuffix(w.begins[column], ">") + ` xmlns:xsi="` + instances + `" xsi:nil="true"/>`
}

// append writes a value.
func (w *Writer) append(of source.Standard, value any) (err error) {
	if text, isText := value.(string); isText {
		w.line, err = appendEscaped(w.line, text)

		return err
	}

	if w.text, err = source.AppendText(w.text[:0], of, value); err != nil {
		return err
	}

	w.line, err = appendEscaped(w.line, string(w.text))

	return err
}

// Close completes the content.
func (w *Writer) Close() error {
	if w.count == 0 {
		w.end = w.begin + w.end
	}

	if _, err := w.to.WriteString(w.end); err != nil {
		return err
	}

	return w.to.Flush()
}
