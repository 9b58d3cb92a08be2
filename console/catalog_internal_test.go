package console

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/lineage"
	problems "github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/schedule"
)

func TestDrawLineagePlacesStepsAfterWhatTheyRead(t *testing.T) {
	t.Parallel()

	file := lineage.Dataset{Source: "files", Type: lineage.File, Name: "people.csv"}
	table := lineage.Dataset{Source: "stage", Type: lineage.Table, Name: "people"}
	of := &lineage.Lineage{Scenario: "Main", Steps: []lineage.Step{
		{Scenario: "Main", Title: "Load", OpName: "LoadTableFromSource", Reads: []lineage.Dataset{file}, Writes: []lineage.Dataset{table}},
		{Scenario: "Main", Title: "Call", OpName: "RunScenario", Runs: "Clean"},
		{Scenario: "Clean", Title: "A title that is longer than a node is wide", OpName: "RunSourceScript", Writes: []lineage.Dataset{table}},
	}}

	drawn := drawLineage(of)
	require.Len(t, drawn.Nodes, 5) // The table is written again, and the call has no node.
	require.Len(t, drawn.Lines, 3)

	var columns []int
	for _, node := range drawn.Nodes {
		columns = append(columns, node.X)
	}

	require.IsIncreasing(t, []int{columns[0], columns[1], columns[2], columns[3], columns[4]})
	require.Equal(t, "A title that is longer…", drawn.Nodes[3].Title)
	require.Equal(t, "/scenarios/Clean", drawn.Nodes[3].Address)
	require.Equal(t, "/sources#source-stage", drawn.Nodes[4].Address)

	// A step that changes a table is to the right of what the table was read for.
	joined := lineage.Dataset{Source: "stage", Type: lineage.Table, Name: "joined"}
	of.Steps = append(of.Steps[:1:1],
		lineage.Step{Scenario: "Main", Title: "Join", Reads: []lineage.Dataset{table}, Writes: []lineage.Dataset{joined}}, of.Steps[2])
	drawn = drawLineage(of)
	require.Greater(t, drawn.Nodes[5].X, drawn.Nodes[4].X, drawn.Nodes[5].Full)
	require.Contains(t, drawn.Nodes[4].Full, "joined")

	require.Nil(t, drawLineage(nil))
	require.Nil(t, drawLineage(&lineage.Lineage{}))
}

func TestLinesOfMarksTheLinesWithMistakes(t *testing.T) {
	t.Parallel()

	mistakes := []problems.Problem{
		{File: "scenarios/A.yaml", Line: 3, Message: "here"},
		{File: "scenarios/B.yaml", Line: 1, Message: "elsewhere"},
		{File: "scenarios/A.yaml", Line: 9, Message: "beyond"},
	}

	lines, others := linesOf("scenarios/A.yaml", "# A comment\r\nsteps:\n  - {opName: Fail}\n", mistakes)
	require.Len(t, lines, 3)
	require.Equal(t, []sourcePart{{"comment", "# A comment"}}, lines[0].Parts)
	require.Equal(t, []sourcePart{{"", ""}, {"name", "steps"}, {"", ":"}}, lines[1].Parts)
	require.Equal(t, []sourcePart{{"", "  - {opName: Fail}"}}, lines[2].Parts)
	require.Equal(t, mistakes[:1], lines[2].Problems)
	require.Equal(t, mistakes[1:], others)

	require.Equal(t, []sourcePart{{"", "  - "}, {"name", "opName"}, {"", ": Fail"}}, highlight("  - opName: Fail"))
	require.Equal(t, `    query: "x"`, textOfParts(highlight(`    query: "x"`)))
}

// textOfParts returns the text of a line.
func textOfParts(parts []sourcePart) (text string) {
	for _, part := range parts {
		text += part.Text
	}

	return text
}

func TestScheduleRowOfPlacesFiringsOnTheTimeLine(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	status := schedule.Status{
		Interval: "6h0m0s", Next: []string{"2026-03-01T18:00:00Z", "2026-03-03T00:00:00Z"},
		Runs: []schedule.Run{
			{ScheduledAt: now.Add(-12 * time.Hour), JobID: "a", Status: job.FiringState(job.CompletedWithError)},
			{ScheduledAt: now.Add(-48 * time.Hour), Status: job.FiringSkipped},
		},
	}

	row := scheduleRowOf(status, now)
	require.Equal(t, "every 6h", row.When)
	require.Len(t, row.Marks, 2)
	require.InDelta(t, 62.5, row.Marks[0].X, 0.01)
	require.True(t, row.Marks[0].Next)
	require.InDelta(t, 25, row.Marks[1].X, 0.01)
	require.Equal(t, "failed", row.Marks[1].Class)
	require.Equal(t, []string{"", "/jobs/a"}, []string{row.Last[0].Address, row.Last[1].Address}) // The newest last.

	status.Paused = true
	require.Len(t, scheduleRowOf(status, now).Marks, 1)
}

func TestScheduleStatesHaveSymbols(t *testing.T) {
	t.Parallel()

	for of, want := range map[schedule.State]state{
		schedule.StateActive: {"completed", "active"}, schedule.StatePaused: {"paused", "paused"},
		schedule.StateInvalid: {"invalid", "invalid"}, schedule.StateStale: {"invalid", "stale"},
		schedule.StatePending: {"pending", "pending"},
	} {
		require.Equal(t, want, scheduleState(of))
	}
}
