package xml

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jobwright/jobwright/source"
)

// unsupported is the error for a format that can't be.
func unsupported(message, hint string) error {
	return &source.Error{Code: source.CodeOperationUnsupported, Message: message, Hint: hint}
}

// fault is what is wrong with a record, or with the file.
type fault struct {
	message string
	hint    string
}

// Error is the message, as far as anybody reads it: it may show names of any length.
func (f *fault) Error() string { return shortened(f.message, 500) }

// on is the error of a fault on a line.
func (f *fault) on(line int) error {
	return &source.Error{Code: source.CodeRecordInvalid, Message: location(line) + ": " + f.Error(), Hint: f.hint}
}

func location(line int) string { return fmt.Sprintf("line %d", line) }

const (
	hintSample = "the columns are those of the first 1,000 records, or of the first MiB"
	hintBounds = "a record has to fit into memory; name the element that is one in the format's records"
)

// explained is the error for what the decoder found wrong on a line.
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
		wrong = &fault{"the file ends before its elements do", "it was cut off"}
	case syntax.Msg == "invalid UTF-8":
		wrong = &fault{
			"there is text in another encoding than the file's",
			`name it at its beginning, as in <?xml version="1.0" encoding="windows-1252"?>`,
		}
	case strings.HasPrefix(syntax.Msg, "invalid character entity"):
		wrong.hint = "write the character itself; only &amp; &lt; &gt; &apos; &quot; and numbers such as &#228; are known"
	default:
		wrong.hint = "correct the file, which is not well-formed XML"
	}

	wrong.message = strings.ToValidUTF8(wrong.message, "\ufffd") // The decoder shows what it found as it is.

	return wrong.on(line)
}

// shown is as much of a text as a message shows.
func shown(text string) string {
	return strconv.Quote(shortened(text, 60))
}

// shortened is a text that is not much longer than that many bytes.
func shortened(text string, longest int) string {
	if len(text) <= longest {
		return text
	}

	return prefix(text, longest) + "…"
}

// prefix is the beginning of a text, of whole characters.
func prefix(text string, longest int) string {
	if len(text) <= longest {
		return text
	}

	for longest > 0 && !utf8.RuneStart(text[longest]) {
		longest--
	}

	return text[:longest]
}
