package csv

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/jobwright/jobwright/source"
)

// fields are the fields of one record.
type fields struct {
	text   []byte // The text of all fields, without quotes.
	ends   []int  // The end of each field in text, up to the largest number of columns.
	quoted []bool // Whether each of these fields is quoted.

	count int // The number of fields.
	size  int // The size of the record in the file.
}

// errShort is returned for a record whose end was not read yet.
var errShort = errors.New("the record is incomplete")

// parse parses the next record of the input, and reads more if necessary. The error is that of the input; an invalid record is a
// fault.
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
		message:  fmt.Sprintf("the record that begins here does not end within %d MiB", source.MaxRecord>>20),
		hint:     "close its last quote",
		inQuotes: true,
	}
}

// scan parses the record at the beginning of text. If complete, nothing follows text.
func (f *fields) scan(text []byte, complete bool, d dialect) (*fault, error) {
	f.text, f.ends, f.quoted, f.count, f.size = f.text[:0], f.ends[:0], f.quoted[:0], 0, 0

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

		f.count++
		if f.count <= source.MaxColumns {
			f.ends, f.quoted = append(f.ends, len(f.text)), append(f.quoted, quoted)
		}

		rest := text[f.size:]
		// The rest must be long enough for a separator or CRLF.
		if len(rest) < max(len(d.separator), len("\r\n")) && !complete {
			return nil, errShort
		}

		if len(rest) == 0 {
			return nil, nil //nolint:nilnil // The record is valid.
		}

		if size := lineBreak(rest); size > 0 {
			f.size += size

			return nil, nil //nolint:nilnil // The record is valid.
		}

		if !hasPrefix(rest, d.separator) {
			return &fault{
				field:    fmt.Sprintf("field %d", f.count),
				message:  "there is text after its closing quote",
				hint:     "double each quote that is part of the text",
				inQuotes: true,
			}, nil
		}

		f.size += len(d.separator)
	}
}

// scanPlain parses a field without quotes.
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
			field:    fmt.Sprintf("field %d", f.count+1),
			message:  "it contains a quote, but does not begin with one",
			hint:     `put quotes around the field and double its quotes, or set the format's quote to "none"`,
			inQuotes: true,
		}
	}

	f.text = append(f.text, rest[:end]...)
	f.size += end

	return nil
}

// scanQuoted parses a quoted field, and replaces doubled quotes by single ones.
func (f *fields) scanQuoted(text []byte, complete bool, d dialect) (*fault, error) {
	f.size += len(d.quote)

	for {
		rest := text[f.size:]

		end := bytes.Index(rest, []byte(d.quote))
		after := end + len(d.quote)

		if end < 0 && complete {
			return &fault{
				field:    fmt.Sprintf("field %d", f.count+1),
				message:  "its quote is never closed",
				hint:     "close the quote, or double it if it is part of the text",
				inQuotes: true,
			}, nil
		}

		if end < 0 || (len(rest)-after < len(d.quote) && !complete) {
			return nil, errShort
		}

		f.text = append(f.text, rest[:end]...)
		f.size += after

		if !hasPrefix(rest[after:], d.quote) {
			return nil, nil //nolint:nilnil // The record is valid.
		}

		f.text = append(f.text, d.quote...)
		f.size += len(d.quote)
	}
}

// split returns the fields, up to the largest number of columns.
func (f *fields) split() []string {
	text, parts, start := string(f.text), make([]string, len(f.ends)), 0
	for i, end := range f.ends {
		parts[i], start = text[start:end], end
	}

	return parts
}

// hasPrefix is [bytes.HasPrefix] for a character, which usually has one byte.
func hasPrefix(text []byte, prefix string) bool {
	return len(text) >= len(prefix) && text[0] == prefix[0] && (len(prefix) == 1 || string(text[:len(prefix)]) == prefix)
}
