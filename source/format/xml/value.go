package xml

import (
	"fmt"

	"github.com/jobwright/jobwright/source"
)

// appendJSON writes an element as JSON.
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

// appendText writes text as JSON.
func appendText(to []byte, text string) []byte {
	to, _ = source.AppendJSONText(to, text) // Its error is for what is not UTF-8, which the decoder has found.

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

// children writes the children by their names, in the order in which these appear.
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
			continue // It is in the list of the first one.
		}

		w.name(name)

		if wrong := w.values(e.children, same[name]); wrong != nil {
			return wrong
		}
	}

	return nil
}

// values writes the children at those places: one alone, or a list of several.
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

// ambiguous is the fault of an element whose attributes or children can't be told apart without their namespaces.
func ambiguous(e *element, what, name string) *fault {
	return &fault{
		fmt.Sprintf("the element <%s> has %s named %s of two namespaces, which json can't tell apart", e.name.Local, what, name),
		"give one of them another name",
	}
}
