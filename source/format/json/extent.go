package json

import "fmt"

// maxDepth is the largest depth of nested arrays and objects. It is that of jsontext and encoding/json.
const maxDepth = 10_000

// extent finds the end of a string, an array or an object, piece by piece. It examines quotes and brackets only; jsontext
// verifies that the text is JSON.
type extent struct {
	open    []byte // For each open bracket, the bracket that closes it.
	quoted  bool   // Within a string.
	escaped bool   // The last byte of the string was a backslash.
	wrong   *fault
}

// reset prepares for another value.
func (e *extent) reset() { *e = extent{open: e.open[:0]} }

// advance examines the next piece of the value. It returns the size of the examined part, and whether the value ends there. It
// stops before the end of the piece only at the end of the value, or if something is wrong.
func (e *extent) advance(piece []byte) (size int, ended bool) {
	for size < len(piece) && e.wrong == nil {
		if e.quoted {
			size += e.advanceString(piece[size:])
		} else {
			size += e.advanceBrackets(piece[size:])
		}

		if !e.quoted && len(e.open) == 0 {
			return size, e.wrong == nil
		}
	}

	return size, false
}

// advanceString examines a string up to its closing quote. No string contains a line break, so that a missing quote is found on
// its line.
func (e *extent) advanceString(piece []byte) int {
	for i, c := range piece {
		switch {
		case e.escaped:
			e.escaped = false
		case c == '"':
			e.quoted = false

			return i + 1
		case c == '\\':
			e.escaped = true
		case c == '\n':
			e.wrong = &fault{
				message: "a string has no closing quote on its line", hint: `close it, and write a line break within it as \n`,
			}

			return i
		}
	}

	return len(piece)
}

// advanceBrackets examines text up to the next quote, or to the last bracket.
func (e *extent) advanceBrackets(piece []byte) int {
	for i, c := range piece {
		if !quoteOrBracket[c] {
			continue
		}

		switch c {
		case '"':
			e.quoted = true

			return i + 1
		case '{':
			e.open = append(e.open, '}')
		case '[':
			e.open = append(e.open, ']')
		default:
			if expected := e.open[len(e.open)-1]; expected != c {
				e.wrong = &fault{message: fmt.Sprintf("there is a %c in place of a %c", c, expected), hint: hintSyntax}

				return i
			}

			e.open = e.open[:len(e.open)-1]
		}

		if len(e.open) > maxDepth {
			e.wrong = tooDeep()

			return i
		}

		if len(e.open) == 0 {
			return i + 1
		}
	}

	return len(piece)
}

func tooDeep() *fault {
	return &fault{
		message: "lists and objects are nested more than 10,000 levels deep", hint: "correct the file; a bracket may be missing",
	}
}

var (
	quoteOrBracket = set(`"{}[]`)
	endsScalar     = set("\"{}[],: \t\r\n") // The bytes that end a number or a literal.
	between        = set(",: \t\r\n")       // The bytes between the names and values of an object.
)

// set returns a set of bytes.
func set(of string) (bytes [256]bool) {
	for i := range len(of) {
		bytes[of[i]] = true
	}

	return bytes
}
