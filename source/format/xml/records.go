package xml

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// records finds the elements of a file that are records.
type records struct {
	builder

	in     *input
	isUTF8 bool // It is known to be, whatever the file declares.

	path []string // The last names of the elements around a record and of itself; none where the children of the root are it.
	open []string // The names of the elements that are open.

	rooted   bool   // There was a root.
	expected bool   // There was an element within which a record is expected.
	count    int64  // How many records there were.
	name     string // Of the records, where there is no path.
	line     int    // On which the last record begins.

	// prefixes are those of namespaces, by these, while anybody wants to know them.
	prefixes map[string]string
}

func newRecords(from io.Reader, path string) (*records, error) {
	names, err := splitPath(path)
	if err != nil {
		return nil, err
	}

	content, isUTF8 := begun(from)
	r := &records{in: newInput(content, 0), isUTF8: isUTF8, path: names, line: 1, prefixes: map[string]string{}}
	r.decoder = xml.NewDecoder(r.in)
	r.decoder.CharsetReader = r.declared

	return r, nil
}

// splitPath returns the names of a path to records.
func splitPath(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}

	names := strings.Split(path, "/")
	for _, name := range names {
		if !isName(name) {
			return nil, unsupported(fmt.Sprintf("the path %q to the records has %q, which is no name of an element", path, name),
				"give a name, or a path of names from the outside to the inside, as in feed/entry, without prefixes")
		}
	}

	return names, nil
}

// declared goes on in the encoding that the file declares.
func (r *records) declared(label string, _ io.Reader) (io.Reader, error) {
	if r.isUTF8 {
		return r.in, nil
	}

	rest, err := declared(label, r.in)
	if err != nil || rest == io.Reader(r.in) {
		return rest, err
	}

	r.in = newInput(rest, r.decoder.InputOffset())

	return r.in, nil
}

// next reads the next record into e. What is wrong with this record alone is a fault. The error is io.EOF after the last
// record, that of the file, or one about the file, with its place.
func (r *records) next(e *element) (wrong *fault, err error) {
	begin, err := r.find()
	if err != nil {
		return nil, r.explained(err)
	}

	r.count++
	e.reset(begin)

	r.elements = 0

	wrong, err = r.build(e, len(r.open)+1)
	if err != nil {
		return nil, r.explained(err)
	}

	return wrong, nil
}

// size is how many bytes the last record has.
func (r *records) size() int64 { return r.decoder.InputOffset() - r.in.begin }

// explained is the error for what ended the reading.
func (r *records) explained(err error) error {
	if failed := r.in.failed(); failed != nil {
		return failed
	}

	if errors.Is(err, io.EOF) {
		return err
	}

	return explained(err, r.line)
}

// find goes to the next record.
func (r *records) find() (xml.StartElement, error) {
	for {
		r.line, _ = r.decoder.InputPos()
		r.in.mark(r.decoder.InputOffset())

		token, err := r.decoder.Token()
		if errors.Is(err, io.EOF) {
			err = r.checkEnd()
		}

		if err != nil {
			return xml.StartElement{}, err
		}

		switch token := token.(type) {
		case xml.StartElement:
			r.learn(token)

			isRecord, err := r.enter(token.Name.Local)
			if isRecord || err != nil {
				return token, err
			}
		case xml.EndElement:
			r.open = r.open[:len(r.open)-1]
		case xml.CharData:
			if err := r.checkText(string(token)); err != nil {
				return xml.StartElement{}, err
			}
		}
	}
}

// enter reports whether an element that begins is a record. Otherwise it is open then.
func (r *records) enter(name string) (isRecord bool, err error) {
	if len(r.open) == 0 && r.rooted {
		return false, &fault{fmt.Sprintf("behind the root element there is another, <%s>", name), "put one element around all"}
	}

	r.rooted = true

	if len(r.path) == 0 && len(r.open) == 1 {
		if r.count > 0 && r.name != name {
			return false, &fault{
				fmt.Sprintf("the root has elements of several names, <%s> and <%s>", r.name, name),
				"name the element that is a record in the format's records",
			}
		}

		r.name = name

		return true, nil
	}

	r.open = append(r.open, name)
	if len(r.open) > maxDepth {
		return false, errTooDeep
	}

	if len(r.path) == 0 {
		return false, nil
	}

	if endsWith(r.open, r.path) {
		r.open = r.open[:len(r.open)-1]

		return true, nil
	}

	around := r.path[:len(r.path)-1]
	r.expected = r.expected || (len(around) > 0 && endsWith(r.open, around))

	return false, nil
}

func endsWith(names, last []string) bool {
	return len(names) >= len(last) && slices.Equal(names[len(names)-len(last):], last)
}

// checkText finds text where there can't be one: outside the root, and beside the records that are the root's children.
func (r *records) checkText(text string) error {
	if len(r.open) > 1 || (len(r.open) == 1 && len(r.path) > 0) || isSpace(text) {
		return nil
	}

	text = strings.TrimLeft(text, space)
	r.line, _ = r.decoder.InputPos()
	r.line -= strings.Count(text, "\n") // On which the text begins, behind white space.

	where := "outside the root element"
	if len(r.open) == 1 {
		where = "beside the elements of the root"
	}

	return &fault{
		fmt.Sprintf("there is the text %s %s", shown(strings.TrimSpace(text)), where),
		"correct the file, or name the element that is a record in the format's records",
	}
}

// checkEnd finds what is missing at the end of the file. It is io.EOF where nothing is.
func (r *records) checkEnd() error {
	switch {
	case !r.rooted:
		return &fault{"the file has no element", "it is empty, or no XML"}
	case r.count > 0, len(r.path) == 0, r.expected:
		return io.EOF
	}

	return &fault{
		fmt.Sprintf("the file has no element <%s>", strings.Join(r.path, "> within an element <")),
		"correct the format's records; where there may be none, name the element around them too, as in feed/entry",
	}
}

// learn remembers the prefixes of namespaces, the first of each.
func (r *records) learn(begin xml.StartElement) {
	if r.prefixes == nil {
		return
	}

	for _, a := range begin.Attr {
		if _, known := r.prefixes[a.Value]; a.Name.Space == declarations && !known {
			r.prefixes[a.Value] = a.Name.Local
		}
	}
}
