package activities_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// locally returns a context for local activities with one attempt.
func locally(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
	})
}

// taskOf returns the task of an attempt.
func taskOf(isLocal bool) job.Task {
	of := task
	if isLocal {
		of.Local = &job.LocalAttempt{Timeout: time.Hour, MaxResult: 16 << 10, MayRepeat: true}
	}

	return of
}

// runLocally runs an operation as a local activity.
func (b *bench) runLocally(t *testing.T, local job.LocalAttempt, operation, params any) (job.StepOutcome, error) {
	t.Helper()

	var (
		suite   testsuite.WorkflowTestSuite
		outcome job.StepOutcome
	)

	of := task
	of.Local = &local

	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivity(b.Activities)
	env.ExecuteWorkflow(func(ctx workflow.Context) (*job.StepOutcome, error) {
		ctx = locally(ctx)

		var found *job.StepOutcome
		err := workflow.ExecuteLocalActivity(ctx, operation, of, params).Get(ctx, &found)

		return found, err
	})

	if err := env.GetWorkflowError(); err != nil {
		return outcome, err
	}

	return outcome, env.GetWorkflowResult(&outcome)
}

// codeOf returns the type of an error of Temporal's.
func codeOf(err error) string {
	application, isApplication := errors.AsType[*temporal.ApplicationError](err)
	if !isApplication {
		return ""
	}

	return application.Type()
}

var anyLocal = job.LocalAttempt{Timeout: time.Hour, MaxResult: 16 << 10}

func TestLocalAttemptHandsOverWhatACrashMustNotRepeat(t *testing.T) {
	t.Parallel()

	b := newBench(t)

	var requests atomic.Int64

	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	t.Cleanup(server.Close)

	b.write(t, "app.yaml", manifest+
		"  warehouse: {kind: PgSQLSource, connStr: \""+testserver.PostgreSQL(t)+"\"}\n"+
		"  unledgered: {kind: PgSQLSource, connStr: \""+testserver.PostgreSQL(t)+"\", ledger: none}\n"+
		"  mysql: {kind: MySQLSource, connStr: \""+testserver.MariaDB(t)+"\"}\n"+
		"  server: {kind: HTTPSource, url: \""+server.URL+"\"}\n")
	b.write(t, "files/t.csv", "n\n0\n")

	_, err := b.run(t, b.RunSourceScript, scenario.RunSourceScript{Source: "unledgered", Script: "CREATE TABLE t (n bigint)"})
	require.NoError(t, err)

	insert := []jsonvalue.Object{{"n": int64(1)}}

	for name, test := range map[string]struct{ operation, params any }{
		"appending to a file": {b.Transform, scenario.Transform{
			Source: "stage", Query: "SELECT 1 AS n", TargetSource: "files", TargetTable: "t.csv", Writing: scenario.Writing{Append: true},
		}},
		"POST": {b.HTTPRequest, scenario.HTTPRequest{Source: "server", Method: "post", Path: "a"}},
		"a write without a ledger": {b.Insert, scenario.Insert{
			Source: "unledgered", Table: "t", Given: scenario.Given{Records: insert},
		}},
		"a script without a ledger": {b.RunSourceScript, scenario.RunSourceScript{
			Source: "unledgered", Script: "INSERT INTO t VALUES (1)",
		}},
		"a script that can't be in a transaction": {b.RunSourceScript, scenario.RunSourceScript{
			Source: "warehouse", Script: "CREATE DATABASE other",
		}},
		"a script whose statements may commit": {b.RunSourceScript, scenario.RunSourceScript{
			Source: "mysql", Script: "CREATE TABLE other (n bigint)",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := b.runLocally(t, anyLocal, test.operation, test.params)
			require.Equal(t, job.HandedOver, codeOf(err), "%v", err)
		})
	}

	t.Cleanup(func() {
		require.Zero(t, requests.Load())

		content, err := os.ReadFile(filepath.Join(b.apps, "7", "files", "t.csv"))
		require.NoError(t, err)
		require.Equal(t, "n\n0\n", string(content))
	})
}

func TestLocalAttemptRepeatsWhatItsAuthorAccepts(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.write(t, "files/t.csv", "n\n0\n")

	local := anyLocal
	local.MayRepeat = true

	outcome, err := b.runLocally(t, local, b.Transform, scenario.Transform{
		Source: "stage", Query: "SELECT 1 AS n", TargetSource: "files", TargetTable: "t.csv", Writing: scenario.Writing{Append: true},
	})
	require.NoError(t, err)
	require.Equal(t, int64(1), outcome.Rows)
}

func TestLocalAttemptHandsOverWhatIsNotShort(t *testing.T) {
	t.Parallel()

	const endless = "WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t"

	for name, params := range map[string]scenario.Transform{
		"a query without an end": {Source: "stage", Query: endless, ReturnValue: true},
		"a large value":          {Source: "stage", Query: "SELECT hex(zeroblob(20000)) AS x", ReturnValue: true},
		"many records": {
			Source: "stage", TargetTable: "t", Query: "WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t LIMIT 1000000) SELECT n FROM t",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)

			_, err := b.runLocally(t, anyLocal, b.Transform, params)
			require.Equal(t, job.HandedOver, codeOf(err), "%v", err)
		})
	}

	t.Run("a large load", func(t *testing.T) {
		t.Parallel()

		b := newBench(t)
		b.write(t, "files/long.csv", "n\n"+strings.Repeat("1\n", 1_000_000))

		_, err := b.runLocally(t, anyLocal, b.LoadTableFromSource, scenario.LoadTableFromSource{
			Source: "files", Table: "long.csv", TargetSource: "stage", TargetTable: "long",
		})
		require.Equal(t, job.HandedOver, codeOf(err), "%v", err)

		_, err = b.run(t, b.Transform, scenario.Transform{Source: "stage", Query: "SELECT * FROM long", ReturnValue: true})
		require.Equal(t, string(source.CodeTableNotFound), codeOf(err), "%v", err)
	})
}

func TestLocalAttemptEndsAtTheTimeoutOfItsStep(t *testing.T) {
	t.Parallel()

	local := anyLocal
	local.Timeout = 50 * time.Millisecond

	b := newBench(t)

	_, err := b.runLocally(t, local, b.Transform, scenario.Transform{
		Source: "stage", ReturnValue: true,
		Query: "WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t",
	})
	require.Equal(t, job.CodeStepTimedOut, codeOf(err), "%v", err)
}
