package json

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

const (
	// readAtOnce is how much of a file is read at once, in bytes.
	readAtOnce = 256 << 10

	// maxRecord bounds the bytes of a record, so that a bracket that is never closed does not take all memory.
	maxRecord = 64 << 20

	byteOrderMark = "\ufeff"
)

// stream is a file as a sequence of values and of what stands between them.
type stream struct {
	from   io.Reader
	buffer []byte // What was read and is not used up stands in it from at.
	at     int
	line   int   // The number of the line on which that begins, from 1.
	end    error // What the file ended with, io.EOF where it was read wholly; nil before.
	extent extent
}

func newStream(from io.Reader) *stream {
	s := &stream{from: from, buffer: make([]byte, 0, readAtOnce), line: 1}

	for more := true; more && len(s.buffer) < len(byteOrderMark); {
		more = s.fill()
	}

	if bytes.HasPrefix(s.buffer, []byte(byteOrderMark)) {
		s.at = len(byteOrderMark)
	}

	return s
}

// fill reads more of the file, behind what is not used up. It reports whether there was more.
func (s *stream) fill() bool {
	if s.end != nil {
		return false
	}

	if s.at > 0 {
		s.buffer = s.buffer[:copy(s.buffer, s.rest())]
		s.at = 0
	}

	if len(s.buffer) == cap(s.buffer) {
		s.buffer = slices.Grow(s.buffer, len(s.buffer))
	}

	var n int
	n, s.end = io.ReadAtLeast(s.from, s.buffer[len(s.buffer):cap(s.buffer)], 1)
	s.buffer = s.buffer[:len(s.buffer)+n]

	return n > 0
}

// rest is what was read and is not used up.
func (s *stream) rest() []byte { return s.buffer[s.at:] }

// peek goes to the next byte that is no white space, and returns it. The error is what the file ended with.
func (s *stream) peek() (byte, error) {
	for {
		for ; s.at < len(s.buffer); s.at++ {
			switch c := s.buffer[s.at]; c {
			case '\n':
				s.line++
			case ' ', '\t', '\r':
			default:
				return c, nil
			}
		}

		if !s.fill() {
			return 0, s.end
		}
	}
}

// value returns the value at which the stream stands, which peek found, and goes on behind it. The value is the caller's
// until the next call.
func (s *stream) value() ([]byte, error) {
	if !beginsExtent(s.rest()[0]) {
		return s.scalar()
	}

	s.extent.reset()

	for looked := 0; ; {
		size, ended := s.extent.advance(s.rest()[looked:])
		looked += size

		switch {
		case ended:
			return s.take(looked), nil
		case s.extent.wrong != nil:
			s.take(looked)

			return nil, s.extent.wrong
		case looked > maxRecord:
			return nil, tooLong()
		case !s.fill():
			return nil, s.unfinished()
		}
	}
}

// pass goes on behind the value at which the stream stands, however long it is.
func (s *stream) pass() error {
	if !beginsExtent(s.rest()[0]) {
		_, err := s.scalar()

		return err
	}

	s.extent.reset()

	for {
		size, ended := s.extent.advance(s.rest())
		s.take(size)

		switch {
		case ended:
			return nil
		case s.extent.wrong != nil:
			return s.extent.wrong
		case !s.fill():
			return s.unfinished()
		}
	}
}

func beginsExtent(c byte) bool { return c == '{' || c == '[' || c == '"' }

// scalar returns the number or the word at which the stream stands, and goes on behind it.
func (s *stream) scalar() ([]byte, error) {
	for looked := 0; ; {
		end := slices.IndexFunc(s.rest()[looked:], func(c byte) bool { return endsScalar[c] })

		switch {
		case looked == 0 && end == 0:
			return nil, &fault{message: "a value is missing before " + string(s.rest()[0]), hint: hintSyntax}
		case end >= 0:
			return s.take(looked + end), nil
		}

		looked = len(s.rest())

		switch {
		case looked > maxRecord:
			return nil, tooLong()
		case s.fill():
		case errors.Is(s.end, io.EOF):
			return s.take(looked), nil
		default:
			return nil, s.end
		}
	}
}

// textLine returns the next line without what ends it, and goes on behind it. The line is the caller's until the next call.
// The error is io.EOF where no line follows.
func (s *stream) textLine() ([]byte, error) {
	for looked := 0; ; {
		if end := bytes.IndexByte(s.rest()[looked:], '\n'); end >= 0 {
			return s.take(looked + end + 1), nil
		}

		looked = len(s.rest())

		switch {
		case looked > maxRecord:
			return nil, tooLong()
		case s.fill():
		case looked > 0 && errors.Is(s.end, io.EOF):
			return s.take(looked), nil
		default:
			return nil, s.end
		}
	}
}

// take returns the next size bytes and goes on behind them.
func (s *stream) take(size int) []byte {
	taken := s.rest()[:size]
	s.line += bytes.Count(taken, []byte("\n"))
	s.at += size

	return taken
}

// unfinished is why a value has no end.
func (s *stream) unfinished() error {
	if errors.Is(s.end, io.EOF) {
		return &fault{
			message: "the file ends within the value that begins here",
			hint:    "the file was cut off, or a bracket or a quote is missing",
		}
	}

	return s.end
}

func tooLong() error {
	return &fault{
		message: fmt.Sprintf("the value that begins here has no end within %d MiB", maxRecord>>20),
		hint:    "a record has to fit into memory; " + hintRecords,
	}
}
