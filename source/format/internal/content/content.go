// Package content has what the formats share: errors about a format, excerpts of a file for messages, and strict decoding.
package content

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"

	"golang.org/x/text/transform"

	"github.com/jobwright/jobwright/source"
)

// Unsupported returns the error for a format that a file cannot have.
func Unsupported(message, hint string) error {
	return &source.Error{Code: source.CodeOperationUnsupported, Message: message, Hint: hint}
}

// Invalid returns the error for content that a file cannot have.
func Invalid(message, hint string) *source.Error {
	return &source.Error{Code: source.CodeRecordInvalid, Message: message, Hint: hint}
}

// InRecord returns the error for a value that a format cannot represent. record is the number of the record.
func InRecord(record int64, column string, err error, hint string) error {
	problem := Invalid(fmt.Sprintf("record %d, column %q: %v", record, column, err), hint)
	problem.Err = err

	return problem
}

// Quote returns the beginning of a text in quotes, for a message.
func Quote(text string) string {
	return strconv.Quote(Shorten(text, 60))
}

// Shorten returns a text of at most size bytes unchanged. Of a longer text, it returns the beginning and an ellipsis.
func Shorten(text string, size int) string {
	if len(text) <= size {
		return text
	}

	return Prefix(text, size) + "…"
}

// Prefix returns the beginning of a text: at most size bytes, without a character that does not fit.
func Prefix(text string, size int) string {
	if len(text) <= size {
		return text
	}

	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}

	return text[:size]
}

// IndexInvalid returns the index of the first byte that is not UTF-8, or the length of the text.
func IndexInvalid(text string) int {
	at := 0

	for at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}

		at += size
	}

	return at
}

// Unreadable is the byte in decoded text that replaces bytes without a meaning in the file's encoding. It is not UTF-8, so that a
// codec finds it and reports its place.
const Unreadable = 0xff

// Strict is a decoder that writes [Unreadable] in place of U+FFFD, which the decoders of golang.org/x/text write for invalid
// bytes. A text that contains U+FFFD itself was damaged before.
type Strict struct{ transform.Transformer }

// Transform implements [transform.Transformer].
func (s Strict) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	nDst, nSrc, err = s.Transformer.Transform(dst, src, atEOF)

	if replacement := []byte("\ufffd"); bytes.Contains(dst[:nDst], replacement) {
		nDst = copy(dst, bytes.ReplaceAll(dst[:nDst], replacement, []byte{Unreadable}))
	}

	return nDst, nSrc, err
}
