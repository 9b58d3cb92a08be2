package csv

import (
	"bytes"
	"errors"
	"fmt"
)

// fields are those of one record, as the file has them.
type fields struct {
	text   []byte // All of them, one after the other, without their quotes.
	ends   []int  // Where each of them ends in text.
	quoted []bool // Which of them had quotes.

	size int // How many bytes of the file the record takes.
}

// errShort is returned for a record whose end was not read yet.
var errShort = errors.New("the record goes on")

// parse finds the fields of the record at which the input stands, reading as much as it takes. The error is the input's;
// what is wrong with the record is a fault.
func (f *fields) parse(in *input, d dialect) (*fault, error) {
	for {
		wrong, err := f.scan(in.rest(), in.complete(), d)
		if !errors.Is(err, errShort) {
			return wrong, err
		}

		switch err := in.fill(); {
		case errors.Is(err, errTooLong):
			return tooLong(), nil
		case err != nil:
			return nil, err
		}
	}
}

func tooLong() *fault {
	return &fault{
		message:  fmt.Sprintf("the record that begins here has no end within %d MiB", maxRecord>>20),
		hint:     "look for a quote that is never closed",
		inQuotes: true,
	}
}

// scan finds the fields of the record that text begins with. Complete tells that nothing follows text.
func (f *fields) scan(text []byte, complete bool, d dialect) (*fault, error) {
	f.text, f.ends, f.quoted, f.size = f.text[:0], f.ends[:0], f.quoted[:0], 0

	for {
		quoted := d.quote != "" && hasPrefix(text[f.size:], d.quote)

		var (
			wrong *fault
			err   error
		)

		if quoted {
			wrong, err = f.scanQuoted(text, complete, d)
		} else {
			wrong = f.scanPlain(text, d)
		}

		if wrong != nil || err != nil {
			return wrong, err
		}

		f.ends, f.quoted = append(f.ends, len(f.text)), append(f.quoted, quoted)

		rest := text[f.size:]
		// As much must be there as a separator or CRLF take.
		if len(rest) < max(len(d.separator), len("\r\n")) && !complete {
			return nil, errShort
		}

		if len(rest) == 0 {
			return nil, nil //nolint:nilnil // Nothing is wrong.
		}

		if size := lineBreak(rest); size > 0 {
			f.size += size

			return nil, nil //nolint:nilnil // Nothing is wrong.
		}

		if !hasPrefix(rest, d.separator) {
			return &fault{
				field:    fmt.Sprintf("field %d", len(f.ends)),
				message:  "there is text behind its closing quote",
				hint:     "double quotes that are text",
				inQuotes: true,
			}, nil
		}

		f.size += len(d.separator)
	}
}

// scanPlain finds the end of a field without quotes.
func (f *fields) scanPlain(text []byte, d dialect) *fault {
	rest := text[f.size:]
	first := d.separator[0]
	end := 0

	for end < len(rest) {
		if c := rest[end]; c == '\n' || c == '\r' || (c == first && hasPrefix(rest[end:], d.separator)) {
			break
		}

		end++
	}

	if d.quote != "" && bytes.Contains(rest[:end], []byte(d.quote)) {
		return &fault{
			field:    fmt.Sprintf("field %d", len(f.ends)+1),
			message:  "there is a quote in its midst, but none around it",
			hint:     `put quotes around the field and double those within it, or give the format the quote "none"`,
			inQuotes: true,
		}
	}

	f.text = append(f.text, rest[:end]...)
	f.size += end

	return nil
}

// scanQuoted finds the end of a field with quotes, and puts single quotes for the doubled ones within it.
func (f *fields) scanQuoted(text []byte, complete bool, d dialect) (*fault, error) {
	f.size += len(d.quote)

	for {
		rest := text[f.size:]

		end := bytes.Index(rest, []byte(d.quote))
		behind := end + len(d.quote)

		if end < 0 && complete {
			return &fault{
				field:    fmt.Sprintf("field %d", len(f.ends)+1),
				message:  "its quote is never closed",
				hint:     "close the quote, or double it if it is text",
				inQuotes: true,
			}, nil
		}

		if end < 0 || (len(rest)-behind < len(d.quote) && !complete) {
			return nil, errShort
		}

		f.text = append(f.text, rest[:end]...)
		f.size += behind

		if !hasPrefix(rest[behind:], d.quote) {
			return nil, nil //nolint:nilnil // Nothing is wrong.
		}

		f.text = append(f.text, d.quote...)
		f.size += len(d.quote)
	}
}

// split returns the fields.
func (f *fields) split() []string {
	text, parts, start := string(f.text), make([]string, len(f.ends)), 0
	for i, end := range f.ends {
		parts[i], start = text[start:end], end
	}

	return parts
}

// hasPrefix is [bytes.HasPrefix] for a character, which mostly has one byte.
func hasPrefix(text []byte, prefix string) bool {
	return len(text) >= len(prefix) && text[0] == prefix[0] && (len(prefix) == 1 || string(text[:len(prefix)]) == prefix)
}
