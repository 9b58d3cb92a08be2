package json

import "fmt"

// maxDepth bounds how deep lists and objects stand within each other. It is that of encoding/json, so that whoever gets a
// value from here can read it.
const maxDepth = 10_000

// extent finds where a text, a list or an object ends, piece by piece. It looks at quotes and brackets alone: whether what
// they hold is JSON, the parser finds.
type extent struct {
	open    []byte // The brackets that are open, as those that close them.
	inText  bool
	escaped bool // The last byte of the text was a backslash.
	wrong   *fault
}

// reset prepares for another value.
func (e *extent) reset() { *e = extent{open: e.open[:0]} }

// advance looks at the next piece of the value. It returns how much of the piece was looked at, and whether the value ends
// there; before its end, less than all is looked at only where something is wrong.
func (e *extent) advance(piece []byte) (size int, ended bool) {
	for size < len(piece) && e.wrong == nil {
		if e.inText {
			size += e.advanceText(piece[size:])
		} else {
			size += e.advanceBrackets(piece[size:])
		}

		if !e.inText && len(e.open) == 0 {
			return size, e.wrong == nil
		}
	}

	return size, false
}

// advanceText goes on behind the text's closing quote. No text has a line break, so that one whose quote is missing is found
// before it takes the rest of the file.
func (e *extent) advanceText(piece []byte) int {
	for i, c := range piece {
		switch {
		case e.escaped:
			e.escaped = false
		case c == '"':
			e.inText = false

			return i + 1
		case c == '\\':
			e.escaped = true
		case c == '\n':
			e.wrong = &fault{
				message: "a text has no closing quote on its line", hint: `close it, and write a line break within it as \n`,
			}

			return i
		}
	}

	return len(piece)
}

// advanceBrackets goes on behind the next quote or the last bracket.
func (e *extent) advanceBrackets(piece []byte) int {
	for i, c := range piece {
		if !quoteOrBracket[c] {
			continue
		}

		switch c {
		case '"':
			e.inText = true

			return i + 1
		case '{':
			e.open = append(e.open, '}')
		case '[':
			e.open = append(e.open, ']')
		default:
			if e.open[len(e.open)-1] != c {
				e.wrong = e.mismatch(c)

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

func (e *extent) mismatch(found byte) *fault {
	return &fault{
		message: fmt.Sprintf("there is a %c where a %c is missing", found, e.open[len(e.open)-1]), hint: hintSyntax,
	}
}

func tooDeep() *fault {
	return &fault{
		message: "more than 10,000 lists and objects stand within each other", hint: "correct the file; a bracket may be missing",
	}
}

var (
	quoteOrBracket = set(`"{}[]`)
	endsScalar     = set("\"{}[],: \t\r\n") // What stands behind a number or a word.
)

// set is a set of bytes.
func set(of string) (bytes [256]bool) {
	for i := range len(of) {
		bytes[of[i]] = true
	}

	return bytes
}
