package parquet_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	library "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/parquet"
)

//nolint:paralleltest // It measures memory.
func TestNewReaderTakesNoMemoryForStatedSizes(t *testing.T) {
	footers := map[string][]byte{
		"a footer of 4 GiB":               append([]byte("PAR1"), binary.LittleEndian.AppendUint32(nil, 0xffff_fff0)...),
		"a list of 2,000,000,000 entries": footer("\x29\xfc", binary.AppendUvarint(nil, 2_000_000_000)),
		"a text of 2,000,000,000 bytes":   footer("\x68", binary.AppendUvarint(nil, 2_000_000_000)),
		"3,000,000 structures":            footer("\x49\xfc", binary.AppendUvarint(nil, 3_000_000), make([]byte, 3_000_000)),
		"100,000 nested structures":       footer(strings.Repeat("\x1c", 100_000)),
	}

	for name, content := range footers {
		t.Run(name, func(t *testing.T) {
			content = append(content, "PAR1"...)

			requireLittleMemory(t, func() {
				_, err := parquet.NewReader(bytes.NewReader(content), int64(len(content)), source.Read{})
				requireInvalid(t, err)
			})
		})
	}
}

// footer returns the beginning of a file up to the size of its footer.
func footer(parts ...any) []byte {
	var metadata []byte
	for _, part := range parts {
		metadata = append(metadata, fmt.Sprintf("%s", part)...)
	}

	return binary.LittleEndian.AppendUint32(append([]byte("PAR1"), metadata...), uint32(len(metadata)))
}

//nolint:paralleltest // It measures memory.
func TestNextTakesNoMemoryForStatedSizesOfPages(t *testing.T) {
	valid := format.PageHeader{
		Type: format.DataPage, UncompressedPageSize: 4, CompressedPageSize: 4,
		DataPageHeader: thrift.Null[format.DataPageHeader]{Valid: true, V: format.DataPageHeader{NumValues: 1}},
	}

	for name, change := range map[string]func(*format.PageHeader){
		"2 GiB after decompression": func(h *format.PageHeader) { h.UncompressedPageSize = 1<<31 - 1 },
		"2 GiB compressed":          func(h *format.PageHeader) { h.CompressedPageSize = 1<<31 - 1 },
		"a negative size":           func(h *format.PageHeader) { h.UncompressedPageSize = -1 },
		"2,000,000,000 values":      func(h *format.PageHeader) { h.DataPageHeader.V.NumValues = 2_000_000_000 },
	} {
		t.Run(name, func(t *testing.T) {
			header := valid
			change(&header)

			encoded, err := thrift.Marshal(new(thrift.CompactProtocol), header)
			require.NoError(t, err)

			requirePageRefused(t, format.Snappy, append(encoded, 4, 12, 'a', 'a'))
		})
	}
}

//nolint:paralleltest // It measures memory.
func TestNextRefusesPagesThatExpand(t *testing.T) {
	const size = 200 << 20

	pages := map[format.CompressionCodec][]byte{
		format.Gzip: compressed(t, size, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }),
		format.Zstd: compressed(t, size, func(w io.Writer) io.WriteCloser {
			writer, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
			require.NoError(t, err)

			return writer
		}),
		format.Brotli: compressed(t, size, func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, 1) }),
		format.Snappy: binary.AppendUvarint(nil, size),
		// A literal, and matches of 255 bytes for each byte.
		format.Lz4Raw: append([]byte{0x1f, 'a', 1, 0}, append(bytes.Repeat([]byte{255}, size/255), 0)...),
	}

	for codec, content := range pages {
		t.Run(codec.String(), func(t *testing.T) {
			header, err := thrift.Marshal(new(thrift.CompactProtocol), format.PageHeader{
				Type: format.DataPage, UncompressedPageSize: 10, CompressedPageSize: int32(len(content)),
				DataPageHeader: thrift.Null[format.DataPageHeader]{Valid: true, V: format.DataPageHeader{NumValues: 1}},
			})
			require.NoError(t, err)

			requirePageRefused(t, codec, append(header, content...))
		})
	}
}

