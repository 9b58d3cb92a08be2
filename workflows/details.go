package workflows

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Bounds of the details: the job writes them whenever it blocks, and Temporal UI passes them in an address.
const (
	maxShownSteps     = 100
	maxShownError     = 300 // Bytes.
	maxShownTitle     = 200
	maxShownParameter = 100
	maxShownNames     = 20 // Parameters.
)

// showDetails updates the details of the job that Temporal UI shows beside the workflow: its parameters, why it failed, and
// its steps. Temporal UI requests them once, when an operator opens them, so a job shows them before it blocks.
func (m *machine) showDetails(ctx workflow.Context, failed *failure) {
	var details strings.Builder

	if m.parameters != "" {
		fmt.Fprintf(&details, "Parameters: %s\n\n", m.parameters)
	}

	if paused := m.paused(); paused != nil {
		fmt.Fprintf(&details, "**Paused** since %s UTC by %s\n\n", paused.Since.UTC().Format(time.DateTime),
			markdown(paused.By, maxShownTitle))
	}

	if failed != nil {
		fmt.Fprintf(&details, "Failed with **%s**: %s\n\n", markdown(failed.Code, maxShownError),
			markdown(failed.withPlace(), maxMessage))
	}

	details.WriteString(stepTable(m.tracker.statuses()))

	workflow.SetCurrentDetails(ctx, details.String())
}

// shownParameters returns the parameters of the job on one line.
func shownParameters(parameters jsonvalue.Object) string {
	var shown []string

	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if len(shown) == maxShownNames {
			shown = append(shown, fmt.Sprintf("%d more", len(parameters)-maxShownNames))

			break
		}

		value, isText := parameters[name].(string)
		if !isText {
			encoded, err := json.Marshal(jsonvalue.Plain{Any: parameters[name]})
			if err != nil {
				continue
			}

			value = string(encoded)
		}

		shown = append(shown, markdown(name+" = "+value, len(name)+maxShownParameter))
	}

	return strings.Join(shown, ", ")
}

// gap separates the columns of a table. Temporal UI has no space between them, and removes ordinary spaces from cells.
const gap = "&#8195;"

// column is a column of the table of steps.
type column struct {
	title string
	cell  func(job.StepStatus) string
}

// stepTable returns a table of the steps, in Markdown. It has columns for rejected records and for errors only if there are
// any.
func stepTable(steps []job.StepStatus) string {
	columns := []column{
		{"", func(step job.StepStatus) string { return step.Path }},
		{"Step", func(step job.StepStatus) string { return markdown(step.Title, maxShownTitle) }},
		{"State", shownState},
		{"Rows", shownRows},
		{"Rejected", shownRejected},
		{"Time", shownTime},
		{"Error", func(step job.StepStatus) string { return markdown(step.LastError, maxShownError) }},
	}

	columns = slices.DeleteFunc(columns, func(c column) bool {
		optional := c.title == "Rejected" || c.title == "Error"

		return optional && !slices.ContainsFunc(steps, func(step job.StepStatus) bool { return c.cell(step) != "" })
	})

	var table strings.Builder

	writeRow := func(cell func(column) string) {
		table.WriteString("|")

		for i, column := range columns {
			if i > 0 {
				table.WriteString(gap)
			}

			table.WriteString(cell(column) + "|")
		}

		table.WriteString("\n")
	}

	writeRow(func(c column) string { return c.title })
	table.WriteString("|" + strings.Repeat("--|", len(columns)) + "\n")

	for _, step := range steps[:min(len(steps), maxShownSteps)] {
		writeRow(func(c column) string { return c.cell(step) })
	}

	if more := len(steps) - maxShownSteps; more > 0 {
		fmt.Fprintf(&table, "\n%d more steps\n", more)
	}

	return table.String()
}

// shownState returns the state of a step, with the progress of a loop and the number of runs of a step in a loop.
func shownState(step job.StepStatus) string {
	state := string(step.State)

	switch {
	case step.Total > 0:
		state += fmt.Sprintf(", %d of %d", step.Iterations, step.Total)
	case step.Iterations > 0:
		state += fmt.Sprintf(", %d rounds", step.Iterations)
	}

	if step.WaitsFor != nil {
		state += ", " + markdown(step.WaitsFor.String(), maxShownTitle)
	}

	if step.Runs > 1 {
		state += fmt.Sprintf(", %d times, %d failed", step.Runs, step.Failures)
	}

	return state
}

func shownRows(step job.StepStatus) string {
	if step.Rows == 0 && step.State != job.StepCompleted {
		return ""
	}

	return fmt.Sprint(step.Rows)
}

func shownRejected(step job.StepStatus) string {
	if step.Rejected == 0 {
		return ""
	}

	return fmt.Sprint(step.Rejected)
}

// shownTime returns how long the step ran or, while it runs, since when.
func shownTime(step job.StepStatus) string {
	switch {
	case step.StartedAt == nil:
		return ""
	case step.EndedAt == nil:
		return "since " + step.StartedAt.UTC().Format(time.TimeOnly) + " UTC"
	}

	return step.EndedAt.Sub(*step.StartedAt).Round(time.Millisecond).String()
}

// markdown returns a text on one line, shortened to most bytes, in which no character has a meaning in Markdown or HTML.
func markdown(text string, most int) string {
	text = shorten(strings.Join(strings.Fields(text), " "), max(most, minShortened))

	var escaped strings.Builder

	for _, character := range text {
		if strings.ContainsRune("\\`*_{}[]<>&|~$^\"'/#", character) {
			fmt.Fprintf(&escaped, "&#%d;", character)
		} else {
			escaped.WriteRune(character)
		}
	}

	return escaped.String()
}

// minShortened is longer than the mark of [shorten].
const minShortened = 30
