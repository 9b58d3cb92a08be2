package json

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// kind is what a value is; a sum of several is a set of them.
type kind uint8

const (
	integer   kind = 1 << iota // A whole number that 64 bits hold.
	decimal                    // Another number without an exponent.
	float                      // A number with an exponent.
	notFinite                  // The text for a float that is no number in JSON: NaN, Infinity or -Infinity.
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
	raw  string // As it stands in the file.
	text string // Of a text: what it says.
}

// parser reads the text of one record. Its errors are faults.
type parser struct {
	encoding string // That of the file, for messages.

	all   string
	at    int
	names []string // Those of the objects that are being read, which stand within each other.
	depth int      // How many lists and objects are being read.
}

// check finds what is wrong with the text of a record, whichever columns there are.
func (p *parser) check(all string) error {
	if err := p.begin(all); err != nil {
		return err
	}

	if err := p.object(); err != nil {
		return err
	}

	return p.finish()
}

// begin prepares to read the members of the object that all has to be.
func (p *parser) begin(all string) error {
	p.all, p.at, p.names, p.depth = all, 0, p.names[:0], 1

	if !utf8.ValidString(all) {
		return p.notText()
	}

	p.space()

	if p.peek() != '{' {
		return &fault{
			message: fmt.Sprintf("a record is an object, and this is %s", shown(strings.TrimSpace(all))),
			hint:    `write a record as {"column": value, …}`,
		}
	}

	p.at++

	return nil
}

// notText is the fault of a record in another encoding.
func (p *parser) notText() error {
	at := 0

	for at < len(p.all) {
		r, size := utf8.DecodeRuneInString(p.all[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}

		at += size
	}

	return &fault{
		message: fmt.Sprintf("%q is not text in %s", p.all[max(0, at-20):min(at+1, len(p.all))], p.encoding),
		hint:    "give the format the encoding that the file has, windows-1252 for example",
		below:   strings.Count(p.all[:at], "\n"),
	}
}

// finish finds what stands behind the object.
func (p *parser) finish() error {
	p.space()

	if p.at < len(p.all) {
		return p.fault("a record ends with its object, but behind it stands")
	}

	return nil
}

// fault says what is wrong with what stands here.
func (p *parser) fault(message string) error {
	found := "the end of the record"
	if p.at < len(p.all) {
		found = shownLine(p.all[p.at:])
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

// more goes to the next member of an object, or value of a list, and reports whether there is one. It goes on behind the
// bracket that closes them where there is none.
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
		return false, p.fault("something is missing between the comma and")
	}

	return true, nil
}

// member goes to the value of the next member of an object, and returns its name. Found is false where the object ends; it
// goes on behind it.
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
		return "", false, p.fault(fmt.Sprintf("a colon is missing behind the name %q, before", name))
	}

	p.at++
	p.space()

	return name, true, nil
}

// value reads a value, whatever it is.
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
		v.kind, err = p.word()
	}

	v.raw = p.all[from:p.at]

	return v, err
}

// within reads a list or an object whose bracket stands here.
func (p *parser) within(read func() error) error {
	if p.depth == maxDepth {
		return tooDeep()
	}

	p.at++
	p.depth++
	err := read()
	p.depth--

	return err
}

// object reads the members of an object. That a name stands in it twice is an error, because most who read it would keep
// but one of the values.
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

// list reads the values of a list.
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

// word reads true, false or null.
func (p *parser) word() (kind, error) {
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

	return null, p.fault("a value is a text, a number, true, false, null, a list or an object, and none of these is")
}

// number reads a number.
func (p *parser) number() (kind, error) {
	from := p.at
	of := integer

	if p.peek() == '-' {
		p.at++
	}

	valid := p.peek() == '0' // No digit stands behind a zero at the beginning.
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

		return null, p.fault("a number is written as -12.5e3, without zeros before it, and not as")
	}

	if of == integer && p.at-from > 18 { // Fewer characters are never too many.
		if _, err := strconv.ParseInt(p.all[from:p.at], 10, 64); err != nil {
			of = decimal
		}
	}

	return of, nil
}

// digits goes on behind digits, and reports whether there was one.
func (p *parser) digits() bool {
	from := p.at
	for p.at < len(p.all) && '0' <= p.all[p.at] && p.all[p.at] <= '9' {
		p.at++
	}

	return p.at > from
}
