package activities_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
	_ "modernc.org/sqlite" // Registers the database/sql driver "sqlite".

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// A pattern may match more files when they are dropped than when they were read.
func TestDropTableDropsOnlyFilesThatWereRead(t *testing.T) {
	t.Parallel()

	for name, contents := range map[string][]string{
		"files":       {"[{\"id\":1}]", "[{\"id\":2}]", "[{\"id\":3}]"},
		"empty files": {"[]", "[]", "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			for i, file := range []string{"in/1.json", "in/[2].json", "in/3.json"} {
				b.write(t, "files/"+file, contents[i])
			}

			b.load(t)

			outcome, err := b.run(t, b.LoadTableFromSource, scenario.LoadTableFromSource{
				Source: "files", Space: "in", Table: "*.json", DropSource: true, TargetSource: "stage", TargetTable: "companies",
			})
			require.NoError(t, err)
			require.Equal(t, []string{"in/1.json", "in/3.json", `in/\[2].json`}, names(outcome.Read))

			b.write(t, "files/in/4.json", "[{\"id\":4}]")

			dropped, err := runAs[job.Dropped](t, b, b.DropTable, job.SourceTable{
				Source: "files", Space: "in", Table: "*.json", Parts: outcome.Read,
			})
			require.NoError(t, err)
			require.Empty(t, dropped.Kept)

			left, err := filepath.Glob(filepath.Join(b.apps, "7", "files", "in", "*"))
			require.NoError(t, err)
			require.Equal(t, []string{filepath.Join(b.apps, "7", "files", "in", "4.json")}, left)
			require.FileExists(t, filepath.Join(b.apps, "7", "files", "companies.csv"))
		})
	}
}

// names returns the names of files.
func names(parts []source.Part) []string {
	var names []string
	for _, part := range parts {
		names = append(names, part.Table.Name)
	}

	return names
}

// loadAndDrop loads files, calls change, and drops the files.
func (b *bench) loadAndDrop(t *testing.T, params scenario.LoadTableFromSource, change func()) job.Dropped {
	t.Helper()

	params.DropSource = true

	outcome, err := b.run(t, b.LoadTableFromSource, params)
	require.NoError(t, err)
	require.NotEmpty(t, outcome.Read)

	for _, part := range outcome.Read {
		require.NotEmpty(t, part.Version)
	}

	change()

	dropped, err := runAs[job.Dropped](t, b, b.DropTable, job.SourceTable{
		Source: params.Source, Table: params.Table, Parts: outcome.Read,
	})
	require.NoError(t, err)

	return dropped
}

func TestDropTableKeepsChangedFiles(t *testing.T) {
	t.Parallel()

	for name, params := range map[string]scenario.LoadTableFromSource{
		"a file":    {Source: "files", Table: "in/1.csv", TargetSource: "stage", TargetTable: "t"},
		"a pattern": {Source: "files", Table: "in/*.csv", TargetSource: "stage", TargetTable: "t"},
		"a copy":    {Source: "files", Table: "in/1.csv", TargetSource: "files", TargetTable: "t.csv"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			b.write(t, "files/in/1.csv", "id\n1\n")
			b.write(t, "files/in/2.csv", "id\n2\n")

			dropped := b.loadAndDrop(t, params, func() { b.write(t, "files/in/1.csv", "id\n1\n3\n") })
			require.Len(t, dropped.Kept, 1)
			require.Equal(t, "in/1.csv", dropped.Kept[0].Table)
			require.Contains(t, dropped.Kept[0].Reason, "after it was read")
			require.FileExists(t, filepath.Join(b.apps, "7", "files", "in", "1.csv"))

			require.Empty(t, b.loadAndDrop(t, params, func() {}).Kept)
			require.NoFileExists(t, filepath.Join(b.apps, "7", "files", "in", "1.csv"))

			if name == "a pattern" {
				require.NoFileExists(t, filepath.Join(b.apps, "7", "files", "in", "2.csv"))
			}
		})
	}
}

// If a writer does not read all records, the load assumes that the ledger has recorded an earlier attempt.
func TestLoadReportsReadFilesForEveryTarget(t *testing.T) {
	t.Parallel()

	keep := false

	for mode, writing := range map[string]scenario.Writing{
		"replace": {}, "append": {Append: true}, "upsert": {Upsert: []string{"id"}}, "refill": {DropTarget: &keep},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			b.write(t, "app.yaml", manifest+"  warehouse: {kind: PgSQLSource, connStr: \""+testserver.PostgreSQL(t)+
				"\"}\n  sales: {kind: MySQLSource, connStr: \""+testserver.MariaDB(t)+"\"}\n")

			for _, in := range []string{"stage", "warehouse", "sales", "files"} {
				for range 2 { // The table is missing, and then it is there.
					if in == "files" && mode == "upsert" {
						continue
					}

					params := loading
					params.TargetSource, params.TargetTable, params.Writing, params.DropSource = in, "t.csv", writing, true

					outcome, err := b.run(t, b.LoadTableFromSource, params)
					require.NoError(t, err, in)
					require.Equal(t, []string{"companies.csv"}, names(outcome.Read), in)
					require.NotEmpty(t, outcome.Read[0].Version, in)
				}
			}
		})
	}
}

