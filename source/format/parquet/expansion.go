package parquet

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/snappy"
	"github.com/parquet-go/parquet-go/format"
)

var errExpands = fmt.Errorf("a page expands to more than %d MiB, the limit of a page", maxPage>>20)

// verifyExpansion verifies the size of a page after decompression. Its header states a size, but the library continues to
// decompress beyond it.
func verifyExpansion(page *io.SectionReader, codec format.CompressionCodec) error {
	// The largest ratios of formats, rounded up: blocks of this size or less cannot exceed the limit.
	const gzipRatio, lz4Ratio = 1100, 256

	switch codec {
	case format.Snappy:
		return verifySnappy(page)
	case format.Zstd:
		return verifyZstd(page)
	case format.Gzip:
		if page.Size()*gzipRatio <= maxPage {
			return nil
		}

		reader, err := gzip.NewReader(page)
		if err != nil {
			return err
		}

		return verifyStream(reader)
	case format.Brotli:
		return verifyStream(brotli.NewReader(page))
	case format.Lz4Raw:
		if page.Size()*lz4Ratio <= maxPage {
			return nil
		}

		return verifyLZ4(page)
	default: // Without compression, or unknown to the library.
		return nil
	}
}

// verifyStream verifies a page by decompressing it once.
func verifyStream(content io.Reader) error {
	size, err := io.Copy(io.Discard, io.LimitReader(content, maxPage+1))
	if size > maxPage {
		return errExpands
	}

	return err
}

// verifySnappy verifies the size at the beginning of a block.
func verifySnappy(page *io.SectionReader) error {
	const longest = 5 // The bytes of the size.

	beginning := make([]byte, min(longest, page.Size()))
	if err := readFull(page, beginning, 0); err != nil {
		return err
	}

	size, err := snappy.DecodedLen(beginning)
	if size > maxPage {
		return errExpands
	}

	return err
}

// verifyLZ4 adds the lengths of the literals and matches of a block
// (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md).
func verifyLZ4(page *io.SectionReader) error {
	const offset, smallest = 2, 4 // The bytes of an offset; the length of the shortest match.

	stored := make([]byte, page.Size())
	if err := readFull(page, stored, 0); err != nil {
		return err
	}

	content := bytes.NewReader(stored)

	for total := 0; content.Len() > 0; {
		token, err := content.ReadByte()
		if err != nil {
			return err
		}

		literals, err := lz4Length(content, int(token>>4))
		if err != nil {
			return err
		}

		if literals > content.Len() {
			return io.ErrUnexpectedEOF
		}

		if _, err := content.Seek(int64(literals), io.SeekCurrent); err != nil {
			return err
		}

		total += literals

		if content.Len() > 0 { // The last sequence has no match.
			if _, err := content.Seek(offset, io.SeekCurrent); err != nil {
				return err
			}

			match, err := lz4Length(content, int(token&0x0f))
			if err != nil {
				return err
			}

			total += match + smallest
		}

		if total > maxPage {
			return errExpands
		}
	}

	return nil
}

// lz4Length returns a length, whose first four bits are in the token.
func lz4Length(content io.ByteReader, length int) (int, error) {
	const more, continues = 15, 255

	if length < more {
		return length, nil
	}

	for {
		next, err := content.ReadByte()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}

		if err != nil {
			return 0, err
		}

		if length += int(next); next < continues {
			return length, nil
		}
	}
}
