package activities_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/activities"
	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/internal/filetest"
	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/file"
	"github.com/jobwright/jobwright/source/kind"
	"github.com/jobwright/jobwright/source/mysql"
	"github.com/jobwright/jobwright/source/pool"
	"github.com/jobwright/jobwright/source/postgres"
	"github.com/jobwright/jobwright/source/sqlite"
	"github.com/jobwright/jobwright/source/web"
)

const manifest = `
sources:
  files: {kind: FileSource, path: files}
  stage: {kind: SQLiteSource}
  lake: {kind: AWSS3Source, bucket: b}
  shop: {kind: HTTPSource, url: "http://127.0.0.1:1"}
`

// driversWith returns the drivers of the tests and another one, for a source that needs no options but a bucket.
func driversWith(other source.Open) source.Drivers {
	all := maps.Clone(drivers)
	all[kind.AWSS3Source] = other

	return all
}

const companies = "id,name,founded\n1,IBM,1911-06-16\n2,SAP,1972-04-01\n3,\"Kongsberg, ASA\",\n"

var drivers = source.Drivers{
	file.Kind: file.Open, mysql.Kind: mysql.Open, postgres.Kind: postgres.Open, sqlite.Kind: sqlite.Open, web.Kind: web.Open,
}

func TestMain(m *testing.M) { testserver.Main(m) }

// bench has the activities of a worker with a single app, 7.
type bench struct {
	*activities.Activities

	apps, data string // Folders.
	sources    *countedSources
	results    *result.Store
	keys       seal.Keys
	secrets    []string // The sealed secrets of the job.
	temporal   *variables
	runs       int // Number of steps that ran. Each step has its own idempotency key.
}

func newBench(tb testing.TB) *bench {
	tb.Helper()

	return newBenchWith(tb, drivers)
}

func newBenchWith(tb testing.TB, drivers source.Drivers) *bench {
	tb.Helper()

	b := &bench{apps: filepath.Join(tb.TempDir(), "apps"), data: tb.TempDir()}
	b.write(tb, "app.yaml", manifest)
	b.write(tb, "files/companies.csv", companies)

	apps, err := app.Open(b.apps, app.Options{Secrets: app.Secrets{Dir: filepath.Join(b.data, "secrets")}})
	require.NoError(tb, err)

	b.results, err = result.Open(tb.Context(), filepath.Join(b.data, "results"))
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, b.results.Close()) })

	b.keys, err = seal.Parse(seal.New())
	require.NoError(tb, err)

	b.temporal = &variables{}
	sources := pool.New(drivers)
	tb.Cleanup(func() { require.NoError(tb, sources.Close()) })

	b.sources = &countedSources{Pool: sources, gets: map[string]int{}}
	b.Activities = activities.New(apps, b.keys, b.sources, b.results, b.temporal, b.data, time.Second)

	return b
}

// write writes a file of the app.
func (b *bench) write(tb testing.TB, name, text string) {
	tb.Helper()

	filetest.Write(tb, filepath.Join(b.apps, "7"), map[string]string{name: text})
}

var task = job.Task{AppID: "7", JobID: "nightly", Step: "2"}

// run runs one attempt of an operation.
func (b *bench) run(tb testing.TB, operation, params any) (job.StepOutcome, error) {
	tb.Helper()

	return runAs[job.StepOutcome](tb, b, operation, params)
}

// runAs runs one attempt of an activity that returns a T.
func runAs[T any](tb testing.TB, b *bench, called, request any) (T, error) {
	tb.Helper()

	var (
		suite  testsuite.WorkflowTestSuite
		answer T
	)

	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(b.Activities)

	b.runs++

	another := task
	another.Step, another.Secrets = fmt.Sprintf("2[%d]", b.runs), b.secrets

	value, err := env.ExecuteActivity(called, another, request)
	if err == nil && value.HasValue() {
		require.NoError(tb, value.Get(&answer))
	}

	return answer, err
}

// load loads the file companies.csv as the table companies.
func (b *bench) load(t *testing.T) {
	t.Helper()

	outcome, err := b.run(t, b.LoadTableFromSource, loading)
	require.NoError(t, err)
	require.Equal(t, job.StepOutcome{Rows: 3}, outcome)
}

var loading = scenario.LoadTableFromSource{
	Source: "files", Table: "companies.csv", TargetSource: "stage", TargetTable: "companies",
	ColumnTypes: map[string]source.Standard{"id": {Type: source.Integer}, "founded": {Type: source.Date}},
}

// returned runs a Transform with returnResult, and returns the result in the form of the API.
func (b *bench) returned(t *testing.T, params scenario.Transform) string {
	t.Helper()

	params.ReturnResult = true

	outcome, err := b.run(t, b.Transform, params)
	require.NoError(t, err)

	return b.answer(t, outcome)
}

func (b *bench) answer(t *testing.T, outcome job.StepOutcome) string {
	t.Helper()
	require.NotNil(t, outcome.Result)

	var text strings.Builder
	require.NoError(t, b.results.Copy(t.Context(), &text, *outcome.Result, false))

	return text.String()
}

