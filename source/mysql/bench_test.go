package mysql_test

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/mysql"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// benchRecords is the number of records that a benchmark writes or reads in an iteration.
const benchRecords = 200_000

// generated returns equal records of ten columns with increasing numbers.
type generated struct {
	columns source.Schema
	record  source.Record
	left    int
}

func newGenerated() *generated {
	m := &generated{left: benchRecords}

	for i, sample := range []struct {
		of    source.Standard
		value any
	}{
		{of(source.Integer), int64(0)},
		{of(source.Text), "Nestlé S.A."},
		{of(source.Text), "Avenue Nestlé 55, 1800 Vevey"},
		{source.Standard{Type: source.Decimal, Precision: 12, Scale: 2}, source.Number("1234567.89")},
		{of(source.Float), 0.123},
		{of(source.Boolean), true},
		{of(source.Date), time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)},
		{of(source.Datetime), time.Date(2024, 2, 29, 23, 59, 58, 123456000, time.UTC)},
		{of(source.Text), nil},
		{of(source.Integer), int64(1) << 40},
	} {
		m.columns = append(m.columns, sourcetest.Column(fmt.Sprintf("c%d", i), sample.of))
		m.record = append(m.record, sample.value)
	}

	return m
}

func (m *generated) Schema() source.Schema { return m.columns }

func (m *generated) Next(context.Context) (source.Record, error) {
	if m.left == 0 {
		return nil, io.EOF
	}

	m.left--
	m.record[0] = int64(m.left)

	return m.record, nil
}

func (m *generated) Close() error { return nil }

func openBenchmark(b *testing.B, settings ...string) *mysql.Source {
	b.Helper()

	server := testserver.NewMariaDB(b, testserver.MariaDBOptions{Durable: true, Settings: settings})

	opened, err := mysql.Open(b.Context(), source.Definition{
		Name: "stage", Options: map[string]any{"connStr": server.NewDatabase(b)},
	}, source.Place{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, opened.Close()) })

	return opened.(*mysql.Source)
}

// BenchmarkWrite writes 200,000 records of ten columns with LOAD DATA and with INSERT.
func BenchmarkWrite(b *testing.B) {
	for name, settings := range map[string][]string{"load": nil, "insert": {"local-infile=OFF"}} {
		b.Run(name, func(b *testing.B) {
			stage := openBenchmark(b, settings...)

			for b.Loop() {
				_, err := stage.WriteTable(b.Context(), to("t", source.Replace), newGenerated())
				require.NoError(b, err)
			}

			b.ReportMetric(float64(benchRecords*b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkRead reads 200,000 records of ten columns.
func BenchmarkRead(b *testing.B) {
	stage := openBenchmark(b)

	_, err := stage.WriteTable(b.Context(), to("t", source.Replace), newGenerated())
	require.NoError(b, err)

	for b.Loop() {
		rows, err := stage.ReadTable(b.Context(), source.Read{Table: source.Table{Name: "t"}})
		for err == nil {
			_, err = rows.Next(b.Context())
		}

		require.ErrorIs(b, err, io.EOF)
	}

	b.ReportMetric(float64(benchRecords*b.N)/b.Elapsed().Seconds(), "records/s")
}
