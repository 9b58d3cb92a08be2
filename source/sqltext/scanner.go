package sqltext

import "strings"

// kind is what a token is, as far as it matters here.
type kind int

const (
	other     kind = iota // One character that is none of the others.
	blank                 // Space or a comment.
	quoted                // A text or a name in quotes.
	word                  // A name or key word, or a number.
	parameter             // :name
	semicolon
)

// token is a piece of SQL. The pieces of a text are the text.
type token struct {
	kind kind
	text string
}

// scanner takes SQL apart.
type scanner struct {
	dialect Dialect
	rest    string
	before  byte // The character before rest.
}

// next returns the next token, or false at the end. What is opened and never closed reaches to the end; the database says
// what is wrong with it.
func (s *scanner) next() (token, bool) {
	if s.rest == "" {
		return token{}, false
	}

	kind, length := s.measure()
	found := token{kind, s.rest[:length]}
	s.before = s.rest[length-1]
	s.rest = s.rest[length:]

	return found, true
}

func (s *scanner) measure() (of kind, length int) {
	c := s.rest[0]

	switch {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v':
		return blank, 1
	case strings.HasPrefix(s.rest, "--"), c == '#' && s.dialect.HashComments:
		return blank, until(s.rest, 1, "\n")
	case strings.HasPrefix(s.rest, "/*"):
		return blank, s.comment()
	case c == ';':
		return semicolon, 1
	case c == '\'':
		return quoted, s.quotes('\'', s.dialect.Backslashes || (s.dialect.EscapedTexts && (s.before|' ') == 'e'))
	case c == '"':
		return quoted, s.quotes('"', s.dialect.Backslashes)
	case c == '`' && s.dialect.Backticks:
		return quoted, s.quotes('`', false)
	case c == '[' && s.dialect.Brackets:
		return quoted, until(s.rest, 1, "]")
	case c == '$' && s.dialect.DollarQuotes && !inName(s.before):
		if tag := dollarTag(s.rest); tag != "" {
			return quoted, until(s.rest, len(tag), tag)
		}
	case c == ':' && len(s.rest) > 1 && beginsName(s.rest[1]) && !endsValue(s.before):
		return parameter, 1 + nameLength(s.rest[1:])
	case inName(c):
		return word, s.word()
	}

	return other, 1
}

// endsValue reports whether a colon behind the character is part of a cast, a slice or an assignment.
func endsValue(c byte) bool { return c == ':' || c == ')' || c == ']' || inName(c) }

// word is a name, a key word or a number. The E before a text with escapes is a word by itself.
func (s *scanner) word() int { return nameLength(s.rest) }

// comment returns the length of the comment at the beginning.
func (s *scanner) comment() int {
	if !s.dialect.NestedComments {
		return until(s.rest, 2, "*/")
	}

	depth := 0

	for i := 0; i < len(s.rest); i++ {
		switch {
		case strings.HasPrefix(s.rest[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(s.rest[i:], "*/"):
			depth--
			i++

			if depth == 0 {
				return i + 1
			}
		}
	}

	return len(s.rest)
}

// quotes returns the length of the text at the beginning, in which the quote is doubled or, with escapes, stands behind a
// backslash.
func (s *scanner) quotes(quote byte, escapes bool) int {
	for i := 1; i < len(s.rest); i++ {
		switch {
		case escapes && s.rest[i] == '\\':
			i++
		case s.rest[i] == quote:
			if i+1 == len(s.rest) || s.rest[i+1] != quote {
				return i + 1
			}

			i++
		}
	}

	return len(s.rest)
}

// until is the length of text up to the end of the first end at or behind from.
func until(text string, from int, end string) int {
	at := strings.Index(text[from:], end)
	if at < 0 {
		return len(text)
	}

	return from + at + len(end)
}

// dollarTag returns the $tag$ that text begins with, or "".
func dollarTag(text string) string {
	length := 1
	if length < len(text) && beginsName(text[length]) {
		length += nameLength(text[1:])
	}

	if length < len(text) && text[length] == '$' {
		return text[:length+1]
	}

	return ""
}

func beginsName(c byte) bool {
	return c == '_' || c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
}

func inName(c byte) bool { return beginsName(c) || (c >= '0' && c <= '9') }

func nameLength(text string) int {
	length := 0
	for length < len(text) && inName(text[length]) {
		length++
	}

	return length
}