// requireFailure requires the error of an attempt in the form that Temporal's retry policy and a job's failure use.
func requireFailure(t *testing.T, err error, code string, retried bool, message string) {
	t.Helper()

	var failure *temporal.ApplicationError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, code, failure.Type(), failure)
	require.Equal(t, retried, !failure.NonRetryable(), failure)
	require.Contains(t, failure.Message(), message)

	var detail job.ErrorDetail
	require.NoError(t, failure.Details(&detail))
	require.EqualValues(t, 1, detail.Attempt)
}

func TestLoadAndTransformReturnAFileAsResult(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.load(t)

	outcome, err := b.run(t, b.Transform, scenario.Transform{
		Source: "stage", Query: "SELECT * FROM companies WHERE id <> :id ORDER BY id DESC", Bind: jsonvalue.Object{"id": int64(2)},
		ReturnResult: true, ResultName: "companies",
	})
	require.NoError(t, err)
	require.EqualValues(t, 2, outcome.Rows)
	require.EqualValues(t, 2, outcome.Result.Records)
	require.Equal(t, "companies", *outcome.Result.Name)
	require.JSONEq(t, `{"records":[{"id":3,"name":"Kongsberg, ASA","founded":null},`+
		`{"id":1,"name":"IBM","founded":"1911-06-16"}]}`, b.answer(t, outcome))
}

func TestTransformWithoutResultNameReturnsUnnamedResult(t *testing.T) {
	t.Parallel()

	b := newBench(t)

	outcome, err := b.run(t, b.Transform, scenario.Transform{Source: "stage", Query: "SELECT 1 AS a", ReturnResult: true})
	require.NoError(t, err)
	require.Nil(t, outcome.Result.Name)
}

func TestTransformWritesToItsSourceOrAnother(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.write(t, "app.yaml", manifest+"  other: {kind: SQLiteSource}\n")
	b.load(t)

	for target, written := range map[string]string{"": "stage", "other": "other"} {
		outcome, err := b.run(t, b.Transform, scenario.Transform{
			Source: "stage", Query: "SELECT id, founded FROM companies WHERE id < 3", TargetSource: target, TargetTable: "early",
		})
		require.NoError(t, err)
		require.Equal(t, job.StepOutcome{Rows: 2}, outcome)
		require.JSONEq(t, `{"records":[{"founded":"1911-06-16"},{"founded":"1972-04-01"}]}`,
			b.returned(t, scenario.Transform{Source: written, Query: "SELECT founded FROM early ORDER BY id"}))
	}
}

func TestLoadReplacesItsTargetWhenRepeated(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.load(t)
	b.load(t)
	require.JSONEq(t, `{"records":[{"n":3}]}`,
		b.returned(t, scenario.Transform{Source: "stage", Query: "SELECT count(*) AS n FROM companies"}))
}

func TestDataOfAnAppIsInItsOwnFolder(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.load(t)
	require.FileExists(t, filepath.Join(b.data, "apps", "7", "stage.db"))
}

func TestFailedLoadLeavesTheOldTable(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.load(t)
	b.write(t, "files/companies.csv", "id,name,founded\n1,IBM,1911-06-16\n2,SAP,yesterday\n")

	_, err := b.run(t, b.LoadTableFromSource, loading)
	requireFailure(t, err, "source_record_invalid", false, `line 3, column "founded": "yesterday" is not a value of type date`)
	require.JSONEq(t, `{"records":[{"n":3}]}`,
		b.returned(t, scenario.Transform{Source: "stage", Query: "SELECT count(*) AS n FROM companies"}))
}

