package xml

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// beginnings tell the encoding of a file before its declaration can be read (https://www.w3.org/TR/xml/#sec-guessing).
var beginnings = []struct {
	bytes    string
	mark     bool // It is a byte order mark, and none of the text.
	encoding encoding.Encoding
}{
	{"\xef\xbb\xbf", true, nil},
	{"\xff\xfe", true, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	{"\xfe\xff", true, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
	{"<\x00", false, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	{"\x00<", false, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
}

// begun returns a file from its first character on, and whether it is known to be UTF-8 now, whatever it declares.
func begun(from io.Reader) (content io.Reader, isUTF8 bool) {
	buffered := bufio.NewReader(from)
	start, _ := buffered.Peek(len("\xef\xbb\xbf")) // Its error comes again when the file is read.

	for _, beginning := range beginnings {
		if !bytes.HasPrefix(start, []byte(beginning.bytes)) {
			continue
		}

		if beginning.mark {
			_, _ = buffered.Discard(len(beginning.bytes)) // They are there.
		}

		if beginning.encoding == nil {
			return buffered, true
		}

		return decoded(buffered, beginning.encoding), true
	}

	return buffered, false
}

// declared returns what follows a declaration of an encoding as UTF-8.
func declared(label string, rest io.Reader) (io.Reader, error) {
	found, err := htmlindex.Get(strings.TrimSpace(label))
	if err != nil || found == encoding.Replacement {
		return nil, &fault{
			fmt.Sprintf("the file declares the encoding %q, which is not supported", label),
			"use a label of https://encoding.spec.whatwg.org/#names-and-labels",
		}
	}

	// Who could read the declaration as it is, knows that it is none of UTF-16.
	if name, err := htmlindex.Name(found); err != nil || strings.HasPrefix(name, "utf-") {
		return rest, err
	}

	return decoded(rest, found), nil
}

func decoded(from io.Reader, in encoding.Encoding) io.Reader {
	return transform.NewReader(from, strict{in.NewDecoder()})
}

// strict is a decoder that puts a byte that is not UTF-8 for what is no character in its encoding, so that it is found. The
// decoders of x/text put U+FFFD there, which nobody would see; text that holds it itself was broken before.
type strict struct{ transform.Transformer }

func (s strict) Transform(to, from []byte, atEnd bool) (written, read int, err error) {
	written, read, err = s.Transformer.Transform(to, from, atEnd)

	if broken := []byte("\ufffd"); bytes.Contains(to[:written], broken) {
		written = copy(to, bytes.ReplaceAll(to[:written], broken, []byte{0xff}))
	}

	return written, read, err
}
