package json_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/json"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// orders returns a table with typical columns.
func orders(records int) (source.Schema, []source.Record) {
	schema := source.Schema{
		sourcetest.Column("id", source.Standard{Type: source.Integer}),
		sourcetest.Column("customer", source.Standard{Type: source.Text}),
		sourcetest.Column("city", source.Standard{Type: source.Text}),
		sourcetest.Column("price", source.Standard{Type: source.Decimal}),
		sourcetest.Column("paid", source.Standard{Type: source.Boolean}),
		sourcetest.Column("placed", source.Standard{Type: source.Timestamp}),
		sourcetest.Column("note", source.Standard{Type: source.Text}),
	}

	var all []source.Record

	for i := range records {
		all = append(all, source.Record{
			int64(i), fmt.Sprintf("customer %d", i%997), []any{"Köln", "Paris", "Rome"}[i%3],
			source.Number(fmt.Sprintf("%d.%02d", i%1_000, i%100)), i%2 == 0,
			time.Date(2024, 2, 29, 12, 30, i%60, 0, time.UTC), nil,
		})
	}

	return schema, all
}

// formats are the formats that the benchmarks compare.
var formats = []source.Format{{Type: "json"}, {Type: json.TypeNDJSON}}

func BenchmarkRead(b *testing.B) {
	schema, records := orders(20_000)

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
	schema, records := orders(20_000)

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
	schema, records := orders(100_000)

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
