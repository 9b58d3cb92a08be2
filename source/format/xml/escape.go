package xml

import (
	"fmt"
	"unicode/utf8"
)

// escapes are what stands for characters that mean something else in the text of an element. A carriage return is one of
// them, since a reader takes it for the end of a line and makes a line feed of it.
var escapes = map[byte]string{'<': "&lt;", '>': "&gt;", '&': "&amp;", '\r': "&#xD;"}

// plain are the bytes of text that stand for themselves.
var plain = func() (bytes [256]bool) {
	for c := range bytes {
		bytes[c] = c >= ' ' && c < utf8.RuneSelf && escapes[byte(c)] == ""
	}

	bytes['\t'], bytes['\n'] = true, true

	return bytes
}()

// appendEscaped writes text so that it is read as it is. The error is for a character that XML does not have.
func appendEscaped(to []byte, text string) ([]byte, error) {
	from := 0 // What stands from there to i is written as it is.

	for i := 0; i < len(text); {
		c := text[i]

		if plain[c] {
			i++

			continue
		}

		if escape := escapes[c]; escape != "" {
			to = append(append(to, text[from:i]...), escape...)
			i++
			from = i

			continue
		}

		r, size := utf8.DecodeRuneInString(text[i:])

		switch {
		case r == utf8.RuneError && size == 1:
			return nil, fmt.Errorf("the text %s is not UTF-8", shown(text))
		case r < ' ' || r == '\ufffe' || r == '\uffff':
			return nil, fmt.Errorf("the text %s has the character %U, which XML can't hold", shown(text), r)
		}

		i += size
	}

	return append(to, text[from:]...), nil
}
