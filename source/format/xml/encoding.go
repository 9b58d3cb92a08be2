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

	"github.com/jobwright/jobwright/source/format/internal/content"
)

// beginnings determine the encoding of a file before its declaration can be read (https://www.w3.org/TR/xml/#sec-guessing).
var beginnings = []struct {
	bytes    string
	mark     bool // The bytes are a byte order mark, and not part of the text.
	encoding encoding.Encoding
}{
	{"\xef\xbb\xbf", true, nil},
	{"\xff\xfe", true, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	{"\xfe\xff", true, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
	{"<\x00", false, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	{"\x00<", false, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
}

// decodeBeginning returns a file from its first character on, and whether it is UTF-8 regardless of its declaration.
func decodeBeginning(from io.Reader) (decoded io.Reader, isUTF8 bool) {
	buffered := bufio.NewReader(from)
	start, _ := buffered.Peek(len("\xef\xbb\xbf")) // Reading the file returns the error again.

	for _, beginning := range beginnings {
		if !bytes.HasPrefix(start, []byte(beginning.bytes)) {
			continue
		}

		if beginning.mark {
			_, _ = buffered.Discard(len(beginning.bytes)) // They were peeked.
		}

		if beginning.encoding == nil {
			return buffered, true
		}

		return decode(buffered, beginning.encoding), true
	}

	return buffered, false
}

// decodeDeclared returns the text after a declaration of an encoding as UTF-8.
func decodeDeclared(label string, rest io.Reader) (io.Reader, error) {
	found, err := htmlindex.Get(strings.TrimSpace(label))
	if err != nil || found == encoding.Replacement {
		return nil, &fault{
			fmt.Sprintf("the file declares the encoding %q, which is not supported", label),
			"use a label of https://encoding.spec.whatwg.org/#names-and-labels",
		}
	}

	// The declaration was readable without decoding. Therefore, the file is not UTF-16.
	if name, err := htmlindex.Name(found); err != nil || strings.HasPrefix(name, "utf-") {
		return rest, err
	}

	return decode(rest, found), nil
}

func decode(from io.Reader, in encoding.Encoding) io.Reader {
	return transform.NewReader(from, content.Strict{Transformer: in.NewDecoder()})
}
