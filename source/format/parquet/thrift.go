package parquet

import (
	"encoding/binary"
	"errors"
	"io"
)

// Limits of a structure in Thrift's compact protocol.
const (
	// maxCost limits the memory of the entries of lists, in units of a few dozen bytes. It suffices for the metadata of 60,000
	// column chunks.
	maxCost    = 4_000_000
	structCost = 8 // An entry that is a structure.

	maxDepth = 64
)

var (
	errTooLarge = errors.New("its metadata exceeds the limit of a file")
	errInvalid  = errors.New("its metadata is not valid")
)

// The types of the compact protocol
// (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftInt64  = 6 // The types from 4 to 6 are varints.
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
	thriftUUID   = 13
)

// A scan walks through an encoded structure without decoding it. The library takes the memory for a list or a text before it
// reads the entries, so the stated sizes must be verified first.
type scan struct {
	rest []byte
	cost int
}

// structureSize returns the number of bytes of the structure at the beginning of content. The error is
// [io.ErrUnexpectedEOF] if the structure continues behind content.
func structureSize(content []byte) (int, error) {
	s := scan{rest: content}
	err := s.structure(0)

	return len(content) - len(s.rest), err
}

func (s *scan) structure(depth int) error {
	if depth > maxDepth {
		return errTooLarge
	}

	for {
		header, err := s.take(1)
		if err != nil {
			return err
		}

		kind := header[0] & 0x0f
		if kind == 0 {
			return nil
		}

		if header[0]>>4 == 0 { // The number of the field follows.
			if _, err := s.varint(); err != nil {
				return err
			}
		}

		if kind == thriftTrue || kind == thriftFalse { // The header contains the value.
			continue
		}

		if err := s.value(kind, depth+1); err != nil {
			return err
		}
	}
}

// value skips a value that is not a field of type bool.
func (s *scan) value(kind byte, depth int) error {
	switch {
	case kind == 0:
		return errInvalid
	case kind <= thriftByte:
		return s.skip(1)
	case kind <= thriftInt64:
		_, err := s.varint()

		return err
	}

	switch kind {
	case thriftDouble:
		return s.skip(8) //nolint:mnd // The bytes of a double.
	case thriftUUID:
		return s.skip(16) //nolint:mnd // The bytes of a UUID.
	case thriftBinary:
		size, err := s.varint()
		if err != nil {
			return err
		}

		return s.skip(size)
	case thriftList, thriftSet:
		return s.list(depth)
	case thriftMap:
		return s.entries(depth)
	case thriftStruct:
		return s.structure(depth)
	default:
		return errInvalid
	}
}

func (s *scan) list(depth int) error {
	header, err := s.take(1)
	if err != nil {
		return err
	}

	const long = 15

	size := uint64(header[0] >> 4)
	if size == long {
		if size, err = s.varint(); err != nil {
			return err
		}
	}

	return s.repeat(size, depth, header[0]&0x0f)
}

func (s *scan) entries(depth int) error {
	size, err := s.varint()
	if err != nil || size == 0 {
		return err
	}

	kinds, err := s.take(1)
	if err != nil {
		return err
	}

	return s.repeat(size, depth, kinds[0]>>4, kinds[0]&0x0f)
}

// repeat skips size entries, each with a value of each kind.
func (s *scan) repeat(size uint64, depth int, kinds ...byte) error {
	if depth > maxDepth || size > maxCost {
		return errTooLarge
	}

	for range size {
		for _, kind := range kinds {
			s.cost++
			if kind == thriftStruct {
				s.cost += structCost
			}

			if s.cost > maxCost {
				return errTooLarge
			}

			if err := s.value(kind, depth+1); err != nil {
				return err
			}
		}
	}

	return nil
}

func (s *scan) varint() (uint64, error) {
	value, size := binary.Uvarint(s.rest)
	switch {
	case size < 0:
		return 0, errInvalid
	case size == 0:
		return 0, io.ErrUnexpectedEOF
	}

	s.rest = s.rest[size:]

	return value, nil
}

func (s *scan) skip(size uint64) error {
	_, err := s.take(size)

	return err
}

func (s *scan) take(size uint64) ([]byte, error) {
	if size > uint64(len(s.rest)) {
		return nil, io.ErrUnexpectedEOF
	}

	taken := s.rest[:size]
	s.rest = s.rest[size:]

	return taken, nil
}
