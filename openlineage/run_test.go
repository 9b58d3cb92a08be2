package openlineage_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/openlineage"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/kind"
)

// requireValid validates an event, and each of its facets, against the published schemas.
func requireValid(t *testing.T, encoded []byte) {
	t.Helper()

	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()

	files, err := filepath.Glob("testdata/spec/*.json")
	require.NoError(t, err)

	facets, err := filepath.Glob("testdata/spec/facets/*.json")
	require.NoError(t, err)

	for _, file := range append(files, facets...) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)

		schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		require.NoError(t, err)
		require.NoError(t, compiler.AddResource(schema.(map[string]any)["$id"].(string), schema))
	}

	event, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	require.NoError(t, err)

	validate := func(schemaURL string, value any) {
		schema, err := compiler.Compile(schemaURL)
		require.NoError(t, err, schemaURL)
		require.NoError(t, schema.Validate(value), string(encoded))
	}

	validate(event.(map[string]any)["schemaURL"].(string), event)

	found := 0

	var visit func(any)

	visit = func(value any) {
		switch v := value.(type) {
		case []any:
			for _, entry := range v {
				visit(entry)
			}
		case map[string]any:
			if schemaURL, isFacet := v["_schemaURL"].(string); isFacet {
				found++
				validate(schemaURL, v)
			}

			for _, field := range v {
				visit(field)
			}
		}
	}

	visit(event)
	require.Positive(t, found)
}

func sources() map[string]source.Definition {
	return map[string]source.Definition{
		"pg":    {Kind: kind.PgSQLSource, Options: map[string]any{"connStr": "postgres://loader@db.example.com/warehouse"}},
		"files": {Kind: kind.FileSource, Options: map[string]any{"path": "/srv/files"}},
		"lite":  {Kind: kind.SQLiteSource},
	}
}

// program returns a program with the steps.
func program(t *testing.T, steps string) scenario.Program {
	t.Helper()

	document, err := validation.Parse("Main.yaml", []byte("steps:\n"+steps), validation.Environment{
		Sources: []string{"pg", "files", "lite"},
		Kinds:   map[string]string{"pg": kind.PgSQLSource, "files": kind.FileSource, "lite": kind.SQLiteSource},
	})
	require.NoError(t, err)

	return scenario.Program{Entry: "Main", Scenarios: map[string]scenario.Scenario{"Main": document.Scenario}}
}

const steps = `
- {opName: LoadTableFromSource, opParams: {source: files, table: a.csv, columns: [Id, name], columnNames: standardize, targetSource: pg, targetSpace: s, targetTable: t, rejectTable: r}}
- {opName: Transform, opParams: {source: pg, query: "SELECT id, lower(name) AS low FROM s.t", targetSource: lite, targetTable: u}}
- {opName: Transform, opParams: {source: pg, query: "SELECT id FROM s.t", targetTable: "t_${job.id}"}}
- {opName: RunScenario, opParams: {scenario: Other}}
`

func run(t *testing.T) openlineage.JobRun {
	t.Helper()

	of := openlineage.JobRun{JobID: "night 1", RunID: "r", AppID: "7", Scenario: "Main", Program: program(t, steps)}
	of.Program.Scenarios["Other"] = program(t, "- {opName: Insert, opParams: {source: pg, table: x, records: [{a: 1}]}}").Scenarios["Main"]

	return of
}

func TestNewEventDescribesTheDatasetsOfTheJob(t *testing.T) {
	t.Parallel()

	event := openlineage.NewEvent("jobs", run(t), sources(), openlineage.State{
		Type: openlineage.Complete, At: time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC),
		Steps: []job.StepStatus{{Path: "1", Rows: 7, Rejected: 2, Bytes: 99}, {Path: "2", Rows: 7}},
	})

	encoded, err := json.MarshalIndent(event, "", "  ")
	require.NoError(t, err)
	requireValid(t, encoded)

	want, err := os.ReadFile("testdata/complete.json")
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(encoded))
}

func TestNewEventIsValidInEachState(t *testing.T) {
	t.Parallel()

	of := run(t)
	of.Parents = []openlineage.Ancestor{
		{JobID: "night 1/4", RunID: "p", AppID: "7", Scenario: "Parent"}, {JobID: "night 1", RunID: "q", AppID: "7", Scenario: "Root"},
	}

	for _, state := range []openlineage.EventType{
		openlineage.Start, openlineage.Running, openlineage.Complete, openlineage.Fail, openlineage.Abort,
	} {
		event := openlineage.NewEvent("jobs", of, sources(), openlineage.State{
			Type: state, At: time.Now(), Message: "it failed", Trace: []string{"step 1", "step 2"},
		})

		encoded, err := json.Marshal(event)
		require.NoError(t, err)
		requireValid(t, encoded)
		require.Equal(t, state == openlineage.Fail, strings.Contains(string(encoded), "it failed"))
		require.Equal(t, "7.Parent", event.Run.Facets.Parent.Job.Name)
		require.Equal(t, "7.Root", event.Run.Facets.Parent.Root.Job.Name)
	}
}

func TestNewEventWithoutDatasetsIsValid(t *testing.T) {
	t.Parallel()

	event := openlineage.NewEvent("jobs", openlineage.JobRun{Program: program(t, "- {opName: Return}")}, nil,
		openlineage.State{Type: openlineage.Start, At: time.Now()})

	encoded, err := json.Marshal(event)
	require.NoError(t, err)
	requireValid(t, encoded)
	require.Contains(t, string(encoded), `"inputs":[],"outputs":[]`)
}

func TestRunIDIsThatOfTheParentOfAChild(t *testing.T) {
	t.Parallel()

	state := openlineage.State{Type: openlineage.Start, At: time.Now()}
	parent := openlineage.NewEvent("jobs", run(t), sources(), state)

	of := run(t)
	of.JobID, of.RunID = "night 1/4", "s"
	of.Parents = []openlineage.Ancestor{{JobID: "night 1", RunID: "r", AppID: "7", Scenario: "Main"}}
	child := openlineage.NewEvent("jobs", of, sources(), state)

	require.Equal(t, parent.Run.RunID, child.Run.Facets.Parent.Run.RunID)
	require.NotEqual(t, parent.Run.RunID, child.Run.RunID)

	later := run(t)
	later.RunID = "later"
	require.NotEqual(t, parent.Run.RunID, openlineage.NewEvent("jobs", later, sources(), state).Run.RunID, "the jobId is used again")
}
