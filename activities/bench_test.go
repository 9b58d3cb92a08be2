package activities_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

var rows = flag.Int("rows", 1_000_000, "records of the benchmarks' tables")

// orderTypes are the types of the ten columns of the benchmarks' table.
var orderTypes = map[string]source.Standard{
	"id": {Type: source.Integer}, "quantity": {Type: source.Integer}, "amount": {Type: source.Decimal, Precision: 12, Scale: 2},
	"rate": {Type: source.Float}, "paid": {Type: source.Boolean}, "ordered": {Type: source.Date},
	"changed": {Type: source.Timestamp},
}

const orderColumns = `id bigint, customer text, email text, quantity bigint, amount numeric(12,2), rate double precision,
	paid boolean, ordered date, changed timestamptz, note text`

// writeOrders writes a CSV file of a mix of types as an order has them, with NULL and quotes among them.
func writeOrders(b *testing.B, path string, records int) int64 {
	b.Helper()

	file, err := os.Create(path)
	require.NoError(b, err)

	var (
		out    = bufio.NewWriter(file)
		random = rand.New(rand.NewPCG(1, 2))
		began  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		words  = strings.Fields("north south east west blue green red large small \"quoted\" comma,ted ünïcode plain fast slow")
	)

	word := func() string { return words[random.IntN(len(words))] }

	fmt.Fprintln(out, "id,customer,email,quantity,amount,rate,paid,ordered,changed,note")

	for id := range records {
		moment := began.Add(time.Duration(random.Int64N(1e6)) * 31 * time.Second)

		note := ""
		if random.IntN(3) > 0 {
			note = `"` + strings.ReplaceAll(word()+" "+word()+" "+word(), `"`, `""`) + `"`
		}

		fmt.Fprintf(out, "%d,Customer %d,c%d@example.com,%d,%d.%02d,%.6f,%t,%s,%s,%s\n", id, random.IntN(50_000), random.IntN(50_000),
			random.IntN(100), random.IntN(100_000), random.IntN(100), random.Float64(), random.IntN(2) == 0,
			moment.Format(time.DateOnly), moment.Format(time.RFC3339), note)
	}

	require.NoError(b, out.Flush())

	info, err := file.Stat()
	require.NoError(b, err)
	require.NoError(b, file.Close())

	return info.Size()
}

