package parquet

import (
	"encoding/binary"
	"errors"
	"io"
	"math/bits"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

var errNulls = errors.New("the header of a page states another number of NULLs than the page has")

// verifyNulls verifies the number of NULLs that the header of a data page of version 2 states. No checksum includes the header,
// and the library relies on the number: it would return other values as NULL, or what is in memory behind the values.
// The page is at that offset in content.
func verifyNulls(content io.ReaderAt, at int64, header format.DataPageHeaderV2, leaf parquet.LeafColumn) error {
	if leaf.MaxDefinitionLevel == 0 || leaf.MaxRepetitionLevel > 0 || header.DefinitionLevelsByteLength <= 0 {
		return nil
	}

	levels := make([]byte, header.DefinitionLevelsByteLength)
	if err := readFull(content, levels, at+int64(header.RepetitionLevelsByteLength)); err != nil {
		return err
	}

	present, err := countLevels(levels, leaf.MaxDefinitionLevel, uint64(max(header.NumValues, 0)))
	if err == nil && present != uint64(max(header.NumValues-header.NumNulls, 0)) {
		return errNulls
	}

	return err
}

// countLevels returns how many of the first levels have a value, which is the greatest one. The levels are encoded as runs of
// the same level and of packed ones
// (https://github.com/apache/parquet-format/blob/master/Encodings.md#run-length-encoding--bit-packing-hybrid-rle--3).
func countLevels(encoded []byte, value int, first uint64) (count uint64, err error) {
	const group = 8 // Levels that are packed together.

	width := uint64(bits.Len(uint(value))) //nolint:gosec // No level is negative.

	for first > 0 {
		header, size := binary.Uvarint(encoded)
		if size <= 0 {
			return 0, io.ErrUnexpectedEOF
		}

		encoded = encoded[size:]
		run, isPacked := header>>1, header&1 == 1

		length := uint64(1)
		if isPacked {
			if run > uint64(len(encoded)) { // So that the multiplication can't overflow.
				return 0, io.ErrUnexpectedEOF
			}

			length = run * width
			run *= group
		}

		if length > uint64(len(encoded)) {
			return 0, io.ErrUnexpectedEOF
		}

		run = min(run, first)

		switch {
		case isPacked:
			count += countPacked(encoded, width, run, value)
		case int(encoded[0]) == value:
			count += run
		}

		encoded, first = encoded[length:], first-run
	}

	return count, nil
}

// countPacked returns how many of the first levels, each of which has that number of bits, have a value.
func countPacked(packed []byte, width, first uint64, value int) (count uint64) {
	const inByte = 8 // Bits.

	begin := uint64(0)

	if width == 1 { // Most columns: the bits that are set.
		for begin = 0; begin+inByte <= first; begin += inByte {
			count += uint64(bits.OnesCount8(packed[begin/inByte])) //nolint:gosec // At most 8.
		}
	}

	for i := begin; i < first; i++ {
		level := 0

		for bit := range width {
			at := i*width + bit
			level |= int(packed[at/inByte]>>(at%inByte)&1) << bit
		}

		if level == value {
			count++
		}
	}

	return count
}
