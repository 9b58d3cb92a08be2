package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// again runs the same step three times, as Temporal does if the reports of the first two attempts are lost, or if a crash repeats
// a local activity.
func (b *bench) again(t *testing.T, isLocal bool, operation, params any) []job.StepOutcome {
	t.Helper()

	var (
		suite    testsuite.WorkflowTestSuite
		outcomes []job.StepOutcome
	)

	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivity(b.Activities)
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Duration(scenario.DefaultTimeout)})

		for range 3 {
			var outcome job.StepOutcome

			future := workflow.ExecuteActivity
			if isLocal {
				future, ctx = workflow.ExecuteLocalActivity, locally(ctx)
			}

			if err := future(ctx, operation, taskOf(isLocal), params).Get(ctx, &outcome); err != nil {
				return err
			}

			outcomes = append(outcomes, outcome)
		}

		return nil
	})
	require.NoError(t, env.GetWorkflowError())

	return outcomes
}

// TestStepTakesEffectOnceIfItsReportIsLost runs steps as regular activities, of which Temporal counts the attempts, and as local
// ones, whose repetitions all are the first attempt.
func TestStepTakesEffectOnceIfItsReportIsLost(t *testing.T) {
	t.Parallel()

	for _, isLocal := range []bool{false, true} {
		t.Run(fmt.Sprintf("local %t", isLocal), func(t *testing.T) {
			t.Parallel()

			requireOneEffect(t, isLocal)
		})
	}
}

func requireOneEffect(t *testing.T, isLocal bool) {
	t.Helper()

	for _, in := range []string{"stage", "warehouse"} {
		for name, test := range map[string]struct {
			change func(*bench) (operation, params any)
			rows   int64 // What each attempt returns.
		}{
			"Insert": {func(b *bench) (operation, params any) {
				return b.Insert, scenario.Insert{
					Source: in, Table: "t", Given: scenario.Given{Records: []jsonvalue.Object{{"n": int64(1)}}},
				}
			}, 1},
			"Transform": {func(b *bench) (operation, params any) {
				return b.Transform, scenario.Transform{
					Source: in, Query: "SELECT n FROM t", TargetTable: "t", Writing: scenario.Writing{Append: true},
				}
			}, 1},
			"LoadTableFromSource": {func(b *bench) (operation, params any) {
				return b.LoadTableFromSource, scenario.LoadTableFromSource{
					Source: "files", Table: "n.csv", TargetSource: in, TargetTable: "t", Writing: scenario.Writing{Append: true},
				}
			}, 1},
			"LoadTableFromSource with rejects": {func(b *bench) (operation, params any) {
				return b.LoadTableFromSource, scenario.LoadTableFromSource{
					Source: "files", Table: "n.csv", TargetSource: in, TargetTable: "t", Writing: scenario.Writing{Append: true},
					ColumnTypes: map[string]source.Standard{"n": {Type: source.Integer}}, RejectTable: "r",
				}
			}, 1},
			"RunSourceScript": {func(b *bench) (operation, params any) {
				return b.RunSourceScript, scenario.RunSourceScript{Source: in, Script: "INSERT INTO t VALUES (1)"}
			}, 1},
		} {
			t.Run(in+"/"+name, func(t *testing.T) {
				t.Parallel()

				b := newBench(t)
				b.write(t, "app.yaml", manifest+"  warehouse: {kind: PgSQLSource, connStr: \""+testserver.PostgreSQL(t)+"\"}\n")
				b.write(t, "files/n.csv", "n\n2\n")

				_, err := b.run(t, b.RunSourceScript, scenario.RunSourceScript{
					Source: in, Script: "CREATE TABLE t (n bigint); INSERT INTO t VALUES (0)",
				})
				require.NoError(t, err)

				operation, params := test.change(b)
				for _, outcome := range b.again(t, isLocal, operation, params) {
					require.Equal(t, test.rows, outcome.Rows)
				}

				require.Contains(t, b.returned(t, scenario.Transform{Source: in, Query: "SELECT count(*) AS n FROM t"}), `[{"n":2}]`)
			})
		}
	}
}
