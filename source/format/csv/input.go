package csv

import (
	"bytes"
	"errors"
	"io"

	"github.com/jobwright/jobwright/source"
)

// readSize is the initial size of the buffer in bytes.
const readSize = 256 << 10

// input is the buffered part of a file.
type input struct {
	from   io.Reader
	buffer []byte // The first filled bytes are content.
	filled int
	at     int   // The index of the next record in buffer.
	line   int   // The line of the next record, from 1.
	end    error // The error that the file ended with, which is io.EOF at its regular end.

	consumed int64 // The number of consumed bytes.

	lf, cr, quote mark
}

// mark is the index of the next occurrence of a byte. It is searched for once and not for each record, so that a file
// without quotes, for example, is searched for quotes only once.
type mark struct {
	char byte
	at   int // The end of the filled part if there is no occurrence.
}

func newInput(from io.Reader, d dialect) *input {
	in := &input{from: from, buffer: make([]byte, readSize), line: 1, lf: mark{'\n', -1}, cr: mark{'\r', -1}}

	in.quote.at = -1
	if d.quote != "" {
		in.quote.char = d.quote[0] // Another character may begin with the same byte, which only costs speed.
	}

	return in
}

// next returns the index of the next occurrence of a byte, or the end of the filled part.
func (in *input) next(m *mark) int {
	if m.at < in.at {
		m.at = in.filled
		if i := bytes.IndexByte(in.buffer[in.at:in.filled], m.char); i >= 0 {
			m.at = in.at + i
		}
	}

	return m.at
}

// rest returns the unconsumed bytes.
func (in *input) rest() []byte { return in.buffer[in.at:in.filled] }

// complete reports whether the rest of the file is in the buffer.
func (in *input) complete() bool { return in.end == io.EOF }

// errTooLong is returned for a record of more than [source.MaxRecord] bytes, of which a quote may never be closed.
var errTooLong = errors.New("the record is too long")

// fill reads more of the file. The error is errTooLong, or that of the file.
func (in *input) fill() error {
	if in.end != nil {
		return in.end
	}

	used := in.filled - in.at
	if used >= source.MaxRecord {
		return errTooLong
	}

	// The rest is moved to the front, and to a larger buffer if it fills more than half of this one, so that each byte is moved
	// and examined only a few times, however long the record is.
	to := in.buffer
	if used > len(to)/2 {
		to = make([]byte, 2*len(to))
	}

	copy(to, in.rest())
	in.buffer, in.at = to, 0
	in.lf.at, in.cr.at, in.quote.at = -1, -1, -1

	for in.filled = used; in.filled < len(to) && in.end == nil; {
		var n int

		n, in.end = in.from.Read(to[in.filled:])
		in.filled += n
	}

	return nil
}

// lineEnd returns the length of the next line, and its size including the line break. The error is io.EOF after the last line.
func (in *input) lineEnd() (length, size int, err error) {
	for {
		at := min(in.next(&in.lf), in.next(&in.cr))

		length, broken := at-in.at, at < in.filled
		crAtEnd := broken && at == in.cr.at && at+1 == in.filled

		switch {
		case broken && !crAtEnd:
			return length, length + lineBreak(in.buffer[at:in.filled]), nil
		case in.complete() && broken:
			return length, length + 1, nil
		case in.complete() && length > 0:
			return length, length, nil
		}

		if err := in.fill(); err != nil {
			return 0, 0, err
		}
	}
}

// lineBreak returns the length of the line break with which text begins, or 0.
func lineBreak[T string | []byte](text T) int {
	switch {
	case len(text) == 0:
		return 0
	case text[0] == '\n':
		return 1
	case text[0] != '\r':
		return 0
	case len(text) > 1 && text[1] == '\n':
		return 2
	}

	return 1
}

// countLineBreaks returns the number of line breaks in text.
func countLineBreaks(text []byte) int {
	breaks := bytes.Count(text, []byte("\n"))

	if alone := bytes.Count(text, []byte("\r")); alone > 0 {
		breaks += alone - bytes.Count(text, []byte("\r\n"))
	}

	return breaks
}

// consume skips size bytes with a number of line breaks.
func (in *input) consume(size, lines int) {
	in.at += size
	in.line += lines
	in.consumed += int64(size)
}

// skipLine skips the next line, which may have any length.
func (in *input) skipLine() error {
	for {
		_, size, err := in.lineEnd()
		if !errors.Is(err, errTooLong) {
			in.consume(size, 1)

			return err
		}

		in.consume(len(in.rest())-1, 0) // The last byte may be the first half of a line break.
	}
}
