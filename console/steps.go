package console

import (
	"strings"
	"time"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/job"
)

// stepTable is the tree of the steps of a job, with a time line.
type stepTable struct {
	Rows   []stepRow
	Tabs   []stepTab // The states to choose from; none if the table is short.
	Length time.Duration
}

// stepTab leads to the steps of a state.
type stepTab struct {
	Text, State string
	Count       int64
	IsCurrent   bool
}

// stepRow is a step.
type stepRow struct {
	job.StepStatus

	Shown    state
	Level    int    // The number of steps around it, at most maxLevel.
	Branch   string // The list of steps of the step around it that it belongs to, such as then; "" if there is only one.
	Duration string
	Notes    []string
	Bar      *bar // nil if it has not begun.
	CanRetry bool // Whether a retry can begin with it.
}

// bar is the time of a step's last run, in percent of the time of the job.
type bar struct {
	Class      string
	From, Size float64
	IsAround   bool // Whether the step contains others, whose bars show what it did.
}

const (
	maxLevel  = 8   // Deeper steps have the same indentation.
	longTable = 100 // The number of steps from which on the states can be chosen.
	minBar    = 0.4 // The smallest size of a bar that can be seen.
)

// stepTableOf returns the steps of a job, or those of a state.
func stepTableOf(status *client.Status, only string, now time.Time) stepTable {
	end := now
	if status.Ended() {
		end = endOf(status)
	}

	table := stepTable{Length: max(0, end.Sub(status.StartedAt))}
	if !status.Ended() {
		table.Length = axisOf(table.Length)
	}

	known := make(map[string]bool, len(status.Steps))
	counts := map[string]int64{}

	for i, step := range status.Steps {
		known[step.Path] = true
		counts[string(step.State)]++

		if only != "" && string(step.State) != only {
			continue
		}

		row := stepRow{
			StepStatus: step, Shown: stepStateOf(step), Notes: notesOf(step),
			Bar:      barOf(step, status.StartedAt, end, table.Length),
			CanRetry: status.Ended() && step.StartedAt != nil && !step.TakenOver,
		}
		row.Level, row.Branch = levelOf(step.Path, known)

		if next := i + 1; row.Bar != nil && next < len(status.Steps) {
			row.Bar.IsAround = strings.HasPrefix(status.Steps[next].Path, step.Path+".")
		}

		if step.StartedAt != nil {
			until := end
			if step.EndedAt != nil {
				until = *step.EndedAt
			}

			row.Duration = duration(until.Sub(*step.StartedAt))
		}

		table.Rows = append(table.Rows, row)
	}

	if len(status.Steps) >= longTable || only != "" {
		table.Tabs = append(table.Tabs, stepTab{"all", "", int64(len(status.Steps)), only == ""})

		for _, state := range job.StepState("").SchemaValues() {
			if counts[state] > 0 || state == only {
				table.Tabs = append(table.Tabs, stepTab{state, state, counts[state], only == state})
			}
		}
	}

	return table
}

// levelOf returns how deep a step is, and to which list of the outer step it belongs. The path of a step is that of the step
// around it, the name of the list, and the number in it.
func levelOf(path string, known map[string]bool) (level int, branch string) {
	around := ""

	for at, char := range path {
		if char == '.' && known[path[:at]] {
			level, around = level+1, path[:at]
		}
	}

	if level > 0 {
		branch = strings.TrimPrefix(path, around+".")
		branch = branch[:max(0, strings.LastIndexByte(branch, '.'))]
	}

	if branch == "steps" {
		branch = ""
	}

	return min(level, maxLevel), branch
}

// axisOf returns the length of the time line of a job that has run so long. It grows in steps, so that the bars of ended steps
// seldom change.
func axisOf(length time.Duration) time.Duration {
	axis := time.Second
	for axis < length {
		axis += axis / 4
	}

	return axis
}

// barOf returns the bar of a step in the time line of its job, which has that length. end is the time up to which steps run.
func barOf(step job.StepStatus, began, end time.Time, length time.Duration) *bar {
	if step.StartedAt == nil || length <= 0 || step.TakenOver {
		return nil
	}

	until := end
	if step.EndedAt != nil {
		until = *step.EndedAt
	}

	percent := func(part time.Duration) float64 { return min(100, max(0, 100*float64(part)/float64(length))) }

	shown := &bar{
		Class: stepStateOf(step).Class, From: min(percent(step.StartedAt.Sub(began)), 100-minBar),
		Size: max(percent(until.Sub(*step.StartedAt)), minBar),
	}
	shown.Size = min(shown.Size, 100-shown.From)

	return shown
}

// notesOf returns what else there is to say about a step, in short.
func notesOf(step job.StepStatus) (notes []string) {
	if step.Total > 0 {
		notes = append(notes, number(step.Iterations)+" of "+countOf(step.Total, "round", "rounds"))
	} else if step.Iterations > 0 {
		notes = append(notes, countOf(step.Iterations, "round", "rounds"))
	}

	if step.Runs > 1 {
		notes = append(notes, number(step.Runs)+" runs")
	}

	if step.Failures > 0 {
		notes = append(notes, number(step.Failures)+" failed")
	}

	if step.Attempt > 1 {
		notes = append(notes, "attempt "+number(int64(step.Attempt)))
	}

	if step.Rejected > 0 {
		notes = append(notes, number(step.Rejected)+" rejected")
	}

	if step.TotalRows > 0 {
		notes = append(notes, "of "+estimated(step.Estimated)+number(step.TotalRows)+" rows")
	}

	if step.TotalBytes > 0 {
		notes = append(notes, size(step.Bytes)+" of "+estimated(step.Estimated)+size(step.TotalBytes))
	}

	if step.RowsPerSecond > 0 {
		notes = append(notes, number(step.RowsPerSecond)+" rows/s")
	} else if step.BytesPerSecond > 0 {
		notes = append(notes, size(step.BytesPerSecond)+"/s")
	}

	if step.RemainingSeconds > 0 {
		notes = append(notes, duration(time.Duration(step.RemainingSeconds)*time.Second)+" left")
	}

	return notes
}

// estimated returns the mark of an estimate.
func estimated(is bool) string {
	if is {
		return "about "
	}

	return ""
}
