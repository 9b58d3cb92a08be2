package activities_test

import (
	"bufio"
	"context"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

var duckdbProgram = flag.String("duckdb", "", "path of the program of the module bench/duckdb, the reference of BenchmarkFiles")

// rideTypes are the types of the columns of a table of rides that are not text.
var rideTypes = map[string]source.Standard{
	"id": {Type: source.Integer}, "pickup": {Type: source.Datetime}, "passengers": {Type: source.Integer},
	"distance": {Type: source.Float}, "fare": {Type: source.Float},
}

// BenchmarkFiles converts a table of -rows records of six short columns between files, and reports the speed as a share of
// that of DuckDB with as many threads, or of the sqlite3 shell. The results of both are compared. The files that are read were
// written by DuckDB, except the CSV file. `make bench-files` builds DuckDB and runs all conversions.
func BenchmarkFiles(b *testing.B) {
	if *duckdbProgram == "" {
		b.Skip("run make bench-files, which builds the reference")
	}

	bench := newBench(b)
	folder := filepath.Join(bench.apps, "7", "files")
	ours := func(name string) string { return filepath.Join(folder, name) }
	theirs := func(name string) string { return filepath.Join(filepath.Dir(bench.apps), "reference-"+name) }

	duckdb := startDuckDB(b)

	writeRides(b, ours("rides.csv"), *rows)
	duckdb(b, "COPY (FROM '"+ours("rides.csv")+"') TO '"+ours("rides.parquet")+"'")
	duckdb(b, "COPY (FROM '"+ours("rides.csv")+"') TO '"+ours("rides.ndjson")+"' (FORMAT json)")

	conversions := []struct {
		name, from, to string
		options        string // Of DuckDB's COPY.
		types          map[string]source.Standard
	}{
		{name: "ParquetIntoCSV", from: "rides.parquet", to: "parquet.csv", options: "HEADER"},
		// Jobwright compresses with Zstandard.
		{name: "CSVIntoParquet", from: "rides.csv", to: "csv.parquet", options: "COMPRESSION zstd", types: rideTypes},
		{name: "NDJSONIntoCSV", from: "rides.ndjson", to: "ndjson.csv", options: "HEADER"},
	}

	for _, conversion := range conversions {
		b.Run(conversion.name, func(b *testing.B) {
			written, expected := ours(conversion.to), theirs(conversion.to)

			compare(b, sizeOf(b, ours(conversion.from)), func() {
				duckdb(b, "COPY (FROM '"+ours(conversion.from)+"') TO '"+expected+"' ("+conversion.options+")")
			}, func() {
				outcome, err := bench.run(b, bench.LoadTableFromSource, scenario.LoadTableFromSource{
					Source: "files", Table: conversion.from, TargetSource: "files", TargetTable: conversion.to,
					ColumnTypes: conversion.types,
				})
				require.NoError(b, err)
				require.EqualValues(b, *rows, outcome.Rows)
			})

			b.ReportMetric(float64(sizeOf(b, written))/float64(sizeOf(b, expected)), "size-of-reference")
			duckdb(b, "SELECT if(count(*) = 0, '', error('the results differ')) FROM (FROM "+
				"(FROM '"+written+"' EXCEPT ALL FROM '"+expected+"') UNION ALL "+
				"(FROM '"+expected+"' EXCEPT ALL FROM '"+written+"'))")
		})
	}

	b.Run("CSVIntoSQLite", func(b *testing.B) {
		compare(b, sizeOf(b, ours("rides.csv")), func() {
			run(b, "sqlite3", theirs("rides.db"), "DROP TABLE IF EXISTS rides",
				"CREATE TABLE rides (id INTEGER, pickup DATETIME, passengers INTEGER, distance REAL, fare REAL, payment TEXT)",
				".mode csv", ".import --skip 1 "+ours("rides.csv")+" rides")
		}, func() {
			outcome, err := bench.run(b, bench.LoadTableFromSource, scenario.LoadTableFromSource{
				Source: "files", Table: "rides.csv", TargetSource: "stage", TargetTable: "rides", ColumnTypes: rideTypes,
			})
			require.NoError(b, err)
			require.EqualValues(b, *rows, outcome.Rows)
		})
	})
}

// startDuckDB starts DuckDB with as many threads as Go uses. The returned function executes a statement.
func startDuckDB(b *testing.B) func(b *testing.B, statement string) {
	b.Helper()

	threads := strconv.Itoa(runtime.GOMAXPROCS(0))
	command := exec.CommandContext(context.WithoutCancel(b.Context()), *duckdbProgram, "-threads", threads)
	command.Stderr = os.Stderr

	input, err := command.StdinPipe()
	require.NoError(b, err)
	output, err := command.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, command.Start())
	b.Cleanup(func() {
		require.NoError(b, input.Close())
		require.NoError(b, command.Wait())
	})

	durations := bufio.NewScanner(output)

	return func(b *testing.B, statement string) {
		b.Helper()

		_, err := io.WriteString(input, statement+"\n")
		require.NoError(b, err)
		require.True(b, durations.Scan(), "DuckDB ended: %v", durations.Err())
	}
}

// writeRides writes a CSV file of rides in a taxi. The same records are written each time.
func writeRides(b *testing.B, path string, records int) {
	b.Helper()

	file, err := os.Create(path)
	require.NoError(b, err)

	var (
		out      = bufio.NewWriterSize(file, 1<<20)
		random   = rand.New(rand.NewPCG(5, 6))
		pickup   = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		payments = strings.Fields("card cash voucher none")
		record   []byte
	)

	_, err = out.WriteString("id,pickup,passengers,distance,fare,payment\n")
	require.NoError(b, err)

	for id := range records {
		pickup = pickup.Add(time.Duration(random.IntN(3)) * time.Second)
		record = strconv.AppendInt(record[:0], int64(id), 10)
		record = pickup.AppendFormat(append(record, ','), time.DateTime)
		record = strconv.AppendInt(append(record, ','), int64(1+random.IntN(6)), 10)
		record = strconv.AppendFloat(append(record, ','), random.ExpFloat64()*3, 'f', 2, 64)
		record = strconv.AppendFloat(append(record, ','), 3+random.ExpFloat64()*12, 'f', 2, 64)
		record = append(append(append(record, ','), payments[random.IntN(len(payments))]...), '\n')
		_, err = out.Write(record)
		require.NoError(b, err)
	}

	require.NoError(b, out.Flush())
	require.NoError(b, file.Close())
}

func sizeOf(b *testing.B, path string) int64 {
	b.Helper()

	info, err := os.Stat(path)
	require.NoError(b, err)

	return info.Size()
}
