package activities_test

import (
	"context"
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

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// series is a query that finds the numbers from 1 to :count.
const series = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < :count) SELECT n, n * 0.5 AS half FROM s"

// numbersTo returns a query for the numbers from 1 to count.
func numbersTo(count int64) job.RecordsQuery {
	return job.RecordsQuery{Query: expression.Query{Source: "stage", Query: series, Bind: jsonvalue.Object{"count": count}}}
}

// setAside returns the files with records that were set aside.
func (b *bench) setAside(t *testing.T) []string {
	t.Helper()

	found, err := filepath.Glob(filepath.Join(b.data, "results", "*", "*", "*"))
	require.NoError(t, err)

	return found
}

func TestReadRecordsReturnsPages(t *testing.T) {
	t.Parallel()

	const count = 10_000

	b := newBench(t)

	page, err := runAs[job.RecordsPage](t, b, b.ReadRecords, numbersTo(count))
	require.NoError(t, err)
	require.Len(t, b.setAside(t), 1)

	// All pages are of the moment of the first.
	b.write(t, "app.yaml", "sources: {}")

	next := int64(1)

	for {
		require.LessOrEqual(t, len(page.Records), 500)

		for _, record := range page.Records {
			require.Equal(t, jsonvalue.Object{"n": next, "half": float64(next) / 2}, record)

			next++
		}

		if page.Next == 0 {
			break
		}

		page, err = runAs[job.RecordsPage](t, b, b.ReadRecords, job.RecordsQuery{Key: page.Key, Offset: page.Next})
		require.NoError(t, err)
	}

	require.EqualValues(t, count+1, next)
}

func TestReadRecordsDoesNotSpoolASinglePage(t *testing.T) {
	t.Parallel()

	b := newBench(t)

	for _, count := range []int64{1, 500} {
		page, err := runAs[job.RecordsPage](t, b, b.ReadRecords, numbersTo(count))
		require.NoError(t, err)
		require.Len(t, page.Records, int(count))
		require.Empty(t, page.Key)
		require.Zero(t, page.Next)
	}

	page, err := runAs[job.RecordsPage](t, b, b.ReadRecords, job.RecordsQuery{
		Query: expression.Query{Source: "stage", Query: "SELECT 1 AS n WHERE 1 = 0"},
	})
	require.NoError(t, err)
	require.Empty(t, page.Records)
	require.Empty(t, b.setAside(t))
}

func TestDropRecordsIsIdempotent(t *testing.T) {
	t.Parallel()

	b := newBench(t)

	page, err := runAs[job.RecordsPage](t, b, b.ReadRecords, numbersTo(501))
	require.NoError(t, err)
	require.Len(t, b.setAside(t), 1)

	for range 2 {
		_, err = runAs[any](t, b, b.DropRecords, page.Key)
		require.NoError(t, err)
		require.Empty(t, b.setAside(t))
	}

	_, err = runAs[job.RecordsPage](t, b, b.ReadRecords, job.RecordsQuery{Key: page.Key, Offset: page.Next})
	requireFailure(t, err, "result_store", true, "the records of the loop can't be read")
}

func TestDropRecordsErrorIsRetryable(t *testing.T) {
	t.Parallel()

	b := newBench(t)

	// A folder in which something lies can't be removed like a file.
	require.NoError(t, os.MkdirAll(filepath.Join(b.data, "results", "7", "run", "1-1.ndjson", "x"), 0o750))

	_, err := runAs[any](t, b, b.DropRecords, "7/run/1-1.ndjson")
	requireFailure(t, err, "result_store", true, "the records of the loop can't be removed")
}

func TestReadRecordsReportsErrors(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name, code string
		retried    bool
		message    string
		query      string
		spoil      bool
	}{
		{name: "wrong SQL", code: "source_query_invalid", message: "syntax error", query: "SELEKT 1"},
		{name: "two columns of one name", code: "result_invalid", message: `two columns are named "a"`, query: "SELECT 1 AS a, 2 AS a"},
		{
			name: "a record larger than a page", code: "limit_exceeded", message: "record 2: the record is too large for a loop",
			query: "SELECT 'x' AS a UNION ALL SELECT hex(zeroblob(65536))",
		},
		{
			name: "a record behind the first page that is not UTF-8", code: "source_record_invalid", message: "record 501",
			query: "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 501) " +
				"SELECT CASE n WHEN 501 THEN CAST(x'ff' AS TEXT) ELSE 'x' END AS a FROM s",
		},
		{
			name: "an unwritable store", code: "result_store", retried: true, message: "the records of the loop can't be stored",
			query: strings.Replace(series, ":count", "501", 1), spoil: true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			if test.spoil {
				require.NoError(t, os.WriteFile(filepath.Join(b.data, "results", "7"), nil, 0o600))
			}

			_, err := runAs[job.RecordsPage](t, b, b.ReadRecords, job.RecordsQuery{
				Query: expression.Query{Source: "stage", Query: test.query},
			})
			requireFailure(t, err, test.code, test.retried, test.message)
			require.Empty(t, b.setAside(t))
		})
	}
}

// An attempt that Temporal has given up may still be writing while the next one runs. The path of a step in many loops is
// longer than the name of a file may be.
func TestEachAttemptSpoolsUnderItsOwnKey(t *testing.T) {
	t.Parallel()

	for _, path := range []string{"4.steps[17].2", strings.Repeat("1.steps[0].", 100) + "1"} {
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

		env.ExecuteWorkflow(func(ctx workflow.Context) ([]job.RecordsPage, error) {
			ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
				StartToCloseTimeout: time.Hour, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 2},
			})

			pages := make([]job.RecordsPage, 2)
			for i := range pages {
				task := job.Task{AppID: "7", JobID: "nightly", Step: path}

				err := workflow.ExecuteActivity(ctx, b.ReadRecords, task, numbersTo(501)).Get(ctx, &pages[i])
				if err != nil {
					return nil, err
				}
			}

			return pages, nil
		})
		require.NoError(t, env.GetWorkflowError())

		var pages []job.RecordsPage
		require.NoError(t, env.GetWorkflowResult(&pages))
		require.NotEqual(t, pages[0].Key, pages[1].Key)
		require.Len(t, b.setAside(t), 2)
	}
}
