package json

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

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

// parser verifies one record, and splits it into its members.
type parser struct {
	encoding string // The encoding of the file, for messages.

	text    string // The text of the record. The values share its memory.
	input   bytes.Buffer
	decoder jsontext.Decoder

	record []byte // The same text as bytes.
	at     int    // The place up to which the members were read.
	extent extent
}

// begin verifies that text is a record, which is an object. Its members follow. No white space precedes the text, which is not
// empty. An error is a fault.
func (p *parser) begin(text string) error {
	p.text = text
	p.input.Reset()
	p.input.WriteString(text)
	p.decoder.Reset(&p.input)

	if text[0] != '{' && utf8.ValidString(text) {
		return &fault{
			message: fmt.Sprintf("a record is an object, and this is %s", content.Quote(strings.TrimSpace(text))),
			hint:    `write a record as {"column": value, …}`,
		}
	}

	record, err := p.decoder.ReadValue()
	if err != nil {
		return p.fault(err)
	}

	if rest := strings.TrimLeft(text[len(record):], " \t\r\n"); rest != "" {
		return &fault{
			message: "a record ends with its object, but is followed by " + quoteLine(rest), hint: hintSyntax,
			below: strings.Count(text[:len(text)-len(rest)], "\n"),
		}
	}

	p.record, p.at = record, len("{")

	return nil
}

// value returns the value of a member.
func (p *parser) value() value {
	raw := p.next()

	switch raw[0] {
	case '"':
		unquoted := unquote(raw)
		if unquoted == "NaN" || unquoted == "Infinity" || unquoted == "-Infinity" {
			return value{notFinite, raw, unquoted}
		}

		return value{text, raw, unquoted}
	case '{':
		return value{object, raw, ""}
	case '[':
		return value{list, raw, ""}
	case 't', 'f':
		return value{boolean, raw, ""}
	case 'n':
		return value{null, raw, ""}
	}

	return value{kindOfNumber(raw), raw, ""}
}

// next returns the next name or value as it is in the text, or "" at the end of the record.
func (p *parser) next() string {
	from := p.at
	for between[p.text[from]] {
		from++
	}

	to := from + 1

	switch c := p.text[from]; c {
	case '}':
		return ""
	case '"', '{', '[':
		if c == '"' { // Most strings have no escape sequences.
			to += strings.IndexByte(p.text[to:], '"') + 1
		}

		if c != '"' || strings.IndexByte(p.text[from:to], '\\') >= 0 {
			p.extent.reset()
			size, _ := p.extent.advance(p.record[from:])
			to = from + size
		}
	default:
		for !endsScalar[p.text[to]] {
			to++
		}
	}

	p.at = to

	return p.text[from:to]
}

// unquote returns the content of a valid string. Most strings have no escape sequences, and share the memory of the record.
func unquote(raw string) string {
	if strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}

	unquoted, _ := jsontext.AppendUnquote(nil, raw)

	return string(unquoted)
}

func kindOfNumber(raw string) kind {
	of := integer

	for i := range len(raw) {
		switch raw[i] {
		case '.':
			of = decimal
		case 'e', 'E':
			return float
		}
	}

	if of == integer && len(raw) > 18 { // 64 bits hold every number of 18 characters.
		if _, err := strconv.ParseInt(raw, 10, 64); err != nil {
			return decimal
		}
	}

	return of
}

// fault returns the fault for an error of the decoder.
func (p *parser) fault(err error) error {
	at := content.IndexInvalid(p.text)
	if at < len(p.text) {
		return &fault{
			message: fmt.Sprintf("%q is not text in %s", p.text[max(0, at-20):at+1], p.encoding),
			hint:    "set the format's encoding to that of the file, windows-1252 for example",
			below:   strings.Count(p.text[:at], "\n"),
		}
	}

	wrong := &fault{message: "the record ends within a value; a bracket or a quote is missing", hint: hintSyntax}

	syntax, isSyntax := errors.AsType[*jsontext.SyntacticError](err)
	if !isSyntax {
		return wrong
	}

	at = min(int(syntax.ByteOffset), len(p.text))
	wrong.below = strings.Count(p.text[:at], "\n")

	switch {
	case errors.Is(syntax, jsontext.ErrDuplicateName):
		wrong.message = fmt.Sprintf("an object has the name %q twice", syntax.JSONPointer.LastToken())
		wrong.hint = "give each value a name of its own, or make one list of them"
	case strings.Count(string(syntax.JSONPointer), "/") >= maxDepth:
		return tooDeep()
	case !errors.Is(syntax, io.ErrUnexpectedEOF):
		wrong.message = fmt.Sprintf("%v, at %s", syntax.Err, quoteLine(p.text[at:]))
	}

	return wrong
}
