package parquet //nolint:testpackage // countLevels is not exported.

import (
	"bytes"
	"io"
	"math/bits"
	"testing"

	library "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/source"
)

// The library's encoder is the reference.
func TestCountLevelsCountsTheGreatestOnes(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		greatest := rapid.IntRange(1, 5).Draw(t, "greatest")
		levels := []byte{}

		for range rapid.IntRange(0, 10).Draw(t, "runs") {
			if rapid.Bool().Draw(t, "same") {
				level := rapid.IntRange(0, greatest).Draw(t, "level")
				levels = append(levels, bytes.Repeat([]byte{byte(level)}, rapid.IntRange(1, 40).Draw(t, "length"))...)
			} else {
				levels = append(levels, rapid.SliceOfN(rapid.ByteRange(0, byte(greatest)), 1, 40).Draw(t, "levels")...)
			}
		}

		encoded, err := (&rle.Encoding{BitWidth: bits.Len(uint(greatest))}).EncodeLevels(nil, levels)
		require.NoError(t, err)

		count, err := countLevels(encoded, greatest, uint64(len(levels)))
		require.NoError(t, err)
		require.EqualValues(t, bytes.Count(levels, []byte{byte(greatest)}), count)

		cut := encoded[:rapid.IntRange(0, len(encoded)).Draw(t, "cut")]
		if _, err := countLevels(cut, greatest, uint64(len(levels))); err != nil {
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		}
	})
}

func TestNextRefusesAWrongNumberOfNulls(t *testing.T) {
	t.Parallel()

	schema := library.NewSchema("table", library.Group{"c": library.Optional(library.Timestamp(library.Microsecond))})

	var content bytes.Buffer

	writer := library.NewWriter(&content, schema, library.DataPageVersion(2))
	_, err := writer.WriteRows([]library.Row{
		{library.Value{}.Level(0, 0, 0)}, {library.Value{}.Level(0, 0, 0)}, {library.Int64Value(1).Level(0, 1, 0)},
	})
	require.NoError(t, err)
	require.NoError(t, writer.Close())

	for name, damaged := range map[string]struct {
		nulls byte
		err   error
	}{"true": {2, io.EOF}, "too small": {1, errNulls}, "too large": {3, errNulls}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			// In Thrift's compact protocol: fields of three values, of NULLs and of three rows, each a zigzag varint.
			before, after := []byte{0x15, 6, 0x15, 4, 0x15, 6}, []byte{0x15, 6, 0x15, 2 * damaged.nulls, 0x15, 6}
			require.Equal(t, 1, bytes.Count(content.Bytes(), before))

			file := bytes.Replace(content.Bytes(), before, after, 1)

			for _, inBatches := range []bool{false, true} {
				rows, err := NewReader(bytes.NewReader(file), int64(len(file)), source.Read{})
				require.NoError(t, err)

				batches := rows.Batches()
				if !inBatches {
					batches = source.InBatches(rows)
				}

				for err == nil {
					_, err = batches.NextBatch(t.Context())
				}

				require.ErrorContains(t, err, damaged.err.Error())
				require.NoError(t, rows.Close())
			}
		})
	}
}
