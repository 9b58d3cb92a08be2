package xml_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/xml"
	"github.com/jobwright/jobwright/source/sourcetest"
)

func BenchmarkRead(b *testing.B) {
	schema, records := sourcetest.Orders(20_000)

	var content bytes.Buffer
	write(b, &content, "", schema, records)
	b.SetBytes(int64(content.Len()))
	b.ReportAllocs()

	for b.Loop() {
		rows, err := xml.NewReader(bytes.NewReader(content.Bytes()), source.Read{})
		for err == nil {
			_, err = rows.Next(b.Context())
		}

		require.ErrorIs(b, err, io.EOF)
	}
}

func BenchmarkWrite(b *testing.B) {
	schema, records := sourcetest.Orders(20_000)

	var content bytes.Buffer
	write(b, &content, "", schema, records)
	b.SetBytes(int64(content.Len()))
	b.ReportAllocs()

	for b.Loop() {
		write(b, io.Discard, "", schema, records)
	}
}
