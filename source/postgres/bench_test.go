package postgres_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/postgres"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// million is the number of records of a benchmark.
const million = 1_000_000

// orders is the schema of a table with ten columns of common types.
var orders = source.Schema{
	column("id", source.Integer), column("customer", source.Integer), column("name", source.Text), column("city", source.Text),
	sourcetest.Column("amount", source.Standard{Type: source.Decimal, Precision: 12, Scale: 2}), column("rate", source.Float),
	column("active", source.Boolean), column("born", source.Date), column("changed", source.Datetime), column("note", source.Text),
}

const createOrders = `(id bigint, customer bigint, name text, city text, amount numeric(12,2), rate double precision,
	active boolean, born date, changed timestamp, note text)`

// generated are a million orders. They repeat the same thousand records, so that generating them costs nearly nothing.
type generated struct {
	records []source.Record
	next    int
}

func newGenerated() *generated {
	g := &generated{}

	for i := range 1000 {
		record := source.Record{
			int64(i) * 1_000_003, int64(i), fmt.Sprintf("name number %d", i), fmt.Sprintf("city %d", i%100),
			source.Number(fmt.Sprintf("%d.%02d", i*7, i%100)), float64(i) * 1.37, i%2 == 0,
			time.Unix(int64(i)*86400, 0).UTC(), time.Unix(int64(i)*1001, 123_456_000).UTC(), "a note of some length, with commas",
		}
		if i%10 == 0 {
			record[9] = nil
		}

		g.records = append(g.records, record)
	}

	return g
}

func (g *generated) Schema() source.Schema { return orders }

func (g *generated) Next(context.Context) (source.Record, error) {
	if g.next == million {
		return nil, io.EOF
	}

	g.next++

	return g.records[g.next%len(g.records)], nil
}

func (g *generated) Close() error { return nil }

// writeCSV writes the generated orders to a file.
func writeCSV(b *testing.B, path string) {
	b.Helper()

	file, err := os.Create(path)
	require.NoError(b, err)

	writer := csv.NewWriter(file)
	rows := newGenerated()
	fields := make([]string, len(orders))

	for {
		record, err := rows.Next(b.Context())
		if err != nil {
			break
		}

		for i, value := range record {
			fields[i] = ""

			if value != nil {
				text, err := source.AppendText(nil, orders[i].Standard, value)
				require.NoError(b, err)

				fields[i] = string(text)
			}
		}

		require.NoError(b, writer.Write(fields))
	}

	writer.Flush()
	require.NoError(b, writer.Error())
	require.NoError(b, file.Close())
}

// bench is a server with default settings and two databases.
type bench struct {
	*testserver.PostgreSQLServer

	url   string
	there string // The second database, the target of copies.
	stage *postgres.Source
	conn  *pgx.Conn
}

func newBench(b *testing.B) *bench {
	b.Helper()

	server := testserver.NewPostgreSQL(b, testserver.PostgreSQLOptions{Durable: true})
	address := server.NewDatabase(b)

	return &bench{server, address, server.NewDatabase(b), open(b, address), connect(b, address)}
}

func (x *bench) run(b *testing.B, statements string) {
	b.Helper()

	_, err := x.conn.Exec(b.Context(), statements)
	require.NoError(b, err)
}

// shell runs a command line, in which psql is that of the server, and $HERE and $THERE are the databases.
func (x *bench) shell(b *testing.B, line string) {
	b.Helper()

	line = strings.ReplaceAll(line, "psql", x.Program("psql")+" --no-psqlrc --quiet --set=ON_ERROR_STOP=1")

	command := exec.Command("sh", "-c", line)
	command.Env = append(os.Environ(), "HERE="+x.url, "THERE="+x.there)

	output, err := command.CombinedOutput()
	require.NoError(b, err, string(output))
}

// compare runs two implementations in turn, so that other load on the machine affects both, and reports the speed of the
// first in relation to the second.
func (x *bench) compare(b *testing.B, ours, theirs func()) {
	b.Helper()

	var our, their time.Duration

	for b.Loop() {
		x.run(b, "CHECKPOINT")

		our += timed(ours)

		x.run(b, "CHECKPOINT")

		their += timed(theirs)
	}

	b.ReportMetric(float64(b.N)*million/our.Seconds(), "records/s")
	b.ReportMetric(float64(b.N)*million/their.Seconds(), "psql-records/s")
	b.ReportMetric(their.Seconds()/our.Seconds(), "ratio")
}