// BenchmarkLoad loads a table of -rows records, and reports the speed as a share of that of the database's own program,
// which does the same in turn: the median and the range of three pairs. And how far the heap rose above rest meanwhile.
func BenchmarkLoad(b *testing.B) {
	server := testserver.NewPostgreSQL(b, testserver.PostgreSQLOptions{Durable: true})
	address := server.NewDatabase(b)
	b.Setenv("JOBWRIGHT_APP_7_DSN", address)

	psql := func(command string) {
		run(b, server.Program("psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-d", address, "-c", command)
	}

	bench := newBench(b)
	bench.write(b, "app.yaml", manifest+"  warehouse: {kind: PgSQLSource, connStr: \"${env:JOBWRIGHT_APP_7_DSN}\"}\n")

	file := filepath.Join(bench.apps, "7", "files", "orders.csv")
	size := writeOrders(b, file, *rows)

	load := func(params scenario.LoadTableFromSource) func() {
		return func() {
			outcome, err := bench.run(b, bench.LoadTableFromSource, params)
			require.NoError(b, err)
			require.EqualValues(b, *rows, outcome.Rows)
		}
	}

	b.Run("CSVIntoPostgreSQL", func(b *testing.B) {
		compare(b, size, func() {
			psql("DROP TABLE IF EXISTS reference")
			psql("CREATE TABLE reference (" + orderColumns + ")")
			psql(`\copy reference FROM '` + file + `' CSV HEADER`)
		}, load(scenario.LoadTableFromSource{
			Source: "files", Table: "orders.csv", TargetSource: "warehouse", TargetTable: "orders", ColumnTypes: orderTypes,
		}))
	})

	b.Run("PostgreSQLIntoPostgreSQL", func(b *testing.B) {
		load(scenario.LoadTableFromSource{
			Source: "files", Table: "orders.csv", TargetSource: "warehouse", TargetTable: "orders", ColumnTypes: orderTypes,
		})()

		compare(b, size, func() {
			psql("DROP TABLE IF EXISTS reference")
			psql("CREATE TABLE reference (" + orderColumns + ")")
			run(b, "bash", "-o", "pipefail", "-c", fmt.Sprintf(
				`%[1]s -qX -d '%[2]s' -c 'COPY orders TO STDOUT' | %[1]s -qX -d '%[2]s' -c 'COPY reference FROM STDIN'`,
				server.Program("psql"), address))
		}, load(scenario.LoadTableFromSource{
			Source: "warehouse", Table: "orders", TargetSource: "warehouse", TargetTable: "copied",
		}))
	})

	b.Run("CSVIntoSQLite", func(b *testing.B) {
		database := filepath.Join(b.TempDir(), "reference.db")

		compare(b, size, func() {
			run(b, "sqlite3", database, "DROP TABLE IF EXISTS reference", "CREATE TABLE reference (id INTEGER, customer TEXT, email TEXT, quantity INTEGER, "+
				"amount TEXT, rate REAL, paid BOOLEAN, ordered DATE, changed TIMESTAMP, note TEXT)", ".mode csv",
				".import --skip 1 "+file+" reference")
		}, load(scenario.LoadTableFromSource{
			Source: "files", Table: "orders.csv", TargetSource: "stage", TargetTable: "orders", ColumnTypes: orderTypes,
		}))
	})

	// The cost of a record weighs more than that of its values.
	b.Run("NarrowCSVIntoSQLite", func(b *testing.B) {
		narrow, database := filepath.Join(filepath.Dir(file), "sales.csv"), filepath.Join(b.TempDir(), "reference.db")

		compare(b, writeSales(b, narrow, *rows), func() {
			run(b, "sqlite3", database, "DROP TABLE IF EXISTS reference",
				"CREATE TABLE reference (id INTEGER, region TEXT, quantity INTEGER, price REAL, day DATE)", ".mode csv",
				".import --skip 1 "+narrow+" reference")
		}, load(scenario.LoadTableFromSource{
			Source: "files", Table: "sales.csv", TargetSource: "stage", TargetTable: "sales", ColumnTypes: map[string]source.Standard{
				"id": {Type: source.Integer}, "quantity": {Type: source.Integer}, "price": {Type: source.Float}, "day": {Type: source.Date},
			},
		}))
	})
}

// writeSales writes a CSV file of five short columns.
func writeSales(b *testing.B, path string, records int) int64 {
	b.Helper()

	var (
		content strings.Builder
		random  = rand.New(rand.NewPCG(3, 4))
	)

	content.WriteString("id,region,quantity,price,day\n")

	for id := range records {
		fmt.Fprintf(&content, "%d,R%d,%d,%.2f,2026-%02d-%02d\n", id, random.IntN(100), random.IntN(1000), random.Float64()*1000,
			1+random.IntN(12), 1+random.IntN(28))
	}

	require.NoError(b, os.WriteFile(path, []byte(content.String()), 0o600))

	return int64(content.Len())
}

// run runs a program to its end.
func run(b *testing.B, name string, arguments ...string) {
	b.Helper()

	output, err := exec.CommandContext(context.WithoutCancel(b.Context()), name, arguments...).CombinedOutput()
	require.NoError(b, err, "%s", output)
}

// compare times a reference and what is compared with it in turn.
func compare(b *testing.B, size int64, reference, load func()) {
	b.Helper()

	timed := func(do func()) float64 {
		runtime.GC()

		began := time.Now()
		do()

		return time.Since(began).Seconds()
	}

	for range b.N {
		var theirs, ours, ratios []float64

		var rise uint64

		for range 3 {
			theirs = append(theirs, timed(reference))
			ours = append(ours, timed(func() { rise = max(rise, peak(load)) }))
			ratios = append(ratios, theirs[len(theirs)-1]/ours[len(ours)-1])
		}

		for _, times := range [][]float64{theirs, ours, ratios} {
			slices.Sort(times)
		}

		b.ReportMetric(ratios[1], "of-reference")
		b.ReportMetric(ratios[0], "of-reference-min")
		b.ReportMetric(ratios[len(ratios)-1], "of-reference-max")
		b.ReportMetric(theirs[1], "reference-s")
		b.ReportMetric(ours[1], "ours-s")
		b.ReportMetric(float64(size)/ours[1]/1e6, "MB/s")
		b.ReportMetric(float64(rise)/(1<<20), "heap-MiB-above-rest")
	}
}

// peak returns how far the heap rises above rest while do runs, in bytes.
func peak(do func()) uint64 {
	heap := func() uint64 {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)

		return stats.HeapAlloc
	}

	runtime.GC()

	rest, highest := heap(), uint64(0)
	done, ended := make(chan struct{}), make(chan struct{})

	go func() {
		defer close(ended)

		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()

		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				highest = max(highest, heap())
			}
		}
	}()

	do()
	close(done)
	<-ended

	return max(highest, rest) - rest
}
