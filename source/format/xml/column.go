package xml

import (
	"encoding/json"
	"encoding/xml"
	"fmt"

	"github.com/jobwright/jobwright/source"
)

// part tells where in a record the value of a column stands.
type part uint8

const (
	child part = iota
	attribute
	ownText
)

// key is what a column is made of.
type key struct {
	part part
	name xml.Name
}

// String names what a record has, as a message does.
func (k key) String() string {
	what := fmt.Sprintf("element <%s>", k.name.Local)

	switch k.part {
	case attribute:
		what = "attribute " + k.name.Local
	case ownText:
		return "text"
	case child: // As it is.
	}

	if k.name.Space != "" {
		what += fmt.Sprintf(" of the namespace %q", k.name.Space)
	}

	return what
}

// column is what is known of a column.
type column struct {
	key

	title    string // Its name.
	isJSON   bool   // A record of the sample has attributes or children in it.
	isList   bool   // A record of the sample has several of it.
	last     int64  // Which record had the column last, from 1.
	elements []byte // Of a list: what the record has of it, as JSON.
}

// describe returns the column as a schema has it.
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

// hold returns an element as the column's type has it. Above is the column's value in the record before, which is returned
// again where it is the same: columns often repeat a value, and to keep it is cheaper than to make another.
func (c *column) hold(e *element, above any) (any, *fault) {
	switch {
	case e.null:
		return nil, nil
	case c.isJSON:
		text, wrong := appendJSON(nil, e)

		return json.RawMessage(text), wrong
	case !e.isText():
		return nil, &fault{
			message: fmt.Sprintf("column %q: the element has attributes or elements, and had text before", c.title),
			hint:    hintSample,
		}
	}

	return holdText(e.text, above), nil
}

func holdText(text string, above any) any {
	if last, isText := above.(string); isText && last == text {
		return above
	}

	return text
}

// list returns the elements that the record has.
func (c *column) list() json.RawMessage {
	all := make([]byte, 0, len(c.elements)+2)
	all = append(append(append(all, '['), c.elements...), ']')

	return all
}
