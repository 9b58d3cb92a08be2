package workflows_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

const droppingLoads = `
steps:
  - opName: ForEach
    opParams:
      in: [1, 2, 3, 4, 5, 6, 7]
      as: n
      steps:
        - {opName: LoadTableFromSource, opParams: {source: files, table: "${n}.csv", targetSource: stage, targetTable: t, dropSource: true}}
`

func TestDropSourceReportsKeptTables(t *testing.T) {
	t.Parallel()

	var asked []job.SourceTable

	b := newBench(t, func(made call) (*job.StepOutcome, error) {
		return &job.StepOutcome{Rows: 1, Read: partsOf(made.params["table"].(string))}, nil
	})
	b.RegisterActivityWithOptions(func(_ context.Context, _ job.Task, table job.SourceTable) (*job.Dropped, error) {
		asked = append(asked, table)

		switch table.Table {
		case "1.csv", "2.csv":
			return &job.Dropped{}, nil
		}

		return &job.Dropped{Kept: []job.Kept{
			{Table: table.Table, Reason: "replaced"}, {Table: table.Table, Reason: "replaced, too"}, {Table: table.Table, Reason: "and again"},
		}}, nil
	}, activity.RegisterOptions{Name: job.DropTableActivity})
	b.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: program(t, droppingLoads), Parameters: jsonvalue.Object{}})
	require.NoError(t, b.GetWorkflowError())

	require.Len(t, asked, 7)

	for i, table := range asked {
		name := fmt.Sprintf("%d.csv", i+1)
		require.Equal(t, job.SourceTable{Source: "files", Table: name, Parts: partsOf(name)}, table)
	}

	var outcome job.Outcome

	require.NoError(t, b.GetWorkflowResult(&outcome))
	require.Equal(t, job.StepCompleted, outcome.Steps[1].State)
	require.Len(t, outcome.Steps[1].Kept, 10) // The maximum.
	require.Equal(t, job.Kept{Table: "3.csv", Reason: "replaced"}, outcome.Steps[1].Kept[0])
	require.Equal(t, job.Kept{Table: "6.csv", Reason: "replaced"}, outcome.Steps[1].Kept[9])
}

// partsOf returns the parts of a table of one file.
func partsOf(name string) []source.Part {
	return []source.Part{{Table: source.Table{Name: name}, Version: "v"}}
}
