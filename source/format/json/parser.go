package json

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jobwright/jobwright/source/format/internal/content"
)

// kind is the kind of a value, or a set of kinds.
type kind uint8

const (
	integer   kind = 1 << iota // A whole number of 64 bits.
	decimal                    // Another number without an exponent.
	float                      // A number with an exponent.
	notFinite                  // The string NaN, Infinity or -Infinity, which stands for a float.
	boolean
	text
	object
	list

	null kind = 0

	number = integer | decimal | float
)

// value is a value of a record.
type value struct {
	kind kind
	raw  string // The JSON of the value, as it is in the file.
	text string // The content of a string.
}

// parser parses the text of one record. Its errors are faults.
type parser struct {
	encoding string // The encoding of the file, for messages.

	all   string
	at    int
	names []string // The names of the objects that are being parsed, which are nested.
	depth int      // The number of arrays and objects that are being parsed.
}

// check verifies that the text of a record is an object, regardless of columns.
func (p *parser) check(all string) error {
	if err := p.begin(all); err != nil {
		return err
	}

	if err := p.object(); err != nil {
		return err
	}

	return p.finish()
}

// begin starts to parse the object that all has to be. Its members follow.
func (p *parser) begin(all string) error {
	p.all, p.at, p.names, p.depth = all, 0, p.names[:0], 1

	if !utf8.ValidString(all) {
		return p.notText()
	}

	p.space()

	if p.peek() != '{' {
		return &fault{
			message: fmt.Sprintf("a record is an object, and this is %s", content.Quote(strings.TrimSpace(all))),
			hint:    `write a record as {"column": value, …}`,
		}
	}

	p.at++

	return nil
}

// notText returns the fault of a record in another encoding.
func (p *parser) notText() error {
	at := content.IndexInvalid(p.all)

	return &fault{
		message: fmt.Sprintf("%q is not text in %s", p.all[max(0, at-20):min(at+1, len(p.all))], p.encoding),
		hint:    "set the format's encoding to that of the file, windows-1252 for example",
		below:   strings.Count(p.all[:at], "\n"),
	}
}

// finish verifies that nothing follows the object.
func (p *parser) finish() error {
	p.space()

	if p.at < len(p.all) {
		return p.fault("a record ends with its object, but is followed by")
	}

	return nil
}

// fault returns a fault at the current place. The message precedes an excerpt of the text there.
func (p *parser) fault(message string) error {
	found := "the end of the record"
	if p.at < len(p.all) {
		found = quoteLine(p.all[p.at:])
	}

	return &fault{message: message + " " + found, hint: hintSyntax, below: strings.Count(p.all[:p.at], "\n")}
}

func (p *parser) space() {
	for p.at < len(p.all) {
		switch p.all[p.at] {
		case ' ', '\n', '\t', '\r':
			p.at++
		default:
			return
		}
	}
}

// peek returns the next byte, or 0 at the end.
func (p *parser) peek() byte {
	if p.at == len(p.all) {
		return 0
	}

	return p.all[p.at]
}

// more skips to the next member of an object or value of an array, and reports whether there is one. Otherwise it skips the
// closing bracket.
func (p *parser) more(first bool, closing byte) (bool, error) {
	p.space()

	switch c := p.peek(); {
	case c == closing:
		p.at++

		return false, nil
	case first:
		return true, nil
	case c != ',':
		return false, p.fault("a comma or " + string(closing) + " is missing before")
	}

	p.at++
	p.space()

	if p.peek() == closing {
		return false, p.fault("a value is missing between the comma and")
	}

	return true, nil
}

// member parses the name of the next member of an object, up to its value. Found is false at the end of the object, which is
// skipped.
func (p *parser) member(first bool) (name string, found bool, err error) {
	if found, err = p.more(first, '}'); err != nil || !found {
		return "", false, err
	}

	if p.peek() != '"' {
		return "", false, p.fault("a name in double quotes is missing before")
	}

	if name, err = p.string(); err != nil {
		return "", false, err
	}

	p.space()

	if p.peek() != ':' {
		return "", false, p.fault(fmt.Sprintf("a colon is missing after the name %q, before", name))
	}

	p.at++
	p.space()

	return name, true, nil
}

