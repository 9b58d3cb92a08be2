package xml

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/internal/content"
)

const (
	// readSize is the number of bytes requested from a file at a time.
	readSize = 64 << 10

	// maxText is the largest size of the text of a rejected record.
	maxText = 4 << 10
)

// input provides a decoder with bytes, and retains the beginning of the current record.
type input struct {
	from   io.Reader
	buffer []byte
	at     int   // The index of the first unconsumed byte in buffer.
	base   int64 // The offset of buffer in the file.
	end    error // The error that the file ended with.

	begin int64  // The offset of the current record.
	gone  []byte // The beginning of the record that is no longer in buffer, up to maxText.
}

func newInput(from io.Reader, base int64) *input {
	return &input{from: from, buffer: make([]byte, 0, readSize), base: base, begin: base}
}

// ReadByte returns the next byte. The error is a fault if the record is too long.
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

// Read provides the decoder of an encoding with bytes.
func (in *input) Read(to []byte) (int, error) {
	if in.at == len(in.buffer) {
		return in.from.Read(to)
	}

	n := copy(to, in.buffer[in.at:])
	in.at += n

	return n, nil
}

// fill replaces the consumed buffer by more of the file.
func (in *input) fill() error {
	if in.end != nil {
		return in.end
	}

	in.gone = in.record()
	in.base += int64(len(in.buffer))
	in.at = 0

	// The limit applies to everything that the decoder buffers as a whole, for example an element that is never closed.
	if in.base-in.begin > source.MaxRecord {
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
	message: fmt.Sprintf("the element that begins here does not end within %d MiB", source.MaxRecord>>20),
	hint:    hintBounds,
}

// mark sets the offset of the current record.
func (in *input) mark(offset int64) {
	in.begin = offset
	in.gone = in.gone[:0]
}

// record returns the beginning of the current record, up to the last consumed byte.
func (in *input) record() []byte {
	from := min(max(in.begin-in.base, 0), int64(in.at))
	missing := max(maxText-len(in.gone), 0)
	rest := in.buffer[from:in.at]

	return append(in.gone, rest[:min(len(rest), missing)]...)
}

// text returns the beginning of the current record as valid text.
func (in *input) text() string {
	return strings.ToValidUTF8(content.Prefix(string(in.record()), maxText-1), "")
}

// failed returns the error that interrupted the file, or nil.
func (in *input) failed() error {
	if in.end == nil || in.end == io.EOF || errors.Is(in.end, errTooLong) {
		return nil
	}

	return in.end
}
