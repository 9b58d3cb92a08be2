package xml

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source/format/internal/content"
)

// records reads the elements of a file that are records.
type records struct {
	builder

	in     *input
	isUTF8 bool // The input is UTF-8, regardless of the declaration.

	path []string // The names of the record and its ancestors; empty if the records are the children of the root.
	open []string // The names of the open elements.

	rooted   bool   // There was a root.
	expected bool   // There was an element that may contain records.
	count    int64  // The number of records that were read.
	name     string // The name of the records if there is no path.
	line     int    // The line on which the last record begins.

	// prefixes are the prefixes of namespaces, until the columns are named.
	prefixes map[string]string
}

func newRecords(from io.Reader, path string) (*records, error) {
	names, err := splitPath(path)
	if err != nil {
		return nil, err
	}

	decoded, isUTF8 := decodeBeginning(from)
	r := &records{in: newInput(decoded, 0), isUTF8: isUTF8, path: names, line: 1, prefixes: map[string]string{}}
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
			return nil, content.Unsupported(
				fmt.Sprintf("the path %q to the records contains %q, which is not the name of an element", path, name),
				"use a name, or a path of names such as feed/entry, without prefixes")
		}
	}

	return names, nil
}

// declared switches to the encoding that the file declares.
func (r *records) declared(label string, _ io.Reader) (io.Reader, error) {
	if r.isUTF8 {
		return r.in, nil
	}

	rest, err := decodeDeclared(label, r.in)
	if err != nil || rest == io.Reader(r.in) {
		return rest, err
	}

	r.in = newInput(rest, r.decoder.InputOffset())

	return r.in, nil
}

// next reads the next record into e. If only this record is invalid, it returns a fault. The error is io.EOF after the last
// record, the error of the file, or an error with the place in the file.
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

// size returns the size of the last record in bytes.
func (r *records) size() int64 { return r.decoder.InputOffset() - r.in.begin }

// explained returns the error that ends reading.
func (r *records) explained(err error) error {
	if failed := r.in.failed(); failed != nil {
		return failed
	}

	if err == io.EOF {
		return err
	}

	return explained(err, r.line)
}

// find reads up to the next record.
func (r *records) find() (xml.StartElement, error) {
	for {
		r.line, _ = r.decoder.InputPos()
		r.in.mark(r.decoder.InputOffset())

		token, err := r.decoder.Token()
		if err == io.EOF {
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

// enter reports whether a new element is a record, and adds it to the open elements otherwise.
func (r *records) enter(name string) (isRecord bool, err error) {
	if len(r.open) == 0 && r.rooted {
		return false, &fault{fmt.Sprintf("the root element is followed by another, <%s>", name), "put one element around them"}
	}

	r.rooted = true

	if len(r.path) == 0 && len(r.open) == 1 {
		if r.count > 0 && r.name != name {
			return false, &fault{
				fmt.Sprintf("the root has elements of several names, <%s> and <%s>", r.name, name),
				"name the element of a record in the format's records",
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

// checkText refuses text outside of the root, and next to records that are children of the root.
func (r *records) checkText(text string) error {
	if len(r.open) > 1 || (len(r.open) == 1 && len(r.path) > 0) || isSpace(text) {
		return nil
	}

	text = strings.TrimLeft(text, space)
	r.line, _ = r.decoder.InputPos()
	r.line -= strings.Count(text, "\n") // The line of the text, after white space.

	where := "outside of the root element"
	if len(r.open) == 1 {
		where = "next to the elements of the root"
	}

	return &fault{
		fmt.Sprintf("there is the text %s %s", content.Quote(strings.TrimSpace(text)), where),
		"correct the file, or name the element of a record in the format's records",
	}
}

// checkEnd verifies that the file is complete. It returns io.EOF if it is.
func (r *records) checkEnd() error {
	switch {
	case !r.rooted:
		return &fault{"the file has no element", "the file is empty, or not XML"}
	case r.count > 0, len(r.path) == 0, r.expected:
		return io.EOF
	}

	return &fault{
		fmt.Sprintf("the file has no element <%s>", strings.Join(r.path, "> within an element <")),
		"correct the format's records; for files without records, include the element around them, as in feed/entry",
	}
}

// learn records the first prefix of each namespace.
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
