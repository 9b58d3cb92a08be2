package xml

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

const (
	// maxDepth bounds how deep elements stand within each other.
	maxDepth = 1_000

	// maxElements bounds the elements of a record, of which each takes more memory than its bytes in the file.
	maxElements = 1_000_000
)

// The namespaces that say something about a document and nothing of its data: declarations of others, and XML Schema's
// attributes of instances.
const (
	declarations = "xmlns"
	instances    = "http://www.w3.org/2001/XMLSchema-instance"
)

// element is an element with all that it holds.
type element struct {
	name       xml.Name
	attributes []xml.Attr
	children   []element
	text       string // What stands in it beside children.
	null       bool   // It says that it is NULL, in the way of XML Schema.
}

// isText reports whether an element has nothing but text.
func (e *element) isText() bool { return len(e.attributes) == 0 && len(e.children) == 0 }

// reset makes an element that begins of one that was used before.
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

// child adds a child that begins.
func (e *element) child(begin xml.StartElement) *element {
	if len(e.children) < cap(e.children) {
		e.children = e.children[:len(e.children)+1] // With the memory for children that the one before it had.
	} else {
		e.children = append(e.children, element{})
	}

	child := &e.children[len(e.children)-1]
	child.reset(begin)

	return child
}

// builder reads elements.
type builder struct {
	decoder  *xml.Decoder
	elements int    // How many the record has.
	text     []byte // Of the elements that are being read, which stand within each other.
}

// build reads the rest of an element that has begun. What is wrong with the element alone is returned as a fault; it was read
// to its end then. The error is the decoder's.
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
	errTooDeep = &fault{fmt.Sprintf("more than %d elements stand within each other", maxDepth), hintBounds}
	errTooMany = &fault{fmt.Sprintf("what begins here has more than %d elements", maxElements), hintBounds}
)

// checkAttributes finds an attribute that stands twice, which the decoder does not.
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

// close takes the text of an element when all of it was read.
func (e *element) close(text string) *fault {
	if len(e.children) == 0 {
		e.text = text
		e.null = e.null && e.text == ""

		return nil
	}

	e.null = false

	if !isSpace(text) {
		return &fault{
			fmt.Sprintf("the element <%s> has the text %s beside elements", e.name.Local, shown(strings.TrimSpace(text))),
			"put the text into an element of its own",
		}
	}

	return nil
}

// isSpace reports whether text is white space of XML.
func isSpace(text string) bool { return strings.Trim(text, space) == "" }

const space = " \n\t\r"
