package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/types/known/durationpb"
	_ "modernc.org/sqlite" // The driver of the database.

	"github.com/jobwright/jobwright/internal/metrics"
	"github.com/jobwright/jobwright/internal/temporalserver"
)

const (
	retention      = 7 * 24 * time.Hour
	referenceQueue = "reference"

	// numbers is the number of rows of the table that the steps query.
	numbers = 1000

	// roundsPerRun limits a run of a loop: the events of its local activities are sent to Temporal in one message, of at most
	// 4 MiB.
	roundsPerRun = 1000
)

// referencePlan says what a workflow of the reference does.
type referencePlan struct {
	Mode     string        `json:"mode"`     // local, activities, or empty for no steps.
	Steps    int           `json:"steps"`    // In each branch.
	Branches int           `json:"branches"` // 0 and 1 mean no concurrency.
	Rounds   int           `json:"rounds"`   // Of a loop of single steps, instead of Steps.
	Wait     time.Duration `json:"wait"`     // At the beginning.
	Next     int           `json:"next"`     // The first round of this run of the loop.
}

// The modes of a plan.
const (
	modeActivities = "activities"
	modeLocal      = "local"
	modeEmpty      = "empty"
)

const stepTimeout = 10 * time.Second

// referenceWorkflow runs the plan. It returns the sum of all numbers that it has read.
func referenceWorkflow(ctx workflow.Context, plan referencePlan) (sum int, err error) {
	if plan.Wait > 0 {
		if err := workflow.Sleep(ctx, plan.Wait); err != nil {
			return 0, err
		}
	}

	if plan.Mode == modeEmpty {
		return 0, nil
	}

	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: stepTimeout})
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: stepTimeout})

	lookUp := func(ctx workflow.Context, id int) {
		var (
			number  int
			failure error
		)

		if plan.Mode == modeLocal {
			failure = workflow.ExecuteLocalActivity(ctx, "LookUp", id).Get(ctx, &number)
		} else {
			failure = workflow.ExecuteActivity(ctx, "LookUp", id).Get(ctx, &number)
		}

		sum, err = sum+number, errors.Join(err, failure)
	}

	first, next := plan.Next, plan.Next
	group := workflow.NewWaitGroup(ctx)

	for range max(1, plan.Branches) {
		group.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer group.Done()

			for id := range plan.Steps {
				lookUp(ctx, id)
			}

			for next < plan.Rounds && next < first+roundsPerRun && !workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
				next++

				lookUp(ctx, next%numbers)
			}
		})
	}

	group.Wait(ctx)

	if err == nil && next < plan.Rounds {
		plan.Next = next

		return 0, workflow.NewContinueAsNewError(ctx, referenceWorkflow, plan)
	}

	return sum, err
}

// lookUps are the activities of the reference.
type lookUps struct{ database *sql.DB }

// LookUp returns the number with this ID.
func (l *lookUps) LookUp(ctx context.Context, id int) (number int, err error) {
	err = l.database.QueryRowContext(ctx, "SELECT value FROM numbers WHERE id = ?", id).Scan(&number)

	return number, err
}

// openNumbers creates the table that the steps query.
func openNumbers(ctx context.Context, dir string) (*sql.DB, error) {
	database, err := sql.Open("sqlite", filepath.Join(dir, "numbers.db")+"?_pragma=journal_mode(wal)&_pragma=busy_timeout(10000)")
	if err != nil {
		return nil, err
	}

	_, err = database.ExecContext(ctx, createNumbers)
	if err == nil {
		_, err = database.ExecContext(ctx, insertNumbers)
	}

	if err != nil {
		return nil, errors.Join(err, database.Close())
	}

	return database, nil
}

// createNumbers creates the table that the steps query, the same for all systems.
const createNumbers = "CREATE TABLE IF NOT EXISTS numbers (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)"

// insertNumbers inserts the rows of the table.
var insertNumbers = fmt.Sprintf("WITH RECURSIVE ids (id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM ids WHERE id < %d) "+
	"INSERT OR IGNORE INTO numbers SELECT id, id * 2 FROM ids", numbers)

