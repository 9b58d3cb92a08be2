package xlsx

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/jobwright/jobwright/source"
)

// The limits of shared strings. A small file can contain any number of them, because empty elements compress to nearly nothing.
// Eight unique texts in each row of the largest sheet are as many.
const (
	maxStrings      = 8 << 20 // The index of the strings, in memory, has 64 MiB.
	maxStringsBytes = 4 << 30 // The bytes of the temporary file.
)

// sharedStrings are the texts to which cells refer by number. They may be most of the table, and are therefore in a
// temporary file.
type sharedStrings struct {
	file *os.File
	ends []int64 // The end of each text in the file.
}

func (b *workbook) readStrings() (err error) {
	opened, err := b.part("xl/sharedStrings.xml")
	if opened == nil || err != nil {
		return err
	}

	defer func() { err = errors.Join(err, opened.Close()) }()

	file, err := os.CreateTemp("", "jobwright-strings-*")
	if err != nil {
		return err
	}

	b.strings = &sharedStrings{file: file}

	// The file exists until it is closed, or the process ends.
	if err := os.Remove(file.Name()); err != nil {
		return err
	}

	out, end := bufio.NewWriter(file), int64(0)
	in := &bounded{from: opened}

	for decoder := xml.NewDecoder(in); ; {
		in.mark()

		token, err := decoder.Token()
		if err == io.EOF {
			return out.Flush()
		}

		if err != nil {
			return broken("the shared strings of the file cannot be read", err)
		}

		start, isStart := token.(xml.StartElement)
		if !isStart || start.Name.Local != "si" {
			continue
		}

		text, err := richText(decoder)
		if err != nil {
			return broken("the shared strings of the file cannot be read", err)
		}

		if end += int64(len(text)); len(b.strings.ends) == maxStrings || end > maxStringsBytes {
			return tooManyStrings()
		}

		if _, err := out.WriteString(text); err != nil {
			return err
		}

		b.strings.ends = append(b.strings.ends, end)
	}
}

func tooManyStrings() error {
	return &source.Error{
		Code: source.CodeLimitExceeded,
		Message: fmt.Sprintf("the file has more than %d shared strings, or more than %d GiB of them",
			maxStrings, maxStringsBytes>>30),
		Hint: "divide the table into several files, or write it as CSV or Parquet",
	}
}

// richText reads the text of an element after its start tag, without its formatting. Phonetic text is skipped.
func richText(decoder *xml.Decoder) (string, error) {
	var text strings.Builder

	for inText, depth := false, 1; depth > 0; {
		token, err := decoder.Token()
		if err != nil {
			return "", err
		}

		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local == "rPh" {
				if err := decoder.Skip(); err != nil {
					return "", err
				}

				continue
			}

			depth++
			inText = t.Name.Local == "t"
		case xml.EndElement:
			depth--
			inText = false
		case xml.CharData:
			if inText {
				text.Write(t)
			}
		}
	}

	return unescaped(text.String()), nil
}

var escaped = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// unescaped replaces _xHHHH_, which represents characters that XML does not have (ECMA-376, part 1, 22.9.2.19).
func unescaped(text string) string {
	if !strings.Contains(text, "_x") {
		return text
	}

	return escaped.ReplaceAllStringFunc(text, func(found string) string {
		code, err := strconv.ParseUint(found[2:6], 16, 16)
		if err != nil || utf16.IsSurrogate(rune(code)) {
			return found
		}

		return string(rune(code))
	})
}

// at returns the text with a number.
func (s *sharedStrings) at(number int) (string, error) {
	if s == nil || number < 0 || number >= len(s.ends) {
		return "", fmt.Errorf("the file has no shared string %d", number)
	}

	begin := int64(0)
	if number > 0 {
		begin = s.ends[number-1]
	}

	text := make([]byte, s.ends[number]-begin)
	if len(text) == 0 {
		return "", nil
	}

	_, err := s.file.ReadAt(text, begin)

	return string(text), err
}

func (s *sharedStrings) close() error { return s.file.Close() }
