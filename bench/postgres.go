package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/procfs"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/internal/testserver"
)

// startPostgreSQL starts PostgreSQL and a Temporal that stores its state there.
func (b *bench) startPostgreSQL(ctx context.Context) (address string, temporal *process, err error) {
	server, err := testserver.StartPostgreSQL(testserver.PostgreSQLOptions{Durable: true})
	if err != nil {
		return "", nil, err
	}

	parsed, err := url.Parse(server.URL("postgres"))
	if err != nil {
		return "", nil, err
	}

	connection, err := pgx.Connect(ctx, parsed.String())
	if err != nil {
		return "", nil, err
	}

	err = connection.QueryRow(ctx, "SHOW server_version").Scan(&b.report.Environment.PostgreSQL)
	if err := errors.Join(err, connection.Close(ctx)); err != nil {
		return "", nil, err
	}

	b.database = &database{pid: server.PID(), url: parsed.String()}

	temporal, found, err := b.launch(nil, `temporal is up address=(\S+)\n`, b.self, temporalProcess,
		"-postgresql", parsed.Host, "-user", parsed.User.Username(), "-data", b.dir)
	if err != nil {
		return "", nil, err
	}

	return found[0], temporal, nil
}

// database is the PostgreSQL in which a Temporal stores its state.
type database struct {
	pid int
	url string
}

// cpu returns the CPU time that the server has used, in seconds: that of its processes that have ended, and of those that run.
func (d *database) cpu() (float64, error) {
	const ticks = 100 // A second in /proc, on all platforms that Go supports.

	processes, err := procfs.AllProcs()
	if err != nil {
		return 0, err
	}

	var total float64

	for _, process := range processes {
		stat, err := process.Stat()

		switch {
		case err != nil: // It has ended.
		case process.PID == d.pid:
			total += stat.CPUTime() + float64(stat.CUTime+stat.CSTime)/ticks
		case stat.PPID == d.pid:
			total += stat.CPUTime()
		}
	}

	return total, nil
}

// transactions returns the number of transactions that have written something so far.
func (d *database) transactions(ctx context.Context) (float64, error) {
	return d.number(ctx, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::float8")
}

// log returns the bytes of the write-ahead log.
func (d *database) log(ctx context.Context) (float64, error) {
	return d.number(ctx, "SELECT (pg_current_wal_lsn() - '0/0')::float8")
}

func (d *database) number(ctx context.Context, query string) (number float64, err error) {
	connection, err := pgx.Connect(ctx, d.url)
	if err != nil {
		return 0, err
	}

	defer func() { err = errors.Join(err, connection.Close(ctx)) }()

	err = connection.QueryRow(ctx, query).Scan(&number)

	return number, err
}

// The commands of Jobwright that need a Temporal of their own.
const (
	commandServe     = "serve"
	commandAPIServer = "apiserver"
	commandWorker    = "worker"
)

// startProduction starts Jobwright as in production, on a Temporal that runs already. The namespace is created.
func (b *bench) startProduction(
	ctx context.Context, name, address, namespace string, commands ...string,
) (*system, error) {
	environment := append(keys(), "TEMPORAL_ADDRESS="+address, "TEMPORAL_NAMESPACE="+namespace)
	results := filepath.Join(b.dir, namespace, "results")
	data := filepath.Join(b.dir, namespace, "data")

	program, err := b.program(ctx, "jobwright")
	if err != nil {
		return nil, err
	}

	setup, err := startProcess(environment, program, "setup")
	if err != nil {
		return nil, err
	}

	<-setup.ended

	if !setup.command.ProcessState.Success() {
		text, _ := setup.output.text()

		return nil, fmt.Errorf("jobwright setup: %s", text)
	}

	s := &system{name: name, client: newClient(), request: scenarioCall(appOfSteps), data: data, database: b.database}

	for _, command := range commands {
		arguments := []string{command, "--apps", b.apps, "--results", results, "--http", "127.0.0.1:0"}
		ready := `"API server is up","http":"([0-9.:]+)","metrics":"([0-9.:]+)"`

		if command == commandWorker {
			ready = `"worker is up","http":"(([0-9.:]+))"`
		} else {
			arguments = append(arguments, "--metrics", "127.0.0.1:0")
		}

		if command != commandAPIServer {
			arguments = append(arguments, "--data", data)
		}

		p, found, err := b.launch(environment, ready, program, arguments...)
		if err != nil {
			return nil, err
		}

		s.processes = append(s.processes, p)

		if s.url == "" {
			s.url = "http://" + found[0]
		}

		s.metrics = append(s.metrics, "http://"+found[1]+"/metrics")
	}

	s.temporal, err = dial(ctx, silent(address, namespace))

	return s, err
}

// silent returns the options of a client without a log.
func silent(address, namespace string) client.Options {
	return client.Options{HostPort: address, Namespace: namespace, Logger: slog.New(slog.DiscardHandler)}
}

// folder creates a folder for the state of a process.
func (b *bench) folder(name string) (string, error) {
	dir := filepath.Join(b.dir, name)

	return dir, os.MkdirAll(dir, 0o750)
}
