package client_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	temporal "go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/temporalclient"
	"github.com/jobwright/jobwright/internal/temporalserver"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/replay"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/schedule"
	"github.com/jobwright/jobwright/worker"
)

// testKey is the key of the tests, for every app.
const testKey = "the-key-of-the-tests"

// appID is the app of the tests.
const appID = "test"

// files are the files of the app.
var files = map[string]string{
	"app.yaml": `
sources: {stage: {kind: SQLiteSource}}
schedules:
  nightly: {scenario: Rows, cron: "0 3 * * *", timeZone: UTC}
`,
	"scenarios/Rows.yaml": `
description: Return rows.
parameters: {count: {type: integer, default: 3}}
steps:
  - title: Count
    opName: Transform
    opParams:
      source: stage
      query: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) SELECT i FROM n"
      bind: {count: "${count}"}
      returnResult: true
      resultName: numbers
  - {opName: Return, opParams: {value: {price: "${decimal('1.50')}"}}}
`,
	"scenarios/Wait.yaml": `
steps:
  - {title: Wait, opName: WaitForSignal, opParams: {name: go}}
  - {opName: Return, opParams: {value: done}}
`,
	"scenarios/Fail.yaml": "steps: [{opName: Fail, opParams: {code: no_luck, message: no luck today}}]\n",
}

// server is the API server of the tests.
var server *apiserver.Server

func TestMain(m *testing.M) {
	status, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)

		status = 1
	}

	os.Exit(status)
}

// run runs the tests beside a Temporal, an API server and a worker.
func run(m *testing.M) (status int, err error) {
	dir, err := os.MkdirTemp("", "jobwright")
	if err != nil {
		return 1, err
	}

	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	for name, text := range files {
		path := filepath.Join(dir, "apps", appID, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			return 1, err
		}
	}

	apps, err := app.Open(filepath.Join(dir, "apps"), app.Options{})
	if err != nil {
		return 1, err
	}

	started, err := temporalserver.Start(temporalserver.Options{
		DataDir: dir, Address: "127.0.0.1:0", Namespace: temporal.DefaultNamespace, Retention: time.Hour,
		SearchAttributes: job.SearchAttributes(),
	})
	if err != nil {
		return 1, err
	}

	defer func() { err = errors.Join(err, started.Stop()) }()

	quiet := slog.New(slog.DiscardHandler)

	connection, err := dial(started.Address(), quiet)
	if err != nil {
		return 1, err
	}
	defer connection.Close()

	results, err := result.Open(context.Background(), filepath.Join(dir, "results"))
	if err != nil {
		return 1, err
	}

	defer func() { err = errors.Join(err, results.Close()) }()

	jobs := worker.New(connection, worker.Options{
		Apps: apps, Results: results, Namespace: temporal.DefaultNamespace, DataDir: dir, Log: quiet,
	})
	if err := jobs.Start(); err != nil {
		return 1, err
	}
	defer jobs.Stop()

	service := jobservice.New(jobservice.Options{
		Temporal: connection, Namespace: temporal.DefaultNamespace, Log: quiet, Continuations: replay.New(connection, nil),
	})
	if err := schedule.New(service, apps).Reconcile(context.Background()); err != nil {
		return 1, err
	}

	server = apiserver.New(apiserver.Options{Jobs: service, Apps: apps, Results: results, Log: quiet, LoopbackKey: testKey})

	served := httptest.NewServer(server)
	defer served.Close()

	address = served.URL

	return m.Run(), nil
}

// address is the URL of the server.
var address string

// dial connects to Temporal as soon as it responds.
func dial(at string, log *slog.Logger) (temporal.Client, error) {
	options := temporal.Options{HostPort: at}
	temporalclient.Configure(&options, log)

	for deadline := time.Now().Add(time.Minute); ; {
		connection, err := temporal.Dial(options)
		if err == nil || time.Now().After(deadline) {
			return connection, err
		}
	}
}
