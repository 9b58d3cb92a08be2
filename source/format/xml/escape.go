package xml

import (
	"fmt"
	"unicode/utf8"

	"github.com/jobwright/jobwright/source/format/internal/content"
)

// escapes are the references for characters that have another meaning in the text of an element. A carriage return is among them,
// because readers convert it to a line feed.
var escapes = map[byte]string{'<': "&lt;", '>': "&gt;", '&': "&amp;", '\r': "&#xD;"}

// plain are the bytes of text that represent themselves.
var plain = func() (bytes [256]bool) {
	for c := range bytes {
		bytes[c] = c >= ' ' && c < utf8.RuneSelf && escapes[byte(c)] == ""
	}

	bytes['\t'], bytes['\n'] = true, true

	return bytes
}()

// appendEscaped appends text with escapes. It returns an error for a character that XML cannot represent.
func appendEscaped(to []byte, text string) ([]byte, error) {
	from := 0 // The text from there to i is written unchanged.

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
			return nil, fmt.Errorf("the text %s is not UTF-8", content.Quote(text))
		case r < ' ' || r == '\ufffe' || r == '\uffff':
			return nil, fmt.Errorf("the text %s has the character %U, which XML cannot represent", content.Quote(text), r)
		}

		i += size
	}

	return append(to, text[from:]...), nil
}
