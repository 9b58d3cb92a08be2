package app_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/problem"
)

// pinnedApp has the scenario Main, which runs the scenario Inner, which runs a script.
var pinnedApp = map[string]string{
	"7/app.yaml": "sources: {stage: {kind: SQLiteSource}}",
	"7/scenarios/Main.yml": `
description: outer
parameters: {tags: {type: json, default: [a, b]}}
steps: [{opName: RunScenario, opParams: {scenario: Inner}}]
`,
	"7/scenarios/Inner.yaml": "steps: [{opName: RunSourceScript, opParams: {source: stage, scriptFile: sql/run.sql}}]",
	"7/sql/run.sql":          "DELETE FROM a",
}

// pin pins the scenario Main of the app 7.
func pin(t *testing.T, apps *app.Catalog) (*app.Pinned, scenario.Program) {
	t.Helper()

	found, err := apps.App("7")
	require.NoError(t, err)

	pinned, err := found.Pin("Main")
	require.NoError(t, err)

	var program scenario.Program
	require.NoError(t, json.Unmarshal(pinned.Program, &program))

	return pinned, program
}

// age gives files the modification time of an hour ago, so that their stamps are exact.
func age(t *testing.T, dir string, files ...string) {
	t.Helper()

	before := time.Now().Add(-time.Hour)
	for _, file := range files {
		require.NoError(t, os.Chtimes(filepath.Join(dir, file), before, before))
	}
}

func TestPinReadsAProgramOnceForEachVersion(t *testing.T) {
	t.Parallel()

	apps, dir, _ := observed(t, pinnedApp)
	first, program := pin(t, apps)

	require.Equal(t, "Main", first.Name)
	require.Equal(t, "outer", first.Scenario.Description)
	require.Len(t, first.Scenario.Parameters, 1)
	require.Equal(t, "Main", program.Entry)
	require.Len(t, program.Scenarios, 2)
	require.Equal(t, map[string]string{"sql/run.sql": "DELETE FROM a"}, program.Files)

	again, _ := pin(t, apps)
	require.Same(t, first, again, "the files may have changed in the same moment, but have not")

	// The same texts with other times.
	for name := range pinnedApp {
		age(t, dir, name)
	}

	for range 3 {
		again, _ = pin(t, apps)
		require.Same(t, first, again)
	}

	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			found, err := apps.App("7")
			require.NoError(t, err)

			again, err := found.Pin("Main")
			require.NoError(t, err)
			require.Same(t, first, again)
		})
	}

	wait.Wait()
}

func TestPinReadsAChangeOfAnyFile(t *testing.T) {
	t.Parallel()

	for _, change := range []struct {
		name, file, text string
		isSeen           func(*app.Pinned, scenario.Program) bool
	}{
		{
			"the scenario", "scenarios/Main.yml", "description: other\nsteps: [{opName: Return, opParams: {value: 1}}]",
			func(pinned *app.Pinned, program scenario.Program) bool {
				return pinned.Scenario.Description == "other" && len(program.Scenarios) == 1
			},
		},
		{
			"a file that hides the scenario's", "scenarios/Main.yaml", "description: hides\nsteps: [{opName: Return, opParams: {value: 1}}]",
			func(pinned *app.Pinned, _ scenario.Program) bool { return pinned.Scenario.Description == "hides" },
		},
		{
			"a scenario that it runs", "scenarios/Inner.yaml", "description: other\nsteps: [{opName: Return, opParams: {value: 1}}]",
			func(_ *app.Pinned, program scenario.Program) bool {
				return program.Scenarios["Inner"].Description == "other" && program.Files == nil
			},
		},
		{
			"a script", "sql/run.sql", "DELETE FROM b",
			func(_ *app.Pinned, program scenario.Program) bool {
				return program.Files["sql/run.sql"] == "DELETE FROM b"
			},
		},
		{
			"the app", "app.yaml", "sources: {stage: {kind: SQLiteSource}}\nlimits: {queryTimeout: 7s}",
			func(_ *app.Pinned, program scenario.Program) bool { return program.Limits.QueryTimeout > 0 },
		},
	} {
		t.Run(change.name, func(t *testing.T) {
			t.Parallel()

			for _, isOld := range []bool{false, true} {
				apps, dir, _ := observed(t, pinnedApp)

				if isOld {
					for name := range pinnedApp {
						age(t, dir, name)
					}
				}

				before, _ := pin(t, apps)
				require.NotEmpty(t, before.Program)

				write(t, filepath.Join(dir, "7", filepath.FromSlash(change.file)), change.text)

				after, program := pin(t, apps)
				require.True(t, change.isSeen(after, program), "%s", after.Program)
			}
		})
	}
}

func TestPinReturnsTheMistakesOfABrokenFileUntilItIsCorrected(t *testing.T) {
	t.Parallel()

	apps, dir, _ := observed(t, pinnedApp)
	first, _ := pin(t, apps)

	for file, broken := range map[string]string{
		"scenarios/Main.yml":   "steps: [{opName: Transfrom}]",
		"scenarios/Inner.yaml": "steps: [{opName: Transfrom}]",
		"app.yaml":             "sources: {other: {kind: SQLiteSource}}",
	} {
		path := filepath.Join(dir, "7", filepath.FromSlash(file))
		write(t, path, broken)

		found, err := apps.App("7")
		require.NoError(t, err)

		var problems problem.List

		for range 2 {
			_, err = found.Pin("Main")
			require.ErrorAs(t, err, &problems, file)
		}

		write(t, path, pinnedApp["7/"+file])

		again, _ := pin(t, apps)
		require.JSONEq(t, string(first.Program), string(again.Program))
	}

	require.NoError(t, os.Remove(filepath.Join(dir, "7", "sql", "run.sql")))

	found, err := apps.App("7")
	require.NoError(t, err)

	_, err = found.Pin("Main")
	require.ErrorContains(t, err, "the app has no file sql/run.sql")

	require.NoError(t, os.Remove(filepath.Join(dir, "7", "scenarios", "Main.yml")))

	_, err = found.Pin("Main")
	require.ErrorIs(t, err, app.ErrNotFound)
}

// TestPinReportsMistakesOfTheScenarioAndOfItsCallsTogether: the author corrects them in one go.
func TestPinReportsMistakesOfTheScenarioAndOfItsCallsTogether(t *testing.T) {
	t.Parallel()

	found := load(t, "description: x", map[string]string{
		"scenarios/Main.yaml": "steps: [{opName: Transfrom}, {opName: RunScenario, opParams: {scenario: Innner}}]",
	})

	_, err := found.Pin("Main")
	require.ErrorContains(t, err, "unknown operation Transfrom")
	require.ErrorContains(t, err, "unknown scenario Innner")
}
