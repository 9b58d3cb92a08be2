package json

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/jobwright/jobwright/source"
)

const (
	// readSize is the number of bytes requested from a file at a time.
	readSize = 256 << 10

	byteOrderMark = "\ufeff"
)

// stream is a file as a sequence of values and separators.
type stream struct {
	from   io.Reader
	buffer []byte // The unconsumed bytes begin at at.
	at     int
	line   int   // The line on which the unconsumed bytes begin, from 1.
	end    error // The error that the file ended with, which is io.EOF at its regular end.
	extent extent

	consumed int64 // The number of bytes that take has consumed.
}

func newStream(from io.Reader) *stream {
	s := &stream{from: from, buffer: make([]byte, 0, readSize), line: 1}

	for more := true; more && len(s.buffer) < len(byteOrderMark); {
		more = s.fill()
	}

	if bytes.HasPrefix(s.buffer, []byte(byteOrderMark)) {
		s.at = len(byteOrderMark)
	}

	return s
}

// fill reads more of the file into the buffer. It reports whether there was more.
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

// rest returns the unconsumed bytes.
func (s *stream) rest() []byte { return s.buffer[s.at:] }

// complete reports whether the rest of the file is in the buffer.
func (s *stream) complete() bool { return s.end == io.EOF }

// peek skips white space and returns the next byte. The error is the one that the file ended with.
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

// value consumes and returns the next value, after peek. The value is valid until the next call.
func (s *stream) value() ([]byte, error) { return s.read(false) }

// skip consumes the next value, after peek. The value may have any size.
func (s *stream) skip() error {
	_, err := s.read(true)

	return err
}

func (s *stream) read(skip bool) ([]byte, error) {
	if !beginsExtent(s.rest()[0]) {
		return s.scalar()
	}

	s.extent.reset()

	for examined := 0; ; {
		size, ended := s.extent.advance(s.rest()[examined:])
		examined += size

		if ended {
			return s.take(examined), nil
		}

		if skip || s.extent.wrong != nil {
			s.take(examined)
			examined = 0
		}

		switch {
		case s.extent.wrong != nil:
			return nil, s.extent.wrong
		case examined > source.MaxRecord: // A bracket may never be closed.
			return nil, tooLong()
		case s.fill():
		case s.end == io.EOF:
			return nil, &fault{
				message: "the file ends within the value that begins here",
				hint:    "the file was cut off, or a bracket or a quote is missing",
			}
		default:
			return nil, s.end
		}
	}
}

func beginsExtent(c byte) bool { return c == '{' || c == '[' || c == '"' }

// scalar consumes and returns a number or a literal.
func (s *stream) scalar() ([]byte, error) {
	size, err := s.find(func(text []byte) int {
		return slices.IndexFunc(text, func(c byte) bool { return endsScalar[c] })
	})
	if err == nil && size == 0 {
		err = &fault{message: "a value is missing before " + string(s.rest()[0]), hint: hintSyntax}
	}

	return s.take(size), err
}

// textLine consumes and returns the next line with its line break. The line is valid until the next call. The error is io.EOF
// after the last line.
func (s *stream) textLine() ([]byte, error) {
	size, err := s.find(func(text []byte) int { return bytes.IndexByte(text, '\n') })
	if err == nil {
		size = min(size+1, len(s.rest()))
	}

	return s.take(size), err
}

// find reads up to the place that index finds, and returns the number of bytes before it, or before the end of the file. The
// error is io.EOF if the file has ended.
func (s *stream) find(index func([]byte) int) (int, error) {
	for examined := 0; ; {
		if at := index(s.rest()[examined:]); at >= 0 {
			return examined + at, nil
		}

		examined = len(s.rest())

		switch {
		case examined > source.MaxRecord:
			return 0, tooLong()
		case s.fill():
		case examined > 0 && s.end == io.EOF:
			return examined, nil
		default:
			return 0, s.end
		}
	}
}

// take consumes and returns the next size bytes.
func (s *stream) take(size int) []byte {
	consumed := s.rest()[:size]
	s.line += bytes.Count(consumed, []byte("\n"))
	s.at += size
	s.consumed += int64(size)

	return consumed
}

func tooLong() error {
	return &fault{
		message: fmt.Sprintf("the value that begins here does not end within %d MiB", source.MaxRecord>>20),
		hint:    "a record has to fit into memory; " + hintRecords,
	}
}

// lines are the records of NDJSON.
type lines struct{ stream *stream }

func (l *lines) next() ([]byte, place, error) {
	for {
		at := place{line: l.stream.line}

		line, err := l.stream.textLine()
		if err != nil {
			return nil, at, err
		}

		if line = bytes.Trim(line, " \t\r\n"); len(line) > 0 {
			return line, at, nil
		}
	}
}
