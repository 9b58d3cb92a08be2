package activities_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqlite"
)

// numbers is a file in which lines 3 and 4 are invalid: the first has no integer, the other too many fields.
const numbers = "n\n1\nx\n2,2\n3\n"

// loadNumbers loads a column of integers into table t of a source, and the rejected records into table r.
func loadNumbers(in string) scenario.LoadTableFromSource {
	load := scenario.LoadTableFromSource{
		Source: "files", Table: "numbers.csv", TargetSource: in, TargetTable: "t", RejectTable: "r",
		ColumnTypes: map[string]source.Standard{"n": {Type: source.Integer}},
	}
	load.TargetFormat.Type = map[string]string{"files": "csv"}[in]

	return load
}

// eachStore calls do with a bench and the name of a source of each kind that can be written.
func eachStore(t *testing.T, do func(t *testing.T, b *bench, in string)) {
	t.Helper()

	for _, in := range []string{"stage", "warehouse", "sales", "files"} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			b.write(t, "app.yaml", manifest+"  warehouse: {kind: PgSQLSource, connStr: \""+testserver.PostgreSQL(t)+
				"\"}\n  sales: {kind: MySQLSource, connStr: \""+testserver.MariaDB(t)+"\"}\n")
			b.write(t, "files/numbers.csv", numbers)

			do(t, b, in)
		})
	}
}

// stored returns the records of a table as lines of CSV without the header.
func (b *bench) stored(t *testing.T, in, table string) []string {
	t.Helper()

	load := scenario.LoadTableFromSource{Source: in, Table: table, TargetSource: "files", TargetTable: "stored.csv"}
	load.Format.Type = map[string]string{"files": "csv"}[in]

	_, err := b.run(t, b.LoadTableFromSource, load)
	require.NoError(t, err)

	text, err := os.ReadFile(filepath.Join(b.apps, "7", "files", "stored.csv"))
	require.NoError(t, err)

	return strings.Split(strings.TrimSpace(strings.ReplaceAll(string(text), "\r", "")), "\n")[1:]
}

func TestLoadCountsRejectedRecordsOnceIfItsReportIsLost(t *testing.T) {
	t.Parallel()

	eachStore(t, func(t *testing.T, b *bench, in string) {
		t.Helper()

		first, second := b.lose(t, loadNumbers(in), func() {
			if in != "files" { // Without a ledger, the second attempt reads the input again.
				b.write(t, "files/numbers.csv", "n\nanother\n")
			}
		})
		require.Equal(t, first, second)

		first.Conversions = nil
		require.Equal(t, job.StepOutcome{Rows: 2, Rejected: 2}, first)
		require.Equal(t, []string{"1", "3"}, b.stored(t, in, "t"))

		rejected := b.stored(t, in, "r")
		require.Len(t, rejected, 2)
		require.Contains(t, rejected[0], "line 3")
		require.Contains(t, rejected[1], "line 4")
	})
}

func TestLoadBeyondMaxRejectedChangesNothingButTheRejectTable(t *testing.T) {
	t.Parallel()

	eachStore(t, func(t *testing.T, b *bench, in string) {
		t.Helper()

		_, err := b.run(t, b.LoadTableFromSource, loadNumbers(in))
		require.NoError(t, err)
		b.write(t, "files/numbers.csv", "n\n7\nx\n8\ny\n9\nz\n")

		for name, test := range map[string]struct {
			max      any
			message  string
			rejected int
		}{
			"a number": {int64(1), "more than 1 records were rejected (maxRejected); the first: line 3, column \"n\": \"x\"", 2},
			"a share":  {"49 %", "3 of 6 records were rejected, and maxRejected is 49 %; the first: line 3", 3},
		} {
			load := loadNumbers(in)
			load.MaxRejected.Any, load.Append = test.max, true

			_, err := b.run(t, b.LoadTableFromSource, load)
			requireFailure(t, err, job.CodeRejectedExceeded, false, test.message)
			require.ErrorContains(t, err, "which the table r contains", name)

			var (
				failure *temporal.ApplicationError
				detail  job.ErrorDetail
			)

			require.ErrorAs(t, err, &failure)
			require.NoError(t, failure.Details(&detail))
			require.EqualValues(t, test.rejected, detail.Rejected, name)

			require.Equal(t, []string{"1", "3"}, b.stored(t, in, "t"), name)
			require.Len(t, b.stored(t, in, "r"), test.rejected, name)
		}
	})
}

func TestLoadOfRejectedRecordsAloneFails(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		content string
		max     any
		fails   bool
	}{
		"all":                     {"n\nx\ny\n", nil, true},
		"all and a large maximum": {"n\nx\n", "100 %", true},
		"none":                    {"n\n1\n", int64(0), false},
		"an empty file":           {"n\n", int64(0), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			b.write(t, "files/numbers.csv", test.content)

			load := loadNumbers("stage")
			load.MaxRejected.Any = test.max

			_, err := b.run(t, b.LoadTableFromSource, load)
			if !test.fails {
				require.NoError(t, err)

				return
			}

			requireFailure(t, err, job.CodeRejectedExceeded, false, "all records were rejected (")
		})
	}
}

