package json

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// needsCare are the bytes of a text that do not stand for themselves.
var needsCare = func() (bytes [256]bool) {
	bytes['"'], bytes['\\'] = true, true
	for c := range ' ' {
		bytes[c] = true
	}

	return bytes
}()

// string reads a text in quotes.
func (p *parser) string() (string, error) {
	from := p.at + 1

	at := from
	for at < len(p.all) && !needsCare[p.all[at]] {
		at++
	}

	if at < len(p.all) && p.all[at] == '"' { // So are most, and they need no memory of their own.
		p.at = at + 1

		return p.all[from:at], nil
	}

	return p.escaped(from, at)
}

// escaped reads the rest of a text in which something at the place at does not stand for itself.
func (p *parser) escaped(from, at int) (string, error) {
	var said strings.Builder

	for {
		said.WriteString(p.all[from:at])
		p.at = at

		switch c := p.peek(); {
		case c == '"':
			p.at++

			return said.String(), nil
		case c != '\\':
			return "", p.fault("a text has no closing quote, or a character that has to be escaped, before")
		}

		p.at++

		r, err := p.escape()
		if err != nil {
			return "", err
		}

		said.WriteRune(r)

		from, at = p.at, p.at
		for at < len(p.all) && !needsCare[p.all[at]] {
			at++
		}
	}
}

// escape reads what stands behind a backslash.
func (p *parser) escape() (rune, error) {
	c := p.peek()

	if at := strings.IndexByte(`"\/bfnrt`, c); at >= 0 && c != 0 {
		p.at++

		return rune("\"\\/\b\f\n\r\t"[at]), nil
	}

	if c != 'u' {
		return 0, p.fault(`a backslash in a text stands before one of "\/bfnrt or u and four digits, and not before`)
	}

	first, valid := p.hexadecimal()
	if !valid {
		return 0, p.fault(`\u in a text stands before four hexadecimal digits, and not before`)
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

	return 0, p.fault(`a text has a half of a surrogate pair without the other, which is no character, before`)
}

// hexadecimal reads a u and the four digits behind it.
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