// lose runs a load and loses the report of its first attempt, unless the attempt fails. It calls meanwhile before the second attempt.
func (b *bench) lose(t *testing.T, params scenario.LoadTableFromSource, meanwhile func()) (first, second job.StepOutcome) {
	t.Helper()

	var suite testsuite.WorkflowTestSuite

	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivityWithOptions(func(
		ctx context.Context, task job.Task, params scenario.LoadTableFromSource,
	) (*job.StepOutcome, error) {
		outcome, err := b.LoadTableFromSource(ctx, task, params)
		if activity.GetInfo(ctx).Attempt > 1 {
			return outcome, err
		}

		if err == nil {
			first, err = *outcome, errors.New("the report is lost")
		}

		meanwhile()

		return nil, err
	}, activity.RegisterOptions{Name: "Load"})
	env.ExecuteWorkflow(func(ctx workflow.Context) (outcome job.StepOutcome, err error) {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})

		return outcome, workflow.ExecuteActivity(ctx, "Load", task, params).Get(ctx, &outcome)
	})
	require.NoError(t, env.GetWorkflowResult(&second))

	return first, second
}

// The files may differ between two attempts of a load.
func TestLoadRetryReportsFilesFromTheLedger(t *testing.T) {
	t.Parallel()

	for _, in := range []string{"stage", "warehouse", "sales"} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			b.write(t, "app.yaml", manifest+"  warehouse: {kind: PgSQLSource, connStr: \""+testserver.PostgreSQL(t)+
				"\"}\n  sales: {kind: MySQLSource, connStr: \""+testserver.MariaDB(t)+"\"}\n")
			b.write(t, "files/in/1.csv", "id,price\n1,1.5\n")
			b.write(t, "files/in/2.csv", "id,price\n2,2.5\n")

			params := scenario.LoadTableFromSource{
				Source: "files", Table: "in/*.csv", TargetSource: in, TargetTable: "t", DropSource: true,
				ColumnTypes: map[string]source.Standard{"price": {Type: source.Decimal}}, // Of which MariaDB makes text.
			}

			first, second := b.lose(t, params, func() {
				b.write(t, "files/in/1.csv", "id,price\n1,1.5\n4,4.5\n")
				b.write(t, "files/in/3.csv", "id,price\n3,3.5\n")
			})
			require.Equal(t, []string{"in/1.csv", "in/2.csv"}, names(first.Read))
			require.Equal(t, first, second)

			// An attempt may still be at it when the next one has done all.
			require.Equal(t, first, b.again(t, false, b.LoadTableFromSource, params)[0])

			// A crash repeats a local activity as its first attempt, when its input may be gone.
			require.NoError(t, os.RemoveAll(filepath.Join(b.apps, "7", "files", "in")))

			repeated := b.again(t, true, b.LoadTableFromSource, params)[0]
			require.True(t, repeated.Recorded)

			repeated.Recorded = false
			require.Equal(t, first, repeated)
		})
	}

	t.Run("a table of a database", func(t *testing.T) {
		t.Parallel()

		b := newBench(t)
		b.write(t, "app.yaml", manifest+"  warehouse: {kind: SQLiteSource}\n")
		b.load(t)

		for _, outcome := range b.again(t, false, b.LoadTableFromSource, scenario.LoadTableFromSource{
			Source: "stage", Table: "companies", TargetSource: "warehouse", TargetTable: "t", DropSource: true,
		}) {
			require.Equal(t, job.StepOutcome{Rows: 3}, outcome)
		}

		_, err := runAs[job.Dropped](t, b, b.DropTable, job.SourceTable{Source: "stage", Table: "companies"})
		require.NoError(t, err)
	})
}

func TestDropTableKeepsFilesIfTheLoadDidNotReportThem(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	params := scenario.LoadTableFromSource{
		Source: "files", Table: "companies.csv", TargetSource: "stage", TargetTable: "t", DropSource: true,
	}

	_, outcome := b.lose(t, params, func() {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(b.data, "apps", "7", "stage.db"))
		require.NoError(t, err)

		_, err = db.ExecContext(t.Context(), "UPDATE jobwright_ledger SET details = NULL")
		require.NoError(t, errors.Join(err, db.Close()))
	})
	require.EqualValues(t, 3, outcome.Rows)
	require.Empty(t, outcome.Read)

	dropped, err := runAs[job.Dropped](t, b, b.DropTable, job.SourceTable{
		Source: params.Source, Table: params.Table, Parts: outcome.Read,
	})
	require.NoError(t, err)
	require.Len(t, dropped.Kept, 1)
	require.Equal(t, "companies.csv", dropped.Kept[0].Table)
	require.Contains(t, dropped.Kept[0].Reason, "did not report which files it read")
	require.FileExists(t, filepath.Join(b.apps, "7", "files", "companies.csv"))
}

func TestLoadRejectsDropSourceOfTooManyFiles(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	folder := filepath.Join(b.apps, "7", "files", "in")
	require.NoError(t, os.Mkdir(folder, 0o750))

	for i := range 1_001 {
		require.NoError(t, os.WriteFile(filepath.Join(folder, string(rune('一'+i))+".csv"), []byte("id\n1\n"), 0o600))
	}

	_, err := b.run(t, b.LoadTableFromSource, scenario.LoadTableFromSource{
		Source: "files", Table: "in/*.csv", DropSource: true, TargetSource: "stage", TargetTable: "all",
	})
	requireFailure(t, err, "source_operation_unsupported", false, "at most 1000 files at a time, and the pattern matches 1001")
}
