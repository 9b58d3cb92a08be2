package csv

import (
	"bytes"
	"errors"
	"io"
)

const (
	// readAtOnce is how much of a file is read at once, in bytes.
	readAtOnce = 256 << 10

	// maxRecord bounds the bytes of a record, so that a quote that is never closed does not take all memory.
	maxRecord = 64 << 20
)

// input is the part of a file that was read and is not yet used up.
type input struct {
	from   io.Reader
	buffer []byte // Its first filled bytes are of the file.
	filled int
	at     int   // Where in buffer the next record begins.
	line   int   // The number of the line that begins there, from 1.
	end    error // What the file ended with, io.EOF where it was read wholly; nil before.

	lf, cr, quote mark
}

// mark is the place of the next byte of a kind. It is looked for once, not for each record anew: where a file has no quotes,
// for example, each of its bytes is looked at once for that.
type mark struct {
	char byte
	at   int // It stands for none where it is the end of what is filled.
}

func newInput(from io.Reader, d dialect) *input {
	in := &input{from: from, buffer: make([]byte, readAtOnce), line: 1, lf: mark{'\n', -1}, cr: mark{'\r', -1}}

	in.quote.at = -1
	if d.quote != "" {
		in.quote.char = d.quote[0] // Another character may begin with the same byte: it is a quick look, not a sure one.
	}

	return in
}

// next returns where the next byte of a kind stands, or the end of what is filled.
func (in *input) next(m *mark) int {
	if m.at < in.at {
		m.at = in.filled
		if i := bytes.IndexByte(in.buffer[in.at:in.filled], m.char); i >= 0 {
			m.at = in.at + i
		}
	}

	return m.at
}

// rest is what was read and is not used up.
func (in *input) rest() []byte { return in.buffer[in.at:in.filled] }

// complete reports whether nothing of the file follows.
func (in *input) complete() bool { return errors.Is(in.end, io.EOF) }

// errTooLong is returned for a record of more than maxRecord bytes.
var errTooLong = errors.New("the record is too long")

// fill reads more of the file. The error is errTooLong, or what the file's reader returned.
func (in *input) fill() error {
	if in.end != nil {
		return in.end
	}

	used := in.filled - in.at
	if used >= maxRecord {
		return errTooLong
	}

	// What is left is moved to the front, of a larger buffer where it fills more than half of this one: so each byte is moved
	// and looked at again only a few times, however long the record is.
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

// lineEnd finds the end of the line at which the input stands: how many bytes it has, and how many with its line break.
// It is io.EOF where no line follows.
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
func lineBreak(text []byte) int {
	switch {
	case text[0] == '\n':
		return 1
	case text[0] != '\r':
		return 0
	case len(text) > 1 && text[1] == '\n':
		return 2
	}

	return 1
}

// countLineBreaks counts the lines that end in text.
func countLineBreaks(text []byte) int {
	breaks := bytes.Count(text, []byte("\n"))

	if alone := bytes.Count(text, []byte("\r")); alone > 0 {
		breaks += alone - bytes.Count(text, []byte("\r\n"))
	}

	return breaks
}

// use goes on behind the next size bytes, which end with that many line breaks.
func (in *input) use(size, lines int) {
	in.at += size
	in.line += lines
}

// skipLine goes on behind the line at which the input stands, however long it is.
func (in *input) skipLine() error {
	for {
		_, size, err := in.lineEnd()
		if !errors.Is(err, errTooLong) {
			in.use(size, 1)

			return err
		}

		in.at = in.filled - 1 // The last byte may be the first half of a line break.
	}
}
