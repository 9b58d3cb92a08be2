package view_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/cli/view"
	"github.com/jobwright/jobwright/lineage"
)

func exampleLineage() *lineage.Lineage {
	companies := lineage.Dataset{Source: "stage", Type: lineage.Table, Name: "companies"}
	written := companies
	written.Modes = []string{"replace"}

	return &lineage.Lineage{Scenario: "Main", Steps: []lineage.Step{
		{
			Scenario: "Main", Path: "1", Title: `Load "all" <companies>`, OpName: "LoadTableFromSource",
			Reads: []lineage.Dataset{{Source: "files", Type: lineage.File, Name: "companies.csv"}}, Writes: []lineage.Dataset{written},
		},
		{Scenario: "Main", Path: "2", Title: "Publish", OpName: "RunScenario", Runs: "Publish"},
		{
			Scenario: "Publish", Path: "1", Title: "Send them", OpName: "CallHTTP", Reads: []lineage.Dataset{companies},
			Writes:  []lineage.Dataset{{Source: "web", Type: lineage.URL, Space: "v1", Unknown: []string{"the URL is computed"}}},
			Unknown: []string{"a reason"},
		},
	}}
}

func TestLineageShowsStepsAndDatasets(t *testing.T) {
	t.Parallel()

	require.Equal(t, `1 Load "all" <companies> (LoadTableFromSource)
    reads  files: companies.csv
    writes stage: companies (replace)
2 Publish (RunScenario), runs Publish
Publish: 1 Send them (CallHTTP)
    reads  stage: companies
    writes web: v1/? - unknown: the URL is computed
    unknown: a reason`, strings.Join(view.Lineage(exampleLineage()), "\n"))

	require.Equal(t, []string{"The scenario reads and writes nothing."}, view.Lineage(&lineage.Lineage{}))
}

func TestMermaidDrawsEachDatasetOnce(t *testing.T) {
	t.Parallel()

	//nolint:dupword // An arrow ends where the next one begins.
	require.Equal(t, `flowchart LR
  s1["1 Load #quot;all#quot; #lt;companies#gt;"]
  d1[/"files: companies.csv"/]
  d2[("stage: companies")]
  s2["2 Publish (runs Publish)"]
  s3["Publish: 1 Send them"]
  d3(["web: v1/?"])
  d1 --> s1
  s1 --> d2
  d2 --> s3
  s3 --> d3
`, view.Mermaid(exampleLineage()))
}
