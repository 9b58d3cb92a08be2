package json

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// special are the bytes of a string that do not represent themselves.
var special = func() (bytes [256]bool) {
	bytes['"'], bytes['\\'] = true, true
	for c := range ' ' {
		bytes[c] = true
	}

	return bytes
}()

// string parses a string.
func (p *parser) string() (string, error) {
	from := p.at + 1

	at := from
	for at < len(p.all) && !special[p.all[at]] {
		at++
	}

	if at < len(p.all) && p.all[at] == '"' { // Most strings have no escape sequences, and share the memory of the record.
		p.at = at + 1

		return p.all[from:at], nil
	}

	return p.escaped(from, at)
}

// escaped parses the rest of a string that begins at from and has the first special byte at at.
func (p *parser) escaped(from, at int) (string, error) {
	var content strings.Builder

	for {
		content.WriteString(p.all[from:at])
		p.at = at

		switch c := p.peek(); {
		case c == '"':
			p.at++

			return content.String(), nil
		case c != '\\':
			return "", p.fault("a string has no closing quote, or a character that has to be escaped, before")
		}

		p.at++

		r, err := p.escape()
		if err != nil {
			return "", err
		}

		content.WriteRune(r)

		from, at = p.at, p.at
		for at < len(p.all) && !special[p.all[at]] {
			at++
		}
	}
}

// escape parses an escape sequence after its backslash.
func (p *parser) escape() (rune, error) {
	c := p.peek()

	if at := strings.IndexByte(`"\/bfnrt`, c); at >= 0 && c != 0 {
		p.at++

		return rune("\"\\/\b\f\n\r\t"[at]), nil
	}

	if c != 'u' {
		return 0, p.fault(`a backslash in a string precedes one of "\/bfnrt, or u and four digits, but not`)
	}

	first, valid := p.hexadecimal()
	if !valid {
		return 0, p.fault(`\u in a string precedes four hexadecimal digits, but not`)
	}

	if !utf16.IsSurrogate(first) {
		return first, nil
	}

	if strings.HasPrefix(p.all[p.at:], `\u`) {
		p.at++

		second, _ := p.hexadecimal()
		if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
			return r, nil
		}
	}

	return 0, p.fault(`a string has half of a surrogate pair, which is not a character, before`)
}

// hexadecimal parses a u and four digits.
func (p *parser) hexadecimal() (rune, bool) {
	const length = len("uffff")
	if len(p.all)-p.at < length {
		return 0, false
	}

	code, err := strconv.ParseUint(p.all[p.at+1:p.at+length], 16, 16)
	if err != nil {
		return 0, false
	}

	p.at += length

	return rune(code), true
}
