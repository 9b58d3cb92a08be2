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

// benchRecords is the number of records, of ten columns each, that the benchmarks write and read.
const benchRecords = 1_000_000

// orders generates records as they are read.
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

// usage is the time that some work took. Processor time does not depend on other processes of the machine.
type usage struct{ clock, processor time.Duration }

func (u *usage) add(other usage) {
	u.clock += other.clock
	u.processor += other.processor
}

// measure returns the time that work took in this process.
func measure(b *testing.B, work func()) usage {
	b.Helper()

	var before, after syscall.Rusage

	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &before))

	start := time.Now()
	work()
	took := time.Since(start)

	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &after))

	return usage{took, time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())}
}

// shell runs SQLite's shell, which is written in C, and returns the time that it took.
func shell(b *testing.B, arguments ...string) usage {
	b.Helper()

	program, err := exec.LookPath("sqlite3")
	if err != nil && os.Getenv("CI") != "true" {
		b.Skip("the sqlite3 shell, with which the driver is compared, is not installed")
	}

	require.NoError(b, err)

	command := exec.CommandContext(b.Context(), program, arguments...)
	start := time.Now()
	output, err := command.CombinedOutput()
	took := time.Since(start)

	require.NoError(b, err, string(output))

	return usage{took, command.ProcessState.UserTime() + command.ProcessState.SystemTime()}
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

// report reports the driver's speed, and its ratio to the shell's.
func report(b *testing.B, size int64, own, shells usage) {
	b.Helper()

	b.SetBytes(size)
	b.ReportMetric(float64(b.N)*benchRecords/own.clock.Seconds(), "rows/s")
	b.ReportMetric(shells.clock.Seconds()/own.clock.Seconds(), "×shell")
	b.ReportMetric(shells.processor.Seconds()/own.processor.Seconds(), "×shell/cpu")
}

// BenchmarkLoad writes a table from records in memory. The shell imports the same records from a CSV file, so it also parses
// the file.
func BenchmarkLoad(b *testing.B) {
	path, size := writeCSV(b)

	var own, shells usage

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

// BenchmarkRead reads a table. The shell writes it as CSV to the null device.
func BenchmarkRead(b *testing.B) {
	dir := b.TempDir()
	stage := open(b, dir)
	_, err := stage.WriteTable(b.Context(), replacing("t"), newOrders())
	require.NoError(b, err)

	info, err := os.Stat(filepath.Join(dir, "stage.db"))
	require.NoError(b, err)

	var own, shells usage

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
