package xml

import (
	"fmt"

	"github.com/jobwright/jobwright/source"
)

// appendJSON appends an element as JSON.
func appendJSON(to []byte, e *element) ([]byte, *fault) {
	switch {
	case e.null && len(e.attributes) == 0:
		return append(to, "null"...), nil
	case e.isText():
		return appendText(to, e.text), nil
	}

	w := object{to: append(to, '{')}

	wrong := w.attributes(e)
	if wrong == nil {
		wrong = w.children(e)
	}

	if e.text != "" {
		w.name(ownText.mark() + textName)
		w.text(e.text)
	}

	return append(w.to, '}'), wrong
}

// appendText appends text as a JSON string.
func appendText(to []byte, text string) []byte {
	to, _ = source.AppendJSONText(to, text) // It fails for invalid UTF-8 only, which the decoder refuses.

	return to
}

// object writes the members of an object.
type object struct {
	to    []byte
	count int
}

func (w *object) text(text string) { w.to = appendText(w.to, text) }

func (w *object) name(name string) {
	if w.count > 0 {
		w.to = append(w.to, ',')
	}

	w.count++

	w.text(name)
	w.to = append(w.to, ':')
}

func (w *object) attributes(e *element) *fault {
	taken := make(map[string]bool, len(e.attributes))

	for _, a := range e.attributes {
		if taken[a.Name.Local] {
			return ambiguous(e, "attributes", a.Name.Local)
		}

		taken[a.Name.Local] = true

		w.name(attribute.mark() + a.Name.Local)
		w.text(a.Value)
	}

	return nil
}

// children writes the children by name, in the order of their first appearance.
func (w *object) children(e *element) *fault {
	same := make(map[string][]int, len(e.children))

	for i := range e.children {
		name := e.children[i].name

		others := same[name.Local]
		if len(others) > 0 && e.children[others[0]].name != name {
			return ambiguous(e, "elements", name.Local)
		}

		same[name.Local] = append(others, i)
	}

	for i := range e.children {
		name := e.children[i].name.Local
		if same[name][0] != i {
			continue // It is in the list of the first child.
		}

		w.name(name)

		if wrong := w.values(e.children, same[name]); wrong != nil {
			return wrong
		}
	}

	return nil
}

// values writes the children at the given indexes: one child as a value, several as a list.
func (w *object) values(children []element, places []int) *fault {
	if len(places) > 1 {
		w.to = append(w.to, '[')
	}

	for n, i := range places {
		if n > 0 {
			w.to = append(w.to, ',')
		}

		var wrong *fault
		if w.to, wrong = appendJSON(w.to, &children[i]); wrong != nil {
			return wrong
		}
	}

	if len(places) > 1 {
		w.to = append(w.to, ']')
	}

	return nil
}

// ambiguous returns the fault of an element with attributes or children that differ in their namespaces only.
func ambiguous(e *element, parts, name string) *fault {
	return &fault{
		fmt.Sprintf("the element <%s> has %s named %s of two namespaces, which json cannot distinguish",
			e.name.Local, parts, name),
		"give one of them another name",
	}
}