func TestErrorsAreRetryableOnlyIfTemporary(t *testing.T) {
	t.Parallel()

	change := func(change func(*scenario.LoadTableFromSource)) scenario.LoadTableFromSource {
		params := loading
		change(&params)

		return params
	}
	transform := func(source, query string) scenario.Transform {
		return scenario.Transform{Source: source, Query: query, ReturnResult: true}
	}

	for _, test := range []struct {
		name, code string
		retried    bool
		message    string
		params     any
		prepare    func(t *testing.T, b *bench)
	}{
		{
			name: "a file that is missing", code: "source_table_not_found", message: `source "files", table "x.csv": there is no such file`,
			params: change(func(p *scenario.LoadTableFromSource) { p.Table = "x.csv" }),
		},
		{
			name: "a source that can't be written", code: "source_operation_unsupported", message: "a HTTPSource can't be written to",
			params: change(func(p *scenario.LoadTableFromSource) { p.TargetSource = "shop" }),
		},
		{
			name: "a source that can't be queried", code: "source_operation_unsupported", message: "a FileSource can't be queried",
			params: transform("files", "SELECT 1"),
		},
		{
			name: "a kind of source that the worker does not have", code: "source_definition_invalid", message: "this worker knows FileSource, HTTPSource",
			params: transform("lake", "SELECT 1"),
		},
		{name: "wrong SQL", code: "source_query_invalid", message: "syntax error", params: transform("stage", "SELEKT 1")},
		{
			name: "a column that is missing", code: "source_record_invalid", message: `names the column "x"`,
			params: change(func(p *scenario.LoadTableFromSource) {
				p.ColumnTypes = map[string]source.Standard{"x": {Type: source.Date}}
			}),
		},
		{
			name: "two columns of one name", code: "result_invalid", message: `two columns are named "a"`,
			params: transform("stage", "SELECT 1 AS a, 2 AS a"),
		},
		{
			name: "text that is not UTF-8", code: "source_record_invalid", message: `column "a"`,
			params: transform("stage", "SELECT CAST(x'ff' AS TEXT) AS a"),
		},
		{
			name: "a database that can't be opened", code: "source_unavailable", retried: true, message: `source "stage"`,
			params: transform("stage", "SELECT 1"),
			prepare: func(t *testing.T, b *bench) {
				t.Helper()
				require.NoError(t, os.MkdirAll(filepath.Join(b.data, "apps", "7", "stage.db"), 0o750))
			},
		},
		{
			name: "an unwritable result store", code: "result_store", retried: true, message: "the result can't be stored",
			params: transform("stage", "SELECT 1"),
			prepare: func(t *testing.T, b *bench) {
				t.Helper()
				require.NoError(t, os.WriteFile(filepath.Join(b.data, "results", "7"), nil, 0o600))
			},
		},
		{ // The next deployment of the app may correct the next three.
			name: "a source that the app doesn't have", code: "app_invalid", retried: true, message: "app 7 has no source named \"nowhere\"",
			params: transform("nowhere", "SELECT 1"),
		},
		{
			name: "an app that is missing", code: "app_invalid", retried: true, message: "this worker has no app 7",
			params: transform("stage", "SELECT 1"),
			prepare: func(t *testing.T, b *bench) {
				t.Helper()
				require.NoError(t, os.RemoveAll(filepath.Join(b.apps, "7")))
			},
		},
		{
			name: "an app with a mistake", code: "app_invalid", retried: true, message: "app.yaml is invalid",
			params: transform("stage", "SELECT 1"),
			prepare: func(t *testing.T, b *bench) {
				t.Helper()
				b.write(t, "app.yaml", "sources: 7")
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			if test.prepare != nil {
				test.prepare(t, b)
			}

			var operation any = b.Transform
			if _, loads := test.params.(scenario.LoadTableFromSource); loads {
				operation = b.LoadTableFromSource
			}

			_, err := b.run(t, operation, test.params)
			requireFailure(t, err, test.code, test.retried, test.message)
		})
	}
}

func TestFailedTransformLeavesNoResult(t *testing.T) {
	t.Parallel()

	b := newBench(t)

	_, err := b.run(t, b.Transform, scenario.Transform{
		Source: "stage", Query: "SELECT 'x' AS a UNION ALL SELECT CAST(x'ff' AS TEXT)", ReturnResult: true,
	})
	requireFailure(t, err, "source_record_invalid", false, "record 2")

	left, err := filepath.Glob(filepath.Join(b.data, "results", "*", "*", "*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// An attempt that has timed out may still be writing while the next one runs.
func TestEachAttemptStoresItsOwnResult(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.write(t, "app.yaml", "sources: {}") // Until the second attempt.

	var suite testsuite.WorkflowTestSuite

	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivity(b.Activities)
	env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		if info.Attempt == 2 {
			b.write(t, "app.yaml", manifest)
		}
	})

	steps := func(ctx workflow.Context) ([]job.StepOutcome, error) {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: time.Hour, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 2},
		})

		outcomes := make([]job.StepOutcome, 2)
		for i := range outcomes {
			err := workflow.ExecuteActivity(ctx, b.Transform, task, scenario.Transform{
				Source: "stage", Query: "SELECT 1 AS a", ReturnResult: true,
			}).Get(ctx, &outcomes[i])
			if err != nil {
				return nil, err
			}
		}

		return outcomes, nil
	}

	env.ExecuteWorkflow(steps)
	require.NoError(t, env.GetWorkflowError())

	// The first step succeeded in its second attempt and the second step, of the same path, in its first.
	var outcomes []job.StepOutcome
	require.NoError(t, env.GetWorkflowResult(&outcomes))
	require.NotEqual(t, outcomes[0].Result.Key, outcomes[1].Result.Key)

	for _, outcome := range outcomes {
		require.JSONEq(t, `{"records":[{"a":1}]}`, b.answer(t, outcome))
	}
}

func TestLoadCountsRecordsOfACopiedFile(t *testing.T) {
	t.Parallel()

	b := newBench(t)

	outcome, err := b.run(t, b.LoadTableFromSource, scenario.LoadTableFromSource{
		Source: "files", Table: "companies.csv", TargetSource: "files", TargetTable: "copy.csv",
	})
	require.NoError(t, err)
	require.Equal(t, job.StepOutcome{Rows: 3}, outcome)

	copied, err := os.ReadFile(filepath.Join(b.apps, "7", "files", "copy.csv"))
	require.NoError(t, err)
	require.Equal(t, companies, string(copied))
}
