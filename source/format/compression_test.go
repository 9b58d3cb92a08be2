package format_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// many returns more records than a CSV reader buffers.
func many() (records []source.Record) {
	for i := range 20_000 {
		records = append(records, source.Record{fmt.Sprint(i * 7919), fmt.Sprint(i * 104_729)})
	}

	return records
}

func TestReadReportsBrokenCompression(t *testing.T) {
	t.Parallel()

	for _, how := range []string{"gzip", "zstd"} {
		f := source.Format{Compression: how}
		content := write(t, "orders.csv", f, texts("a", "b"), many()...)

		changed := bytes.Clone(content)
		changed[len(changed)-1] ^= 0xff // Of the checksum: the records look as if they were right.

		for name, content := range map[string][]byte{
			"another file":           []byte("a,b\n1,2\n"),
			"cut off":                content[:len(content)/2],
			"cut off at its end":     content[:len(content)-1],
			"cut off at its begin":   content[:3],
			"empty":                  nil,
			"changed":                changed,
			"followed by other text": append(bytes.Clone(content), "other text"...),
		} {
			t.Run(how+" "+name, func(t *testing.T) {
				t.Parallel()

				_, records, err := read(t, content, "orders.csv", options(f))
				require.ErrorContains(t, err, "the "+how+" compression is broken: ")
				requireProblem(t, err, source.CodeRecordInvalid, messageOf(t, err))
				require.LessOrEqual(t, len(records), 20_000)
			})
		}
	}
}

// messageOf returns the message of a [source.Error].
func messageOf(t *testing.T, err error) string {
	t.Helper()

	var problem *source.Error
	require.ErrorAs(t, err, &problem)

	return problem.Message
}

func TestReadRefusesCompressedTextWithAnotherName(t *testing.T) {
	t.Parallel()

	for _, how := range []string{"gzip", "zstd", "zip"} {
		content := write(t, "orders.csv", source.Format{Compression: how}, texts("a"), source.Record{"1"})

		for _, name := range []string{"orders.csv", "orders.json", "orders.ndjson"} {
			_, _, err := read(t, content, name, options(source.Format{}))
			requireProblem(t, err, source.CodeRecordInvalid, "the file is compressed with "+how+", but its name does not say so")
		}
	}

	_, records, err := read(t, []byte("PK\x03\x04\n1\n"), "orders.csv", options(source.Format{Compression: "none"}))
	require.NoError(t, err, "it only looks like a zip file")
	require.Equal(t, []source.Record{{"1"}}, records)
}

func TestReadConcatenatedGzipFiles(t *testing.T) {
	t.Parallel()

	for _, how := range []string{"gzip", "zstd"} {
		content := append(
			write(t, "orders.csv", source.Format{Compression: how}, texts("a"), source.Record{"1"}),
			write(t, "orders.csv", source.Format{Compression: how, Header: new(bool)}, texts("a"), source.Record{"2"})...)

		_, records, err := read(t, content, "orders.csv", options(source.Format{Compression: how}))
		require.NoError(t, err)
		require.Equal(t, []source.Record{{"1"}, {"2"}}, records)
	}
}

func TestReadStreamsAHighlyCompressedFile(t *testing.T) {
	t.Parallel()

	record := source.Record{strings.Repeat("x", 1<<20)}
	records := make([]source.Record, 200)

	for i := range records {
		records[i] = record
	}

	content := write(t, "orders.csv.zst", source.Format{}, texts("a"), records...)
	require.Less(t, len(content), 1<<20)

	_, read, err := read(t, content, "orders.csv.zst", options(source.Format{}))
	require.NoError(t, err)
	require.Len(t, read, 200)
}
