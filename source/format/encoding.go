package format

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/jobwright/jobwright/source/format/internal/content"
)

// utf8Name is the default encoding.
const utf8Name = "utf-8"

// byteOrderMarks identify the encoding of a text. They are not part of it.
var byteOrderMarks = []struct{ mark, encoding string }{
	{"\xef\xbb\xbf", utf8Name},
	{"\xff\xfe", "utf-16le"},
	{"\xfe\xff", "utf-16be"},
}

// decode returns text as UTF-8, and the name of its encoding: that of the byte order mark, which takes precedence in the WHATWG's
// standard (https://encoding.spec.whatwg.org/#decode), or else the encoding with the given name.
func decode(text *bufio.Reader, name string) (io.Reader, string, error) {
	isNamed := name != ""

	name, known, err := encodingOf(name)
	if err != nil {
		return nil, "", err
	}

	start, _ := text.Peek(len("\xef\xbb\xbf")) // Reading the text returns the error again.

	for _, order := range byteOrderMarks {
		if !strings.HasPrefix(string(start), order.mark) {
			continue
		}

		if _, err := text.Discard(len(order.mark)); err != nil {
			return nil, "", err
		}

		name, isNamed = order.encoding, true

		break
	}

	if !isNamed {
		if err := checkNotUTF16(text); err != nil {
			return nil, "", err
		}
	}

	switch name {
	case utf8Name:
		return text, name, nil
	case "utf-16le":
		return transform.NewReader(text, &utf16Decoder{order: binary.LittleEndian}), name, nil
	case "utf-16be":
		return transform.NewReader(text, &utf16Decoder{order: binary.BigEndian}), name, nil
	}

	return transform.NewReader(text, content.Strict{Transformer: known.NewDecoder()}), name, nil
}

// Decode returns text as UTF-8. Its encoding is that of the byte order mark, or else the encoding with the given name, which is
// UTF-8 if the name is empty. Invalid bytes remain invalid UTF-8.
func Decode(text io.Reader, name string) (io.Reader, error) {
	decoded, _, err := decode(bufio.NewReader(text), name)

	return decoded, err
}

// sampleBytes is the size of the sample from which an encoding is guessed.
const sampleBytes = 512

// checkNotUTF16 refuses text that is probably UTF-16 without a byte order mark: its first line has a zero byte, next to an ASCII
// character. Other text may contain U+0000 in later values.
func checkNotUTF16(text *bufio.Reader) error {
	start, _ := text.Peek(sampleBytes) // Reading the text returns the error again.
	line, _, _ := bytes.Cut(start, []byte("\n"))

	zero := bytes.IndexByte(line, 0)
	if zero < 0 {
		return nil
	}

	return &Problem{
		Message: "the text looks like UTF-16, but has no byte order mark, and the format has no encoding",
		Hint: fmt.Sprintf("set the format's encoding to %s, or to utf-8 if it is not UTF-16",
			[]string{"utf-16be", "utf-16le"}[zero%2]),
	}
}

// encodingOf returns the encoding with a name, and its name in the WHATWG's standard. UTF-16 without a byte order is
// little-endian.
func encodingOf(name string) (string, encoding.Encoding, error) {
	if name == "" {
		name = utf8Name
	}

	found, err := htmlindex.Get(name)
	if err != nil || found == encoding.Replacement {
		return "", nil, content.Unsupported(fmt.Sprintf("%q is not a supported encoding", name),
			"use utf-8, utf-16, utf-16le, utf-16be, windows-1252, or another label: "+
				"https://encoding.spec.whatwg.org/#names-and-labels")
	}

	canonical, err := htmlindex.Name(found)

	return canonical, found, err
}

// utf16Decoder decodes UTF-16, and writes [content.Unreadable] in place of incomplete characters. The decoder of x/text writes
// U+FFFD, which may be a valid character of the text.
type utf16Decoder struct {
	transform.NopResetter

	order binary.ByteOrder
}

// Transform implements [transform.Transformer].
func (d *utf16Decoder) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if len(dst)-nDst < utf8.UTFMax {
			return nDst, nSrc, transform.ErrShortDst
		}

		char, size, whole := d.decode(src[nSrc:])

		switch {
		case whole:
			nDst += utf8.EncodeRune(dst[nDst:], char)
		case size == 0 && !atEOF:
			return nDst, nSrc, transform.ErrShortSrc
		case size == 0: // The text ends within a character.
			size = len(src) - nSrc

			fallthrough
		default:
			dst[nDst] = content.Unreadable
			nDst++
		}

		nSrc += size
	}

	return nDst, nSrc, nil
}

// decode returns the first character of text, and its size. The size is 0 if text is too short.
func (d *utf16Decoder) decode(text []byte) (char rune, size int, whole bool) {
	if len(text) < 2 {
		return 0, 0, false
	}

	first := rune(d.order.Uint16(text))
	if !utf16.IsSurrogate(first) {
		return first, 2, true
	}

	if len(text) < 4 {
		return 0, 0, false
	}

	char = utf16.DecodeRune(first, rune(d.order.Uint16(text[2:])))
	if char == utf8.RuneError { // No pair represents it.
		return 0, 2, false
	}

	return char, 4, true
}

// encoder returns the encoder for the encoding with a name, which is nil for UTF-8, and the encoding, if it does not have every
// character.
func encoder(name string) (transform.Transformer, encoding.Encoding, error) {
	canonical, known, err := encodingOf(name)
	if err != nil {
		return nil, nil, err
	}

	switch canonical {
	case utf8Name:
		return nil, nil, nil
	case "utf-16le":
		mark := unicode.IgnoreBOM
		if strings.EqualFold(strings.TrimSpace(name), "utf-16") { // The byte order mark decides on the order.
			mark = unicode.UseBOM
		}

		return unicode.UTF16(unicode.LittleEndian, mark).NewEncoder(), nil, nil
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder(), nil, nil
	}

	return known.NewEncoder(), known, nil
}
