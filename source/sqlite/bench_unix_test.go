//go:build unix

package sqlite_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// benchRecords is how many records of ten columns the benchmarks write and read.
const benchRecords = 1_000_000

// orders are records that are made as they are read.
type orders struct {
	left   int64
	record source.Record
}

func newOrders() *orders { return &orders{left: benchRecords, record: make(source.Record, 10)} }

func (*orders) Schema() source.Schema {
	return source.Schema{
		column("id", source.Integer), column("customer", source.Text), column("country", source.Text),
		column("amount", source.Float), column("quantity", source.Integer), column("paid", source.Boolean),
		column("day", source.Date), column("at", source.Timestamp), column("article", source.Text), column("note", source.Text),
	}
}

func (o *orders) Next(context.Context) (source.Record, error) {
	if o.left == 0 {
		return nil, io.EOF
	}

	o.left--

	n, begin := o.left, time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	copy(o.record, source.Record{
		n, "Customer Number 4711", "DE", float64(n) * 1.25, n % 1000, n%2 == 0,
		begin.AddDate(0, 0, int(n%365)), begin.Add(time.Duration(n) * time.Millisecond), "A0001234", nil,
	})

	if n%10 > 0 {
		o.record[9] = "a note of about one sentence's length"
	}

	return o.record, nil
}

func (*orders) Close() error { return nil }

// effort is what some work took: by the clock, and of the processors. The latter does not tell what else the machine did.
type effort struct{ clock, processors time.Duration }

func (e *effort) add(other effort) {
	e.clock += other.clock
	e.processors += other.processors
}

// measure returns what work took this process.
func measure(b *testing.B, work func()) effort {
	b.Helper()

	var before, after syscall.Rusage

	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &before))

	start := time.Now()
	work()
	took := time.Since(start)

	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &after))

	return effort{took, time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())}
}

// shell runs SQLite's own shell, which is written in C, and returns what that took.
func shell(b *testing.B, arguments ...string) effort {
	b.Helper()

	program, err := exec.LookPath("sqlite3")
	if err != nil && os.Getenv("CI") != "true" {
		b.Skip("the sqlite3 shell is not installed, so there is nothing to compare with")
	}

	require.NoError(b, err)

	command := exec.CommandContext(b.Context(), program, arguments...)
	start := time.Now()
	output, err := command.CombinedOutput()
	took := time.Since(start)

	require.NoError(b, err, string(output))

	return effort{took, command.ProcessState.UserTime() + command.ProcessState.SystemTime()}
}

// writeCSV writes the records of the benchmarks to a CSV file, and returns its path and size.
func writeCSV(b *testing.B) (path string, size int64) {
	b.Helper()

	path = filepath.Join(b.TempDir(), "orders.csv")
	file, err := os.Create(path)
	require.NoError(b, err)

	writer := bufio.NewWriter(file)
	rows := newOrders()
	schema := rows.Schema()

	_, err = writer.WriteString(strings.Join(schema.Names(), ",") + "\n")
	require.NoError(b, err)

	var line []byte

	for record, _ := rows.Next(b.Context()); record != nil; record, _ = rows.Next(b.Context()) {
		line = line[:0]

		for i, value := range record {
			if value != nil {
				if line, err = source.AppendText(line, schema[i].Standard, value); err != nil {
					b.Fatal(err)
				}
			}

			line = append(line, ",\n"[i/9])
		}

		if _, err := writer.Write(line); err != nil {
			b.Fatal(err)
		}
	}

	require.NoError(b, writer.Flush())

	info, err := file.Stat()
	require.NoError(b, err)
	require.NoError(b, file.Close())

	return path, info.Size()
}

// report tells how fast records were written or read, and how that compares with the shell.
func report(b *testing.B, size int64, own, shells effort) {
	b.Helper()

	b.SetBytes(size)
	b.ReportMetric(float64(b.N)*benchRecords/own.clock.Seconds(), "rows/s")
	b.ReportMetric(shells.clock.Seconds()/own.clock.Seconds(), "×shell")
	b.ReportMetric(shells.processors.Seconds()/own.processors.Seconds(), "×shell/cpu")
}

// A table is loaded from records in memory, and the shell imports a CSV file of the same records: it has to read that
// besides, which a driver of files does here.
func BenchmarkLoad(b *testing.B) {
	path, size := writeCSV(b)

	var own, shells effort

	for b.Loop() {
		b.StopTimer()

		shells.add(shell(b, filepath.Join(b.TempDir(), "shell.db"), ".mode csv", ".import "+path+" t"))
		stage := open(b, b.TempDir())

		b.StartTimer()

		own.add(measure(b, func() {
			written, err := stage.WriteTable(b.Context(), replacing("t"), newOrders())
			require.NoError(b, err)
			require.EqualValues(b, benchRecords, written.Rows)
		}))
	}

	report(b, size, own, shells)
}

// A table is read, and the shell writes it as CSV to nowhere.
func BenchmarkRead(b *testing.B) {
	dir := b.TempDir()
	stage := open(b, dir)
	_, err := stage.WriteTable(b.Context(), replacing("t"), newOrders())
	require.NoError(b, err)

	info, err := os.Stat(filepath.Join(dir, "stage.db"))
	require.NoError(b, err)

	var own, shells effort

	for b.Loop() {
		b.StopTimer()

		shells.add(shell(b, filepath.Join(dir, "stage.db"), ".mode csv", ".once "+os.DevNull, "SELECT * FROM t"))

		b.StartTimer()

		own.add(measure(b, func() {
			rows, err := stage.ReadTable(b.Context(), source.Read{Table: source.Table{Name: "t"}})
			require.NoError(b, err)

			count := 0
			for _, err = rows.Next(b.Context()); err == nil; _, err = rows.Next(b.Context()) {
				count++
			}

			require.ErrorIs(b, err, io.EOF)
			require.Equal(b, benchRecords, count)
			require.NoError(b, rows.Close())
		}))
	}

	report(b, info.Size(), own, shells)
}
