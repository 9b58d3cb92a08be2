package json_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/json"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// formats are the formats that the benchmarks compare.
var formats = []source.Format{{Type: "json"}, {Type: json.TypeNDJSON}}

func BenchmarkRead(b *testing.B) {
	schema, records := sourcetest.Orders(20_000)

	for _, f := range formats {
		b.Run(f.Type, func(b *testing.B) {
			var content bytes.Buffer
			write(b, &content, f, schema, records)
			b.SetBytes(int64(content.Len()))
			b.ReportAllocs()

			for b.Loop() {
				rows, err := json.NewReader(bytes.NewReader(content.Bytes()), source.Read{Format: f})
				for err == nil {
					_, err = rows.Next(b.Context())
				}

				require.ErrorIs(b, err, io.EOF)
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	schema, records := sourcetest.Orders(20_000)

	for _, f := range formats {
		b.Run(f.Type, func(b *testing.B) {
			var content bytes.Buffer
			write(b, &content, f, schema, records)
			b.SetBytes(int64(content.Len()))
			b.ReportAllocs()

			for b.Loop() {
				write(b, io.Discard, f, schema, records)
			}
		})
	}
}

// BenchmarkReadBatches reads NDJSON in batches.
func BenchmarkReadBatches(b *testing.B) {
	schema, records := sourcetest.Orders(100_000)

	var content bytes.Buffer
	write(b, &content, formats[1], schema, records)
	b.SetBytes(int64(content.Len()))
	b.ReportAllocs()

	for b.Loop() {
		rows, err := json.NewReader(bytes.NewReader(content.Bytes()), source.Read{Format: formats[1]})
		require.NoError(b, err)

		batches := rows.Batches()

		var batch *source.Batch
		for batch, err = batches.NextBatch(b.Context()); err == nil; batch, err = batches.NextBatch(b.Context()) {
			batch.Release()
		}

		require.ErrorIs(b, err, io.EOF)
	}
}
