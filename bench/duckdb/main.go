// Command duckdb executes SQL statements in DuckDB, for benchmarks that compare Jobwright with it. It is a module of its own,
// because DuckDB needs a C++ compiler and is not a part of Jobwright.
//
//	echo "COPY (FROM 'rides.parquet') TO 'rides.csv' (HEADER)" | duckdb -threads 2
//
// It executes each line of its input as a statement, in one database in memory, and prints the duration in seconds. It ends with
// its input, or with the first error.
package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // The driver.
)

func main() {
	threads := flag.Int("threads", runtime.GOMAXPROCS(0), "threads of DuckDB")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	if err := run(ctx, *threads, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "duckdb:", err)
		os.Exit(1) //nolint:gocritic // The signals need no cleanup at the end of the process.
	}
}

func run(ctx context.Context, threads int, statements io.Reader, out io.Writer) (err error) {
	database, err := sql.Open("duckdb", fmt.Sprintf("?threads=%d", threads))
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, database.Close()) }()

	if err := database.PingContext(ctx); err != nil {
		return err
	}

	lines := bufio.NewScanner(statements)
	for lines.Scan() {
		began := time.Now()

		if _, err := database.ExecContext(ctx, lines.Text()); err != nil {
			return fmt.Errorf("%s: %w", lines.Text(), err)
		}

		if _, err := fmt.Fprintf(out, "%.3f\n", time.Since(began).Seconds()); err != nil {
			return err
		}
	}

	return lines.Err()
}
