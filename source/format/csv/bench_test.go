package csv_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/csv"
)

// orders returns a typical file of a few megabytes, whose fields are formatted by field.
func orders(field string) []byte {
	var file bytes.Buffer

	file.WriteString("id,customer,amount,day,currency,paid,street,number,city,state\n")

	format := fmt.Sprintf(field+","+field+","+field+","+field+","+field+","+field+","+field+","+field+","+field+","+field+"\n",
		"%d", "customer name %d", "%d.00", "2024-05-01", "NOK", "true", "some street %d", "%d", "Oslo", "active")

	for i := range 100_000 {
		fmt.Fprintf(&file, format, i, i*7, i%1000, i%997, i%10_000)
	}

	return file.Bytes()
}

// BenchmarkRead reads fields without quotes, quoted fields, and long fields.
func BenchmarkRead(b *testing.B) {
	line := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 10)

	for _, test := range []struct {
		name string
		file []byte
	}{
		{"plain", orders("%s")},
		{"quoted", orders(`"%s"`)},
		{"long", []byte("text,more\n" + strings.Repeat(line+","+line[1:]+"\n", 10_000))},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.SetBytes(int64(len(test.file)))
			b.ReportAllocs()

			for b.Loop() {
				rows, err := csv.NewReader(bytes.NewReader(test.file), source.Read{})
				require.NoError(b, err)

				for err == nil {
					_, err = rows.Next(b.Context())
				}

				require.ErrorIs(b, err, io.EOF)
			}
		})
	}
}

// BenchmarkWrite writes what BenchmarkRead reads.
func BenchmarkWrite(b *testing.B) {
	file := orders("%s")

	rows, err := csv.NewReader(bytes.NewReader(file), source.Read{})
	require.NoError(b, err)

	record, err := rows.Next(b.Context())
	require.NoError(b, err)

	b.SetBytes(int64(len(file)))
	b.ReportAllocs()

	for b.Loop() {
		writer, err := csv.NewWriter(io.Discard, source.Format{}, rows.Schema())
		require.NoError(b, err)

		for written := 0; written < len(file); written += 86 { // About as long is a record.
			if err := writer.Append(record); err != nil {
				require.NoError(b, err)
			}
		}

		require.NoError(b, writer.Close())
	}
}

// BenchmarkReadTyped reads five short columns of different types, record by record and in batches.
func BenchmarkReadTyped(b *testing.B) {
	var file bytes.Buffer

	file.WriteString("id,region,quantity,price,day\n")

	for i := range 200_000 {
		fmt.Fprintf(&file, "%d,R%d,%d,%d.%02d,2026-%02d-%02d\n", i, i%97, i*7%1000, i*31%1000, i%100, 1+i%12, 1+i%28)
	}

	read := source.Read{Types: map[string]source.Standard{
		"id": {Type: source.Integer}, "quantity": {Type: source.Integer}, "price": {Type: source.Float}, "day": {Type: source.Date},
	}}

	b.Run("records", func(b *testing.B) {
		b.SetBytes(int64(file.Len()))
		b.ReportAllocs()

		for b.Loop() {
			rows, err := csv.NewReader(bytes.NewReader(file.Bytes()), read)
			require.NoError(b, err)

			for err == nil {
				_, err = rows.Next(b.Context())
			}

			require.ErrorIs(b, err, io.EOF)
		}
	})

	b.Run("batches", func(b *testing.B) {
		b.SetBytes(int64(file.Len()))
		b.ReportAllocs()

		for b.Loop() {
			rows, err := csv.NewReader(bytes.NewReader(file.Bytes()), read)
			require.NoError(b, err)

			batches := rows.Batches()

			var batch *source.Batch
			for batch, err = batches.NextBatch(b.Context()); err == nil; batch, err = batches.NextBatch(b.Context()) {
				batch.Release()
			}

			require.ErrorIs(b, err, io.EOF)
		}
	})
}
