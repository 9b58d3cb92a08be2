package xml

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	// readAtOnce is how much of a file is read at once, in bytes.
	readAtOnce = 64 << 10

	// maxRecord bounds the bytes of a record, and of whatever else the decoder holds as a whole, so that what has no end does
	// not take all memory.
	maxRecord = 64 << 20

	// maxText bounds how much of a record that can't be read is handed over.
	maxText = 4 << 10
)

// input gives a decoder its bytes, and remembers the beginning of the record that they are of.
type input struct {
	from   io.Reader
	buffer []byte
	at     int   // What stands in buffer from there is not used up.
	base   int64 // The offset in the file at which buffer begins.
	end    error // What the file ended with, nil before.

	begin int64  // The offset at which the record begins.
	gone  []byte // What of the record is not in buffer anymore, as far as anybody may want to see it.
}

func newInput(from io.Reader, base int64) *input {
	return &input{from: from, buffer: make([]byte, 0, readAtOnce), base: base, begin: base}
}

// ReadByte returns the next byte. The error is a fault where the record is too long.
func (in *input) ReadByte() (byte, error) {
	if in.at == len(in.buffer) {
		if err := in.fill(); err != nil {
			return 0, err
		}
	}

	c := in.buffer[in.at]
	in.at++

	return c, nil
}

// Read gives the bytes to who decodes their encoding.
func (in *input) Read(to []byte) (int, error) {
	if in.at == len(in.buffer) {
		return in.from.Read(to)
	}

	n := copy(to, in.buffer[in.at:])
	in.at += n

	return n, nil
}

// fill reads more, in place of what was used up.
func (in *input) fill() error {
	if in.end != nil {
		return in.end
	}

	in.gone = in.record()
	in.base += int64(len(in.buffer))
	in.at = 0

	if in.base-in.begin > maxRecord {
		in.end = errTooLong
		in.buffer = in.buffer[:0]

		return in.end
	}

	var n int
	n, in.end = io.ReadAtLeast(in.from, in.buffer[:cap(in.buffer)], 1)
	in.buffer = in.buffer[:n]

	return in.end
}

var errTooLong = &fault{
	message: fmt.Sprintf("what begins here has no end within %d MiB", maxRecord>>20),
	hint:    hintBounds,
}

// mark tells that a record begins at an offset.
func (in *input) mark(offset int64) {
	in.begin = offset
	in.gone = in.gone[:0]
}

// record returns the beginning of the record, up to what was used up last.
func (in *input) record() []byte {
	from := min(max(in.begin-in.base, 0), int64(in.at))
	missing := max(maxText-len(in.gone), 0)
	rest := in.buffer[from:in.at]

	return append(in.gone, rest[:min(len(rest), missing)]...)
}

// text is the beginning of the record as text. A character is cut at its end, where it is long.
func (in *input) text() string {
	return strings.ToValidUTF8(prefix(string(in.record()), maxText-1), "")
}

// failed returns the error that the file's reader returned, where it is none.
func (in *input) failed() error {
	if in.end == nil || errors.Is(in.end, io.EOF) || errors.Is(in.end, errTooLong) {
		return nil
	}

	return in.end
}