func compressed(t *testing.T, size int, compressor func(io.Writer) io.WriteCloser) []byte {
	t.Helper()

	var content bytes.Buffer

	writer := compressor(&content)
	zeros := make([]byte, 1<<20)

	for range size / len(zeros) {
		_, err := writer.Write(zeros)
		require.NoError(t, err)
	}

	require.NoError(t, writer.Close())

	return content.Bytes()
}

// requirePageRefused verifies that a file with one column, whose only page is given, is refused.
func requirePageRefused(t *testing.T, codec format.CompressionCodec, page []byte) {
	t.Helper()

	metadata, err := thrift.Marshal(new(thrift.CompactProtocol), format.FileMetaData{
		Version: 1,
		NumRows: 1,
		Schema: thrift.Slice[format.SchemaElement]{
			{Name: "root", NumChildren: thrift.Null[int32]{Valid: true, V: 1}},
			{
				Name: "v", Type: thrift.Null[format.Type]{Valid: true, V: format.Int32},
				RepetitionType: thrift.Null[format.FieldRepetitionType]{Valid: true, V: format.Required},
			},
		},
		RowGroups: thrift.Slice[format.RowGroup]{{
			NumRows: 1,
			Columns: thrift.Slice[format.ColumnChunk]{{MetaData: format.ColumnMetaData{
				Type: format.Int32, Codec: codec, NumValues: 1, DataPageOffset: 4, TotalCompressedSize: int64(len(page)),
				TotalUncompressedSize: int64(len(page)), PathInSchema: thrift.Slice[string]{"v"},
			}}},
		}},
	})
	require.NoError(t, err)

	content := append([]byte("PAR1"), page...)
	content = append(content, metadata...)
	content = append(binary.LittleEndian.AppendUint32(content, uint32(len(metadata))), "PAR1"...)

	requireLittleMemory(t, func() {
		rows, err := parquet.NewReader(bytes.NewReader(content), int64(len(content)), source.Read{})
		require.NoError(t, err)

		_, err = rows.Next(t.Context())
		requireInvalid(t, err)
		require.NoError(t, rows.Close())
	})
}

func requireInvalid(t *testing.T, err error) {
	t.Helper()

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, source.CodeRecordInvalid, problem.Code)
	require.False(t, problem.Retryable)
}

// requireLittleMemory verifies that the function allocates at most 32 MiB.
func requireLittleMemory(t *testing.T, run func()) {
	t.Helper()

	var before, after runtime.MemStats

	runtime.ReadMemStats(&before)
	run()
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(32<<20))
}

func TestNextReadsAllCompressionsAndPageVersions(t *testing.T) {
	t.Parallel()

	type row struct {
		ID   int64  `parquet:"id"`
		Text string `parquet:"text,dict"`
	}

	rows := make([]row, 50_000)
	for i := range rows {
		rows[i] = row{ID: int64(i), Text: fmt.Sprint("text ", i%100)}
	}

	for _, codec := range []compress.Codec{
		&library.Uncompressed, &library.Snappy, &library.Gzip, &library.Zstd, &library.Brotli, &library.Lz4Raw,
	} {
		for version := 1; version <= 2; version++ {
			t.Run(fmt.Sprint(codec, version), func(t *testing.T) {
				t.Parallel()

				var content bytes.Buffer

				writer := library.NewGenericWriter[row](&content, library.Compression(codec),
					library.DataPageVersion(version), library.MaxRowsPerRowGroup(20_000))
				_, err := writer.Write(rows)
				require.NoError(t, err)
				require.NoError(t, writer.Close())

				read, err := parquet.NewReader(bytes.NewReader(content.Bytes()), int64(content.Len()), source.Read{})
				require.NoError(t, err)

				for i := range rows {
					record, err := read.Next(t.Context())
					require.NoError(t, err)
					require.Equal(t, source.Record{rows[i].ID, rows[i].Text}, record)
				}

				_, err = read.Next(t.Context())
				require.Equal(t, io.EOF, err)
				require.NoError(t, read.Close())
			})
		}
	}
}
