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
)

// utf8Name is the encoding of files that do not tell theirs.
const utf8Name = "utf-8"

// broken stands in decoded text for what is no character in its encoding. It is no UTF-8, so that a codec finds it, and can
// name the place.
const broken = 0xff

// byteOrderMarks tell the encoding of a text. They are none of it.
var byteOrderMarks = []struct{ mark, encoding string }{
	{"\xef\xbb\xbf", utf8Name},
	{"\xff\xfe", "utf-16le"},
	{"\xfe\xff", "utf-16be"},
}

// decode returns text as UTF-8, and the name of the encoding that it had. That is what a byte order mark tells, as everywhere
// in the WHATWG's standard (https://encoding.spec.whatwg.org/#decode), otherwise the one of that name.
func decode(content *bufio.Reader, name string) (io.Reader, string, error) {
	isNamed := name != ""

	name, known, err := encodingOf(name)
	if err != nil {
		return nil, "", err
	}

	start, _ := content.Peek(len("\xef\xbb\xbf")) // Its error comes again when the text is read.

	for _, order := range byteOrderMarks {
		if !strings.HasPrefix(string(start), order.mark) {
			continue
		}

		if _, err := content.Discard(len(order.mark)); err != nil {
			return nil, "", err
		}

		name, isNamed = order.encoding, true

		break
	}

	if !isNamed {
		if err := looksLikeUTF16(content); err != nil {
			return nil, "", err
		}
	}

	switch name {
	case utf8Name:
		return content, name, nil
	case "utf-16le":
		return transform.NewReader(content, &utf16Decoder{order: binary.LittleEndian}), name, nil
	case "utf-16be":
		return transform.NewReader(content, &utf16Decoder{order: binary.BigEndian}), name, nil
	}

	return transform.NewReader(content, strict{known.NewDecoder()}), name, nil
}

// Decode returns text as UTF-8. It had the encoding that its byte order mark tells, or otherwise the one of that name; UTF-8
// where that is empty. What is no character in it is no UTF-8 afterwards either.
func Decode(text io.Reader, name string) (io.Reader, error) {
	decoded, _, err := decode(bufio.NewReader(text), name)

	return decoded, err
}

// sampleBytes is where the look of a text is searched.
const sampleBytes = 512

// looksLikeUTF16 finds text in UTF-16 that does not tell so: its first line has a zero byte, beside a letter of ASCII or a comma.
// Other text may have U+0000 in values further on.
func looksLikeUTF16(text *bufio.Reader) error {
	start, _ := text.Peek(sampleBytes) // Its error comes again when the text is read.
	line, _, _ := bytes.Cut(start, []byte("\n"))

	zero := bytes.IndexByte(line, 0)
	if zero < 0 {
		return nil
	}

	return &Problem{
		Message: "the text looks like UTF-16, which neither its beginning nor the format tells",
		Hint: fmt.Sprintf("give the format the encoding %s, or utf-8 if it only looks like that",
			[]string{"utf-16be", "utf-16le"}[zero%2]),
	}
}

// encodingOf finds the encoding of that name, and the WHATWG's name for it. UTF-16 without an order is little-endian.
func encodingOf(name string) (string, encoding.Encoding, error) {
	if name == "" {
		name = utf8Name
	}

	found, err := htmlindex.Get(name)
	if err != nil || found == encoding.Replacement {
		return "", nil, unsupported(fmt.Sprintf("there is no encoding named %q", name),
			"the usual ones are utf-8, utf-16, utf-16le, utf-16be and windows-1252; "+
				"https://encoding.spec.whatwg.org/#names-and-labels lists all")
	}

	canonical, err := htmlindex.Name(found)

	return canonical, found, err
}

// strict is a decoder that marks what is no character as [broken]. The decoders of x/text put U+FFFD there. Text that holds
// this character itself was broken before.
type strict struct{ transform.Transformer }

func (s strict) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	nDst, nSrc, err = s.Transformer.Transform(dst, src, atEOF)

	if replacement := []byte("\ufffd"); bytes.Contains(dst[:nDst], replacement) {
		nDst = copy(dst, bytes.ReplaceAll(dst[:nDst], replacement, []byte{broken}))
	}

	return nDst, nSrc, err
}

// utf16Decoder decodes UTF-16 and marks half characters as [broken]. U+FFFD, which the decoder of x/text puts there, is a
// character like others in UTF-16.
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
			dst[nDst] = broken
			nDst++
		}

		nSrc += size
	}

	return nDst, nSrc, nil
}

// decode finds the character with which text begins, and its size. The size is 0 where more of the text is missing.
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
	if char == utf8.RuneError { // No pair makes that.
		return 0, 2, false
	}

	return char, 4, true
}

// encoder returns what turns UTF-8 into the encoding of that name, and the encoding where it can't hold every character. It
// is nil for UTF-8.
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
		if strings.EqualFold(strings.TrimSpace(name), "utf-16") { // The name leaves the order to the mark.
			mark = unicode.UseBOM
		}

		return unicode.UTF16(unicode.LittleEndian, mark).NewEncoder(), nil, nil
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder(), nil, nil
	}

	return known.NewEncoder(), known, nil
}