// value parses a value.
func (p *parser) value() (v value, err error) {
	from := p.at

	switch c := p.peek(); {
	case c == '"':
		v.kind = text
		v.text, err = p.string()

		if v.text == "NaN" || v.text == "Infinity" || v.text == "-Infinity" {
			v.kind = notFinite
		}
	case c == '{':
		v.kind = object
		err = p.within(p.object)
	case c == '[':
		v.kind = list
		err = p.within(p.list)
	case c == '-', '0' <= c && c <= '9':
		v.kind, err = p.number()
	default:
		v.kind, err = p.literal()
	}

	v.raw = p.all[from:p.at]

	return v, err
}

// within parses a nested array or object.
func (p *parser) within(parse func() error) error {
	if p.depth == maxDepth {
		return tooDeep()
	}

	p.at++
	p.depth++
	err := parse()
	p.depth--

	return err
}

// object parses the members of an object. A duplicate name is an error, because most programs would ignore one of its values.
func (p *parser) object() error {
	own := len(p.names)

	for first := true; ; first = false {
		name, found, err := p.member(first)
		if err != nil {
			return err
		}

		if !found {
			break
		}

		p.names = append(p.names, name)

		if _, err := p.value(); err != nil {
			return err
		}
	}

	names := p.names[own:]
	p.names = p.names[:own]

	slices.Sort(names)

	for i := 1; i < len(names); i++ {
		if names[i-1] == names[i] {
			return &fault{
				message: fmt.Sprintf("an object has the name %q twice", names[i]),
				hint:    "give each value a name of its own, or make one list of them",
				below:   strings.Count(p.all[:p.at], "\n"),
			}
		}
	}

	return nil
}

// list parses the values of an array.
func (p *parser) list() error {
	for first := true; ; first = false {
		found, err := p.more(first, ']')
		if err != nil || !found {
			return err
		}

		if _, err := p.value(); err != nil {
			return err
		}
	}
}

// literal parses true, false or null.
func (p *parser) literal() (kind, error) {
	end := p.at
	for end < len(p.all) && !endsScalar[p.all[end]] {
		end++
	}

	switch p.all[p.at:end] {
	case "true", "false":
		p.at = end

		return boolean, nil
	case "null":
		p.at = end

		return null, nil
	}

	return null, p.fault("a value is a string, a number, true, false, null, a list or an object, but not")
}

// number parses a number.
func (p *parser) number() (kind, error) {
	from := p.at
	of := integer

	if p.peek() == '-' {
		p.at++
	}

	valid := p.peek() == '0' // No digit follows a leading zero.
	if valid {
		p.at++
	} else {
		valid = p.digits()
	}

	if p.peek() == '.' {
		of = decimal
		p.at++
		valid = p.digits() && valid
	}

	if c := p.peek(); c == 'e' || c == 'E' {
		of = float
		p.at++

		if c := p.peek(); c == '-' || c == '+' {
			p.at++
		}

		valid = p.digits() && valid
	}

	if !valid || (p.at < len(p.all) && !endsScalar[p.all[p.at]]) {
		p.at = from

		return null, p.fault("a number is written like -12.5e3, without leading zeros, but not like")
	}

	if of == integer && p.at-from > 18 { // 64 bits hold every number of 18 characters.
		if _, err := strconv.ParseInt(p.all[from:p.at], 10, 64); err != nil {
			of = decimal
		}
	}

	return of, nil
}

// digits skips digits, and reports whether there was one.
func (p *parser) digits() bool {
	from := p.at
	for p.at < len(p.all) && '0' <= p.all[p.at] && p.all[p.at] <= '9' {
		p.at++
	}

	return p.at > from
}
