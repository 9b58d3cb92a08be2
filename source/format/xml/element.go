package xml

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source/format/internal/content"
)

const (
	// maxDepth is the largest depth of nested elements.
	maxDepth = 1_000

	// maxElements is the largest number of elements of a record. Each uses more memory than its size in the file.
	maxElements = 1_000_000
)

// The namespaces of attributes that are not data: declarations of namespaces, and the instance attributes of XML Schema.
const (
	declarations = "xmlns"
	instances    = "http://www.w3.org/2001/XMLSchema-instance"
)

// element is an element with its content.
type element struct {
	name       xml.Name
	attributes []xml.Attr
	children   []element
	text       string // The text of an element without children.
	null       bool   // The element has xsi:nil.
}

// isText reports whether an element has only text.
func (e *element) isText() bool { return len(e.attributes) == 0 && len(e.children) == 0 }

// reset initializes an element with its start tag, and retains the memory of its children.
func (e *element) reset(begin xml.StartElement) {
	isData := func(a xml.Attr) bool {
		return a.Name.Space != declarations && a.Name.Space != instances && (a.Name.Space != "" || a.Name.Local != declarations)
	}

	nilled := slices.ContainsFunc(begin.Attr, func(a xml.Attr) bool {
		return a.Name == xml.Name{Space: instances, Local: "nil"} && (a.Value == "true" || a.Value == "1")
	})

	attributes := slices.DeleteFunc(begin.Attr, func(a xml.Attr) bool { return !isData(a) })
	*e = element{name: begin.Name, attributes: attributes, children: e.children[:0], null: nilled}
}

// child adds a child with its start tag.
func (e *element) child(begin xml.StartElement) *element {
	if len(e.children) < cap(e.children) {
		e.children = e.children[:len(e.children)+1] // Reuse the memory of an earlier child.
	} else {
		e.children = append(e.children, element{})
	}

	child := &e.children[len(e.children)-1]
	child.reset(begin)

	return child
}

// builder builds elements.
type builder struct {
	decoder  *xml.Decoder
	elements int    // The number of elements of the record.
	text     []byte // The text of the elements that are being read, which are nested.
}

// build reads an element after its start tag. If only the element is invalid, it is read to its end, and a fault is returned. The
// error is that of the decoder.
func (b *builder) build(e *element, depth int) (wrong *fault, err error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}

	b.elements++
	if b.elements > maxElements {
		return nil, errTooMany
	}

	wrong = e.checkAttributes()
	from := len(b.text)

	for {
		token, err := b.decoder.Token()
		if err != nil {
			return nil, err
		}

		switch token := token.(type) {
		case xml.CharData:
			b.text = append(b.text, token...)
		case xml.StartElement:
			wrongChild, err := b.build(e.child(token), depth+1)
			if err != nil {
				return nil, err
			}

			if wrong == nil {
				wrong = wrongChild
			}
		case xml.EndElement:
			text := string(b.text[from:])
			b.text = b.text[:from]

			if wrongText := e.close(text); wrong == nil {
				wrong = wrongText
			}

			return wrong, nil
		}
	}
}

var (
	errTooDeep = &fault{fmt.Sprintf("elements are nested more than %d levels deep", maxDepth), hintBounds}
	errTooMany = &fault{fmt.Sprintf("the record that begins here has more than %d elements", maxElements), hintBounds}
)

// checkAttributes refuses duplicate attributes, which the decoder accepts.
func (e *element) checkAttributes() *fault {
	if len(e.attributes) < 2 {
		return nil
	}

	names := make([]string, len(e.attributes))
	for i, attribute := range e.attributes {
		names[i] = attribute.Name.Space + " " + attribute.Name.Local
	}

	slices.Sort(names)

	for i := 1; i < len(names); i++ {
		if names[i] == names[i-1] {
			_, name, _ := strings.Cut(names[i], " ")

			return &fault{fmt.Sprintf("the element <%s> has the attribute %s twice", e.name.Local, name), "remove one of them"}
		}
	}

	return nil
}

// close sets the text of an element at its end.
func (e *element) close(text string) *fault {
	if len(e.children) == 0 {
		e.text = text
		e.null = e.null && e.text == ""

		return nil
	}

	e.null = false

	if !isSpace(text) {
		return &fault{
			fmt.Sprintf("the element <%s> has the text %s next to elements",
				e.name.Local, content.Quote(strings.TrimSpace(text))),
			"put the text into a separate element",
		}
	}

	return nil
}

// isSpace reports whether text is white space of XML.
func isSpace(text string) bool { return strings.Trim(text, space) == "" }

const space = " \n\t\r"
