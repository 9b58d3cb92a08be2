package parquet

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/jobwright/jobwright/source"
)

// The library trusts the sizes in a file: it takes the memory before it reads. A file of 20 bytes can state a footer of 4 GiB,
// and a page of a few bytes can expand to as much. The functions of this file verify sizes before the library sees them.

// Limits of a file.
const (
	maxFooter = source.MaxRecord
	maxHeader = source.MaxRecord // The header of a page, which contains its smallest and its largest value.

	// maxPage limits the bytes of a page, compressed or not. Pages usually have 1 MiB; the largest that DuckDB writes have
	// 100 MB.
	maxPage   = 128 << 20
	maxValues = 1 << 24 // The values of a page. Repeated values take almost no space.
)

const (
	magic        = "PAR1"
	trailerSize  = 8 // The size of the footer, and magic.
	headerWindow = 4 << 10
)

// verifyFooter verifies the sizes in the footer of a file. It leaves other mistakes to the library.
func verifyFooter(content io.ReaderAt, size int64) error {
	if size < int64(len(magic))+trailerSize {
		return io.ErrUnexpectedEOF
	}

	var trailer [trailerSize]byte
	if err := readFull(content, trailer[:], size-trailerSize); err != nil {
		return err
	}

	if string(trailer[4:]) != magic {
		return errors.New("it does not end with " + magic)
	}

	length := int64(binary.LittleEndian.Uint32(trailer[:]))
	if length > size-trailerSize {
		return io.ErrUnexpectedEOF
	}

	if length > maxFooter {
		return errTooLarge
	}

	footer := make([]byte, length)
	if err := readFull(content, footer, size-trailerSize-length); err != nil {
		return err
	}

	_, err := structureSize(footer)

	return err
}

// verifyGroup verifies the sizes of all pages of the row group with the number.
func verifyGroup(ctx context.Context, content io.ReaderAt, file *parquet.File, number int) error {
	groups := file.Metadata().RowGroups

	for i := range groups[number].Columns {
		chunk := &groups[number].Columns[i].MetaData
		// The library decompresses all chunks of a column as it does the first one.
		if i >= len(groups[0].Columns) || chunk.Codec != groups[0].Columns[i].MetaData.Codec {
			return errors.New("the row groups have different columns or compressions")
		}

		leaf, _ := file.Schema().Lookup(chunk.PathInSchema...)
		if err := verifyChunk(ctx, content, file.Size(), chunk, leaf); err != nil {
			return err
		}
	}

	return nil
}

// verifyChunk verifies the sizes of the pages of a column chunk.
func verifyChunk(
	ctx context.Context, content io.ReaderAt, size int64, chunk *format.ColumnMetaData, leaf parquet.LeafColumn,
) error {
	begin := chunk.DataPageOffset
	if chunk.DictionaryPageOffset != 0 {
		begin = chunk.DictionaryPageOffset
	}

	if begin < 0 || begin > size || chunk.TotalCompressedSize < 0 || chunk.TotalCompressedSize > size-begin {
		return errInvalid
	}

	for at, end := begin, begin+chunk.TotalCompressedSize; at < end; {
		if err := ctx.Err(); err != nil {
			return err
		}

		header, length, err := pageHeader(io.NewSectionReader(content, at, end-at))
		if err != nil {
			return err
		}

		at += length
		if int64(header.CompressedPageSize) > end-at {
			return io.ErrUnexpectedEOF
		}

		if err := verifyPage(content, at, header, chunk.Codec); err != nil {
			return err
		}

		if v2 := header.DataPageHeaderV2; v2.Valid {
			if err := verifyNulls(content, at, v2.V, leaf); err != nil {
				return err
			}
		}

		at += int64(header.CompressedPageSize)
	}

	return nil
}

// pageHeader decodes the header at the beginning of content, and returns its size.
func pageHeader(content *io.SectionReader) (header format.PageHeader, length int64, err error) {
	for window := int64(headerWindow); ; window *= 4 {
		buffer := make([]byte, min(window, content.Size()))
		if err := readFull(content, buffer, 0); err != nil {
			return header, 0, err
		}

		size, err := structureSize(buffer)
		if errors.Is(err, io.ErrUnexpectedEOF) && window < content.Size() && window < maxHeader {
			continue
		}

		if err != nil {
			return header, 0, err
		}

		return header, int64(size), thrift.Unmarshal(new(thrift.CompactProtocol), buffer[:size], &header)
	}
}

// verifyPage verifies the sizes that a page's header states, and the size of its content after decompression.
func verifyPage(content io.ReaderAt, at int64, header format.PageHeader, codec format.CompressionCodec) error {
	values := max(header.DataPageHeader.V.NumValues, header.DictionaryPageHeader.V.NumValues,
		header.DataPageHeaderV2.V.NumValues, header.DataPageHeaderV2.V.NumRows)

	switch {
	case header.CompressedPageSize < 0, header.UncompressedPageSize < 0:
		return errInvalid
	case header.CompressedPageSize > maxPage, header.UncompressedPageSize > maxPage:
		return fmt.Errorf("a page has more than %d MiB, the limit of a page", maxPage>>20)
	case values > maxValues:
		return fmt.Errorf("a page has more than %d values, the limit of a page", maxValues)
	}

	compressed := int64(header.CompressedPageSize)

	if v2 := header.DataPageHeaderV2; v2.Valid {
		levels := int64(v2.V.RepetitionLevelsByteLength) + int64(v2.V.DefinitionLevelsByteLength)
		if min(v2.V.RepetitionLevelsByteLength, v2.V.DefinitionLevelsByteLength) < 0 || levels > compressed {
			return errInvalid
		}

		if v2.V.IsCompressed.Valid && !v2.V.IsCompressed.V {
			return nil
		}

		at, compressed = at+levels, compressed-levels
	}

	return verifyExpansion(io.NewSectionReader(content, at, compressed), codec)
}

func readFull(content io.ReaderAt, buffer []byte, at int64) error {
	if n, err := content.ReadAt(buffer, at); n < len(buffer) {
		return err
	}

	return nil
}
