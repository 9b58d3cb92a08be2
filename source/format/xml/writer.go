package xml

import (
	"bufio"
	"encoding/xml"
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
	begins []string // What stands before the value of each column,
	ends   []string // and behind it.
	line   []byte
	text   []byte
	count  int64

	begin, end             string // What stands before the first record, and behind the last.
	beginRecord, endRecord string
}

// NewWriter returns a writer of a table whose content goes to w. Of the format it takes the path to the records: the last
// name is theirs, and the others are those of the elements around them, the root first. Its errors about the format and the
// values are those of [source.Error] without a source and a table; those of w are returned as they are.
func NewWriter(w io.Writer, f source.Format, schema source.Schema) (*Writer, error) {
	path, err := splitPath(f.Records)
	if err != nil {
		return nil, err
	}

	switch {
	case len(path) == 0:
		path = []string{"records", "record"}
	case len(path) == 1 && path[0] == "records":
		return nil, unsupported(`the record is named "records", as the root is`, "name the root too, as in data/records")
	case len(path) == 1:
		path = []string{"records", path[0]}
	}

	last := len(path) - 1
	writer := &Writer{to: bufio.NewWriterSize(w, writeAtOnce), schema: schema}
	writer.begin = xml.Header
	writer.beginRecord, writer.endRecord = "<"+path[last]+">", "</"+path[last]+">\n"

	for i, name := range path[:last] {
		writer.begin += "<" + name + ">"
		writer.end += "</" + path[last-1-i] + ">"
	}

	writer.begin += "\n"
	writer.end += "\n"

	if err := writer.name(schema.Names()); err != nil {
		return nil, err
	}

	return writer, nil
}

// name prepares the elements of columns.
func (w *Writer) name(columns []string) error {
	for i, name := range columns {
		var wrong string

		switch {
		case !isName(name):
			wrong = fmt.Sprintf("the name %q of column %d is none that an element can have", name, i+1)
		case slices.Contains(columns[:i], name):
			wrong = fmt.Sprintf("two columns are named %q", name)
		default:
			w.begins, w.ends = append(w.begins, "<"+name+">"), append(w.ends, "</"+name+">")

			continue
		}

		return &source.Error{
			Code: source.CodeRecordInvalid, Message: wrong, Hint: "rename the column, or give columnNames the value standardize",
		}
	}

	return nil
}

// isName reports whether an element can have that name, without a prefix. What a decoder takes for one, every other does.
func isName(name string) bool {
	decoder := xml.NewDecoder(strings.NewReader("<" + name + "/>"))

	token, err := decoder.RawToken()
	if err != nil {
		return false
	}

	begin, begins := token.(xml.StartElement)

	return begins && begin.Name.Local == name && !strings.Contains(name, ":")
}

// Append writes a record. A value that XML can't hold is an error, and nothing of the record is written then.
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
			return &source.Error{
				Code:    source.CodeRecordInvalid,
				Message: fmt.Sprintf("record %d, column %q: %v", w.count+1, w.schema[i].Name, err),
				Hint:    "correct the value, or leave the column away",
				Err:     err,
			}
		}

		w.line = append(w.line, w.ends[i]...)
	}

	w.count++

	_, err := w.to.Write(append(w.line, w.endRecord...))

	return err
}

// null is how NULL is written: not at all, but in the first record, from which readers learn which columns there are.
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
