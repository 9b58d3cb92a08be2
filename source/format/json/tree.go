package json

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/jobwright/jobwright/source/format/internal/content"
)

// tree reads the records of a file that is a single JSON value: the elements of the array to which a path of names leads.
type tree struct {
	stream *stream
	path   []string
	count  int64 // The number of records that were read.
	single bool  // The path leads to an object, which is the only record.
	done   bool  // The text after the records was read.
}

// newTree reads up to the records.
func newTree(s *stream, records string) (*tree, error) {
	t := &tree{stream: s}
	if records != "" {
		t.path = strings.Split(records, ".")
	}

	for i := range t.path {
		if err := t.enter(i); err != nil {
			return t, err
		}
	}

	c, err := s.peek()

	switch {
	case err == io.EOF:
		return t, &fault{message: "the file is empty", hint: "a file without records is written as []"}
	case err != nil:
		return t, err
	case c == '[':
		s.take(1)
	case c == '{':
		t.single = true
	default:
		return t, &fault{
			message: fmt.Sprintf("%s is %s, but not a list of records", t.where(len(t.path)), t.found()),
			hint:    hintRecords,
		}
	}

	return t, nil
}

// where names the value to which the first names of the path lead.
func (t *tree) where(names int) string {
	if names == 0 {
		return "the file's content"
	}

	return fmt.Sprintf("the value of %q", strings.Join(t.path[:names], "."))
}

// found returns an excerpt of the text that follows, for a message.
func (t *tree) found() string { return quoteLine(string(t.stream.rest())) }

// enter reads up to the value of the i-th name of the path.
func (t *tree) enter(i int) error {
	if c, err := t.stream.peek(); err != nil || c != '{' {
		if err != nil {
			return t.cutOff(err)
		}

		return &fault{
			message: fmt.Sprintf("%s is %s, but not an object with the name %q", t.where(i), t.found(), t.path[i]),
			hint:    hintRecords + "; it leads through objects only",
		}
	}

	t.stream.take(1)

	others, found, err := t.find(t.path[i], true)
	if err != nil || found {
		return err
	}

	hint := "it has none"
	if len(others) > 0 {
		hint = "it has " + strings.Join(others, ", ")
	}

	return &fault{
		message: fmt.Sprintf("%s has no name %q, which the path to the records contains", t.where(i), t.path[i]), hint: hint,
	}
}

// find reads up to the value of the member that has a name. Otherwise it consumes the rest of the object, and returns its first
// names.
func (t *tree) find(name string, first bool) (others []string, found bool, err error) {
	for ; ; first = false {
		other, more, err := t.member(first)
		if err != nil || !more || other == name {
			return others, more, err
		}

		if len(others) < 20 { // A message shows no more.
			others = append(others, content.Quote(other))
		}

		if err := t.stream.skip(); err != nil {
			return nil, false, err
		}
	}
}

// member reads the name of the next member of an object around the records, up to its value. Found is false at the end of the
// object, which is consumed.
func (t *tree) member(first bool) (name string, found bool, err error) {
	if found, err = t.more(first, '}'); err != nil || !found {
		return "", false, err
	}

	if c, err := t.stream.peek(); err != nil || c != '"' {
		return "", false, t.expected("a name in double quotes", err)
	}

	raw, err := t.stream.value()
	if err != nil {
		return "", false, err
	}

	unquoted, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return "", false, &fault{message: "a name is not a JSON string: " + quoteLine(string(raw)), hint: hintSyntax}
	}

	if c, err := t.stream.peek(); err != nil || c != ':' {
		return "", false, t.expected("a colon", err)
	}

	t.stream.take(1)

	if _, err := t.stream.peek(); err != nil {
		return "", false, t.cutOff(err)
	}

	return string(unquoted), true, nil
}

// more reads up to the next member of an object around the records, or to the next record, and reports whether there is one.
// Otherwise it consumes the closing bracket.
func (t *tree) more(first bool, closing byte) (bool, error) {
	c, err := t.stream.peek()

	switch {
	case err != nil:
		return false, t.cutOff(err)
	case c == closing:
		t.stream.take(1)

		return false, nil
	case first:
		return true, nil
	case c != ',':
		return false, t.expected("a comma or "+string(closing), nil)
	}

	t.stream.take(1)

	if c, err = t.stream.peek(); err != nil || c == closing {
		return false, t.expected("a value after the comma", err)
	}

	return true, nil
}

// expected returns the fault of a token that is missing, or the error that ended the file.
func (t *tree) expected(token string, err error) error {
	if err != nil {
		return t.cutOff(err)
	}

	return &fault{message: fmt.Sprintf("%s is missing before %s", token, t.found()), hint: hintSyntax}
}

// cutOff returns the reason why the file ends too early.
func (t *tree) cutOff(err error) error {
	if err == io.EOF {
		return &fault{message: "the file ends before its brackets are closed", hint: "the file was cut off"}
	}

	return err
}

func (t *tree) next() ([]byte, place, error) {
	var err error

	found := t.single && t.count == 0
	if !t.single && !t.done {
		found, err = t.more(t.count == 0, ']')
	}

	if err == nil && !found {
		err = t.finish()
	}

	if err != nil {
		return nil, place{line: t.stream.line}, err
	}

	t.count++
	at := place{t.stream.line, t.count}

	text, err := t.stream.value()
	if err != nil && t.stream.extent.wrong != nil {
		at.line = t.stream.line // The line of the wrong bracket, not that of the record.
	}

	return text, at, err
}

// finish reads everything after the records. It returns io.EOF if nothing is wrong with it.
func (t *tree) finish() error {
	if t.done {
		return io.EOF
	}

	for i := range slices.Backward(t.path) {
		if err := t.leave(i); err != nil {
			return err
		}
	}

	if _, err := t.stream.peek(); err != nil {
		t.done = err == io.EOF

		return err
	}

	return &fault{
		message: fmt.Sprintf("the file continues with %s after its end", t.found()),
		hint:    "a file with one object per line is of type ndjson",
	}
}

// leave reads the rest of the object that has the i-th name of the path. A second value of the name is an error, because either
// of them may contain the records.
func (t *tree) leave(i int) error {
	_, found, err := t.find(t.path[i], false)
	if err != nil || !found {
		return err
	}

	return &fault{
		message: fmt.Sprintf("%s has the name %q twice", t.where(i), t.path[i]),
		hint:    "remove one of them, or give it another name",
	}
}