func timed(do func()) time.Duration {
	begin := time.Now()

	do()

	return time.Since(begin)
}

func (x *bench) write(b *testing.B, mode source.Mode) {
	b.Helper()

	written, err := x.stage.WriteTable(b.Context(), source.Write{Table: table("orders"), Mode: mode, Key: []string{"id"}}, newGenerated())
	require.NoError(b, err)
	require.EqualValues(b, million, written.Rows)
}

// BenchmarkReplace compares WriteTable with \copy of psql from a CSV file into a new table.
func BenchmarkReplace(b *testing.B) {
	x := newBench(b)
	path := filepath.Join(b.TempDir(), "orders.csv")
	writeCSV(b, path)

	x.compare(b, func() { x.write(b, source.Replace) }, func() {
		x.shell(b, `psql $HERE -c 'DROP TABLE IF EXISTS theirs' -c 'CREATE TABLE theirs `+createOrders+`' -c "\copy theirs FROM '`+path+`' CSV"`)
	})
}

// BenchmarkAppend compares WriteTable with \copy of psql from a CSV file into an existing table.
func BenchmarkAppend(b *testing.B) {
	x := newBench(b)
	path := filepath.Join(b.TempDir(), "orders.csv")
	writeCSV(b, path)

	x.compare(b, func() {
		x.run(b, "DROP TABLE IF EXISTS orders; CREATE TABLE orders "+createOrders)
		x.write(b, source.Append)
	}, func() {
		x.shell(b, `psql $HERE -c 'DROP TABLE IF EXISTS theirs' -c 'CREATE TABLE theirs `+createOrders+`' -c "\copy theirs FROM '`+path+`' CSV"`)
	})
}

// BenchmarkRead compares ReadTable with COPY TO of psql.
func BenchmarkRead(b *testing.B) {
	x := newBench(b)
	x.write(b, source.Replace)
	b.ReportAllocs()

	x.compare(b, func() {
		rows, err := x.stage.ReadTable(b.Context(), source.Read{Table: table("orders")})
		require.NoError(b, err)

		for err == nil {
			_, err = rows.Next(b.Context())
		}

		require.Equal(b, io.EOF, err)
	}, func() {
		x.shell(b, `psql $HERE -c "COPY orders TO STDOUT" > /dev/null`)
	})
}

// BenchmarkCopy compares CopyTable with a pipe between two psql.
func BenchmarkCopy(b *testing.B) {
	x := newBench(b)
	x.write(b, source.Replace)

	other := open(b, x.there)
	_, err := connect(b, x.there).Exec(b.Context(), "CREATE TABLE theirs "+createOrders)
	require.NoError(b, err)

	x.compare(b, func() {
		written, copied, err := other.CopyTable(b.Context(), x.stage, source.Read{Table: table("orders")},
			source.Write{Table: table("ours"), Mode: source.Replace}, nil)
		require.NoError(b, err)
		require.True(b, copied)
		require.EqualValues(b, million, written.Rows)
	}, func() {
		x.shell(b, `psql $HERE -c "COPY orders TO STDOUT" | psql $THERE -c "TRUNCATE theirs" -c "COPY theirs FROM STDIN"`)
	})
}

// BenchmarkRecord measures the cost of the ledger: writes of one record with and without an idempotency key.
func BenchmarkRecord(b *testing.B) {
	stage := open(b, testserver.NewPostgreSQL(b, testserver.PostgreSQLOptions{Durable: true}).NewDatabase(b))
	count := 0

	for name, recorded := range map[string]bool{"none": false, "recorded": true} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				write := source.Write{Table: table("t"), Mode: source.Append}
				count++

				if recorded {
					write.IdempotencyKey = idempotencyKey(fmt.Sprint(count))
				}

				_, err := stage.WriteTable(b.Context(), write, records(ids, source.Record{int64(1)}))
				require.NoError(b, err)
			}
		})
	}
}
