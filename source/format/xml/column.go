package xml

import (
	"encoding/json"
	"encoding/xml"
	"fmt"

	"github.com/jobwright/jobwright/source"
)

// part is the part of a record from which a column is read.
type part uint8

const (
	child part = iota
	attribute
	ownText
)

// key identifies a column.
type key struct {
	part part
	name xml.Name
}

// String describes the part of a record, for a message.
func (k key) String() string {
	text := fmt.Sprintf("element <%s>", k.name.Local)

	switch k.part {
	case attribute:
		text = "attribute " + k.name.Local
	case ownText:
		return "text"
	case child: // The element, as previous.
	}

	if k.name.Space != "" {
		text += fmt.Sprintf(" of the namespace %q", k.name.Space)
	}

	return text
}

// column describes a column of a file.
type column struct {
	key

	title    string // The name of the column.
	isJSON   bool   // In a record of the sample, the element has attributes or children.
	isList   bool   // A record of the sample has several of the elements.
	last     int64  // The number of the last record that had the column, from 1.
	elements []byte // The elements of a list in the current record, as JSON.
}

// describe returns the column of the schema.
func (c *column) describe() source.Column {
	of, native := source.Text, "text"
	if c.isJSON || c.isList {
		of, native = source.JSON, "element"
	}

	return source.Column{
		Name:     c.title,
		Native:   source.NativeType{Name: native, TypeStr: native, Precision: -1},
		Standard: source.Standard{Type: of},
	}
}

// convert returns an element in the form of the column's type. Previous is the column's value in the previous record, which is
// returned if it is equal: columns often repeat a value, and reusing it is cheaper than an allocation.
func (c *column) convert(e *element, previous any) (any, *fault) {
	switch {
	case e.null:
		return nil, nil
	case c.isJSON:
		text, wrong := appendJSON(nil, e)

		return json.RawMessage(text), wrong
	case !e.isText():
		return nil, &fault{
			message: fmt.Sprintf(
				"column %q: the element has attributes or elements, but only text in the first records", c.title),
			hint: hintSample,
		}
	}

	return reuseText(e.text, previous), nil
}

func reuseText(text string, previous any) any {
	if last, isText := previous.(string); isText && last == text {
		return previous
	}

	return text
}

// list returns the elements of the current record as a list.
func (c *column) list() json.RawMessage {
	all := make([]byte, 0, len(c.elements)+2)
	all = append(append(append(all, '['), c.elements...), ']')

	return all
}
