package sqltext

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// QuoteName returns a name as the dialect quotes it.
func (d Dialect) QuoteName(value any) (string, error) {
	name, isText := value.(string)

	switch {
	case !isText:
		return "", errors.New("a name must be text")
	case name == "":
		return "", errors.New("a name can't be empty")
	case strings.ContainsRune(name, 0):
		return "", errors.New("a name can't contain U+0000")
	case !utf8.ValidString(name):
		return "", errors.New("a name must be UTF-8 text")
	case d.LongestName > 0 && len(name) > d.LongestName:
		return "", fmt.Errorf("a name has at most %d bytes, this has %d", d.LongestName, len(name))
	}

	quote := string(d.NameQuote)

	return quote + strings.ReplaceAll(name, quote, quote+quote) + quote, nil
}
