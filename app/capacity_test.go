package app_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/problem"
)

func TestAppCapacity(t *testing.T) {
	t.Parallel()

	of, err := catalog(t, map[string]string{"7/app.yaml": `
taskQueue: shop
sources:
  a: {kind: SQLiteSource, taskQueue: heavy, maxConcurrentSteps: 2, maxStepsPerSecond: 0.5}
  b: {kind: SQLiteSource, taskQueue: heavy}
  c: {kind: SQLiteSource}
`}).App("7")
	require.NoError(t, err)

	require.Equal(t, map[string]app.Capacity{
		"a": {TaskQueue: "heavy", MaxConcurrentSteps: 2, MaxStepsPerSecond: 0.5}, "b": {TaskQueue: "heavy"},
	}, of.Capacities)
	require.Empty(t, of.Sources["a"].Options, "the options of the driver")
	require.Equal(t, map[string]scenario.Capacity{
		"a": {TaskQueue: "heavy", Limited: true}, "b": {TaskQueue: "heavy"},
	}, of.Environment().Capacities)
	require.EqualValues(t, "shop", of.Environment().TaskQueue)
}

func TestAppReportsMistakesInCapacity(t *testing.T) {
	t.Parallel()

	_, err := catalog(t, map[string]string{"7/app.yaml": `
taskQueue: a queue
sources:
  a: {kind: SQLiteSource, taskQueue: -heavy, maxConcurrentSteps: 0, maxStepsPerSecond: 1000}
  b: {kind: SQLiteSource, maxConcurrentStep: 1}
`}).App("7")

	var problems problem.List
	require.ErrorAs(t, err, &problems)

	var got []string
	for _, found := range problems {
		got = append(got, found.String())
	}

	require.ElementsMatch(t, strings.Split(`
app.yaml:2:12: taskQueue must be a name of letters, digits, dots, hyphens and underscores, such as heavy [app_invalid]
app.yaml:4:38: sources.a.taskQueue must be a name of letters, digits, dots, hyphens and underscores, such as heavy [app_invalid]
app.yaml:4:66: sources.a.maxConcurrentSteps must be an integer between 1 and 10000 [app_invalid]
app.yaml:4:88: sources.a.maxStepsPerSecond must be a number between 0.001 and 100 [app_invalid]
app.yaml:5:27: SQLiteSource has no option maxConcurrentStep; did you mean maxConcurrentSteps? [app_invalid]`[1:], "\n"), got)
}

func TestAppTaskQueuesAreThoseOfAppSourcesAndSteps(t *testing.T) {
	t.Parallel()

	of, err := catalog(t, map[string]string{
		"7/app.yaml": `
taskQueue: shop
sources:
  a: {kind: SQLiteSource, taskQueue: heavy}
  b: {kind: SQLiteSource}
`,
		"7/scenarios/Main.yaml": `
steps:
  - opName: ForEach
    opParams:
      in: [1]
      as: n
      steps:
        - {opName: RunSourceScript, taskQueue: far, opParams: {source: b, script: SELECT 1}}
        - {opName: RunSourceScript, taskQueue: heavy, opParams: {source: b, script: SELECT 1}}
`,
		"7/scenarios/Wrong.yaml": "steps: [{opName: Nothing, taskQueue: never}]",
	}).App("7")
	require.NoError(t, err)

	queues, err := of.TaskQueues()
	require.NoError(t, err)
	require.Equal(t, []scenario.TaskQueue{"far", "heavy", "shop"}, queues)
}