// serveReference runs a worker with the workflows of the reference, and an HTTP server that runs them for a caller: as a
// service does that a user of Temporal's SDK writes. Without an address of Temporal, it also runs the embedded Temporal.
func serveReference(ctx context.Context, arguments []string, out io.Writer) (err error) {
	var (
		dir, address, namespace string
		durable                 bool
	)

	flags := flag.NewFlagSet(referenceProcess, flag.ContinueOnError)
	flags.StringVar(&dir, "data", "", "folder for all state")
	flags.StringVar(&address, "temporal", "", "address of Temporal")
	flags.BoolVar(&durable, "durable", false, "make each commit of the embedded Temporal survive a power cut")
	flags.StringVar(&namespace, "namespace", "default", "namespace, which is created if it is missing")

	if err := flags.Parse(arguments); err != nil {
		return err
	}

	database, err := openNumbers(ctx, dir)
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, database.Close()) }()

	if address == "" {
		server, err := temporalserver.Start(temporalserver.Options{
			DataDir: dir, Address: "127.0.0.1:0", Namespace: namespace, Retention: retention, Durable: durable,
		})
		if err != nil {
			return err
		}
		defer server.Stop() //nolint:errcheck // Its state is not needed any more.

		address = server.Address()
	} else if err := register(ctx, address, namespace); err != nil {
		return err
	}

	sdk, endpoint, err := metrics.New()
	if err != nil {
		return err
	}

	connection, err := dial(ctx, client.Options{
		HostPort: address, Namespace: namespace, MetricsHandler: sdk, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	defer connection.Close()

	running := worker.New(connection, referenceQueue, worker.Options{})
	running.RegisterWorkflow(referenceWorkflow)
	running.RegisterActivity(&lookUps{database})

	if err := running.Start(); err != nil {
		return err
	}
	defer running.Stop()

	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}

	routes := http.NewServeMux()
	routes.Handle("GET /metrics", endpoint)
	routes.HandleFunc("POST /run", runReference(connection))

	server := &http.Server{Handler: routes, ReadHeaderTimeout: stepTimeout}
	go func() {
		<-ctx.Done()
		server.Close() //nolint:errcheck // The process ends.
	}()

	if _, err := fmt.Fprintf(out, "reference is up http=%s temporal=%s\n", listener.Addr(), address); err != nil {
		return err
	}

	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}

	return nil
}

// runReference handles a request to run the plan in its body, or to start it only, with the query start. The response is the
// workflow ID.
func runReference(connection client.Client) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var plan referencePlan

		err := json.NewDecoder(r.Body).Decode(&plan)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)

			return
		}

		run, err := connection.ExecuteWorkflow(r.Context(), client.StartWorkflowOptions{
			ID: uuid.NewString(), TaskQueue: referenceQueue, EnableEagerStart: true,
		}, referenceWorkflow, plan)

		if err == nil && !r.URL.Query().Has("start") {
			err = run.Get(r.Context(), nil)
		}

		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)

			return
		}

		io.WriteString(w, run.GetID()) //nolint:errcheck // The caller reports it.
	}
}

// register creates the namespace unless it exists.
func register(ctx context.Context, address, namespace string) error {
	connection, err := dial(ctx, client.Options{HostPort: address, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer connection.Close()

	_, err = connection.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: namespace, WorkflowExecutionRetentionPeriod: durationpb.New(retention),
	})
	if _, exists := errors.AsType[*serviceerror.NamespaceAlreadyExists](err); exists {
		return nil
	}

	return err
}

// dial connects to Temporal as soon as it responds. Compression would only cost time on one machine.
func dial(ctx context.Context, options client.Options) (client.Client, error) {
	options.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{}

	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()

	for {
		connection, err := client.DialContext(ctx, options)
		if err == nil || ctx.Err() != nil {
			return connection, err
		}
	}
}
