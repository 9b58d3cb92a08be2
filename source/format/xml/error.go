package xml

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"

	"github.com/jobwright/jobwright/source/format/internal/content"
)

// fault is a problem of a record, or of the file.
type fault struct {
	message string
	hint    string
}

// Error returns the message, shortened because it may quote names of any length.
func (f *fault) Error() string { return content.Shorten(f.message, 500) }

// on returns the error for a fault on a line.
func (f *fault) on(line int) error {
	return content.Invalid(location(line)+": "+f.Error(), f.hint)
}

func location(line int) string { return fmt.Sprintf("line %d", line) }

const (
	hintSample = "the columns are those of the first 1,000 records, or of the first MiB"
	hintBounds = "a record has to fit into memory; name the element of a record in the format's records"
)

// explained returns the error for an error of the decoder on a line.
func explained(err error, line int) error {
	wrong := new(fault)
	if errors.As(err, &wrong) {
		return wrong.on(line)
	}

	syntax := new(xml.SyntaxError)
	if errors.As(err, &syntax) {
		line = syntax.Line
		wrong.message = syntax.Msg
	} else {
		wrong.message = strings.TrimPrefix(err.Error(), "xml: ")
	}

	switch {
	case syntax.Msg == "unexpected EOF":
		wrong = &fault{"the file ends before its elements are closed", "the file was cut off"}
	case syntax.Msg == "invalid UTF-8":
		wrong = &fault{
			"the file contains text in another encoding",
			`declare it at the beginning of the file, as in <?xml version="1.0" encoding="windows-1252"?>`,
		}
	case strings.HasPrefix(syntax.Msg, "invalid character entity"):
		wrong.hint = "write the character itself; only &amp; &lt; &gt; &apos; &quot; and numbers such as &#228; are supported"
	default:
		wrong.hint = "correct the file: it is not well-formed XML"
	}

	wrong.message = strings.ToValidUTF8(wrong.message, "\ufffd") // The decoder quotes the file unchanged.

	return wrong.on(line)
}