func TestLoadWithInferredTypesCountsRejectedRecords(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.write(t, "files/numbers.csv", "n\n"+strings.Repeat("1\n", 1_000)+"x\n2,2\n")

	load := loadNumbers("stage")
	load.ColumnTypes, load.InferTypes = nil, true

	outcome, err := b.run(t, b.LoadTableFromSource, load)
	require.NoError(t, err)
	require.EqualValues(t, 1_000, outcome.Rows)
	require.EqualValues(t, 2, outcome.Rejected)

	load.MaxRejected.Any = int64(1)

	_, err = b.run(t, b.LoadTableFromSource, load)
	requireFailure(t, err, job.CodeRejectedExceeded, false, "more than 1 records")
}

// forgetful is an SQLite source whose first write of the table r fails.
type forgetful struct {
	*sqlite.Source

	hasFailed *atomic.Bool
}

func (f forgetful) WriteTable(ctx context.Context, write source.Write, rows source.Rows) (source.Written, error) {
	if write.Table.Name == "r" && !f.hasFailed.Swap(true) {
		return source.Written{}, &source.Error{Code: source.CodeUnavailable, Message: "the disk is full", Retryable: true}
	}

	return f.Source.WriteTable(ctx, write, rows)
}

// An attempt may end between its target and its rejectTable. The next one writes the rejectTable, and does not fail although
// the input has changed: the target is written.
func TestLoadWritesItsRejectTableAfterTheTargetIsRecorded(t *testing.T) {
	t.Parallel()

	var hasFailed atomic.Bool

	with := driversWith(func(ctx context.Context, of source.Definition, place source.Place) (source.Source, error) {
		of.Options = nil

		opened, err := sqlite.Open(ctx, of, place)
		if err != nil {
			return nil, err
		}

		return forgetful{Source: opened.(*sqlite.Source), hasFailed: &hasFailed}, nil
	})

	b := newBenchWith(t, with)
	b.write(t, "app.yaml", manifest+"  warehouse: {kind: AWSS3Source, bucket: x}\n")
	b.write(t, "files/numbers.csv", numbers)

	load := loadNumbers("warehouse")
	load.MaxRejected.Any, load.Append = int64(2), true

	_, outcome := b.lose(t, load, func() { b.write(t, "files/numbers.csv", "n\nx\ny\nz\n") })
	require.Equal(t, job.StepOutcome{Rows: 2, Rejected: 2}, outcome)
	require.Equal(t, []string{"1", "3"}, b.stored(t, "warehouse", "t"))
	require.Len(t, b.stored(t, "warehouse", "r"), 3)
}

// counters are the counters of an attempt, with their tags app and operation.
type counters struct {
	client.MetricsHandler

	tags  map[string]string
	total map[string]int64
}

func (c counters) WithTags(tags map[string]string) client.MetricsHandler {
	all := maps.Clone(c.tags)
	maps.Copy(all, tags)

	return counters{c.MetricsHandler, all, c.total}
}

func (c counters) Counter(name string) client.MetricsCounter {
	if !strings.HasPrefix(name, "jobwright_") {
		return c.MetricsHandler.Counter(name)
	}

	return countFunc(func(n int64) { c.total[name+" "+c.tags["app"]+" "+c.tags["operation"]] += n })
}

type countFunc func(int64)

func (f countFunc) Inc(n int64) { f(n) }

func TestLoadReportsRejectedRecordsInMetrics(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.write(t, "files/numbers.csv", numbers)

	var suite testsuite.WorkflowTestSuite

	counted := counters{client.MetricsNopHandler, map[string]string{}, map[string]int64{}}
	suite.SetMetricsHandler(counted)

	for i, most := range []any{nil, int64(0)} { // The second load fails after its first reject.
		env := suite.NewTestActivityEnvironment()
		env.RegisterActivity(b.Activities)

		load := loadNumbers("stage")
		load.MaxRejected.Any = most

		_, err := env.ExecuteActivity(b.LoadTableFromSource, task, load)
		require.Equal(t, i == 1, err != nil, err)
	}

	require.Equal(t, int64(3), counted.total["jobwright_records_rejected 7 LoadTableFromSource"])
	require.Equal(t, int64(2), counted.total["jobwright_step_attempts 7 LoadTableFromSource"])
	require.Positive(t, counted.total["jobwright_step_rows 7 LoadTableFromSource"])
	require.Positive(t, counted.total["jobwright_step_bytes 7 LoadTableFromSource"])
}
