package sqltext

import "strings"

// tokenKind is the kind of a token.
type tokenKind int

const (
	other         tokenKind = iota // Any other character.
	blank                          // A space or a comment.
	quoted                         // A quoted text or name.
	word                           // A name, a keyword or a number.
	parameter                      // :name
	nameParameter                  // :"name"
	semicolon
)

// token is a token of SQL. The tokens of a text, joined, are the text.
type token struct {
	kind tokenKind
	text string
}

// scanner splits SQL into tokens.
type scanner struct {
	dialect Dialect
	rest    string
	before  byte // The character before rest.
}

// next returns the next token, or false at the end. A quoted text or a comment that is not closed extends to the end; the
// database reports the error.
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

// measure returns the kind and the length of the next token.
func (s *scanner) measure() (of tokenKind, length int) {
	c := s.rest[0]

	switch {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v':
		return blank, 1
	case s.dashes(), c == '#' && s.dialect.HashComments:
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
	case c == ':' && !endsValue(s.before) && nameParameterLength(s.rest) > 0:
		return nameParameter, nameParameterLength(s.rest)
	case inName(c):
		return word, nameLength(s.rest)
	}

	return other, 1
}

// dashes reports whether a comment of two dashes is at the beginning.
func (s *scanner) dashes() bool {
	after, found := strings.CutPrefix(s.rest, "--")

	return found && (!s.dialect.SpacedDashes || after == "" || after[0] <= ' ' || after[0] == 0x7f)
}

// endsValue reports whether a colon after the character belongs to a cast, a slice or an assignment.
func endsValue(c byte) bool { return c == ':' || c == ')' || c == ']' || inName(c) }

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

// quotes returns the length of the quoted text at the beginning, in which a quote is doubled or, with escapes, follows a
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

// until returns the length of text up to and including the first occurrence of end at or after from.
func until(text string, from int, end string) int {
	at := strings.Index(text[from:], end)
	if at < 0 {
		return len(text)
	}

	return from + at + len(end)
}

// dollarTag returns the $tag$ at the beginning of text, or "".
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

// nameParameterLength returns the length of the parameter :"name" at the beginning of text, or 0.
func nameParameterLength(text string) int {
	const before = len(`:"`)

	if !strings.HasPrefix(text, `:"`) || len(text) == before || !beginsName(text[before]) {
		return 0
	}

	end := before + nameLength(text[before:])
	if end == len(text) || text[end] != '"' {
		return 0
	}

	return end + 1
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
