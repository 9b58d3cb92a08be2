package parquet

import (
	"io"

	"github.com/klauspost/compress/zstd"
)

// verifyZstd adds the largest sizes that the blocks of all frames can have
// (https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.2).
func verifyZstd(page *io.SectionReader) error {
	content := make([]byte, page.Size())
	if err := readFull(page, content, 0); err != nil {
		return err
	}

	for frames := (zstdFrames{rest: content}); len(frames.rest) > 0; {
		if err := frames.next(); err != nil {
			return err
		}
	}

	return nil
}

// zstdFrames goes through frames without decompressing them.
type zstdFrames struct {
	rest []byte
	size int // The largest size of the blocks before rest, after decompression.
}

// next skips a frame.
func (z *zstdFrames) next() error {
	const headerSize, checksum = 18, 4 // The most bytes of a header; those of a checksum.

	var header zstd.Header
	if err := header.Decode(z.rest[:min(headerSize, len(z.rest))]); err != nil {
		return err
	}

	if header.HasFCS && header.FrameContentSize > maxPage {
		return errExpands
	}

	if err := z.skip(header.HeaderSize); err != nil {
		return err
	}

	if header.Skippable {
		return z.skip(int(header.SkippableSize))
	}

	for last := false; !last; {
		var err error
		if last, err = z.block(); err != nil {
			return err
		}
	}

	if header.HasCheckSum {
		return z.skip(checksum)
	}

	return nil
}

// block skips a block, and reports whether it is the last one of its frame.
func (z *zstdFrames) block() (last bool, err error) {
	const (
		headerSize, maxSize = 3, 128 << 10
		raw, rle            = 0, 1 // Types of blocks: bytes as they are, and one byte that is repeated.
	)

	header := z.rest
	if err := z.skip(headerSize); err != nil {
		return false, err
	}

	fields := int(header[0]) | int(header[1])<<8 | int(header[2])<<16
	stored, expanded := fields>>3, fields>>3

	switch fields >> 1 & 3 {
	case raw:
	case rle:
		stored = 1
	default:
		expanded = maxSize
	}

	if z.size += expanded; z.size > maxPage {
		return false, errExpands
	}

	return fields&1 == 1, z.skip(stored)
}

// skip skips a number of bytes.
func (z *zstdFrames) skip(size int) error {
	if size > len(z.rest) {
		return io.ErrUnexpectedEOF
	}

	z.rest = z.rest[size:]

	return nil
}
