package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/job"
)

// stepTable is a page of the tree of the steps of a job, with a time line.
type stepTable struct {
	Rows   []stepRow
	Tabs   []stepTab // The states to choose from; none if the table is short.
	State  string    // The state whose steps are shown; "" for all.
	Length time.Duration

	First, Last, Count int64  // The numbers of the shown steps, and of all of the state.
	Previous, Next     string // The numbers of the first steps of other pages; "" if there is none.
}

// stepSelection is the part of the steps that an address selects.
type stepSelection struct {
	state string // "" for all.
	at    int    // The number of a step of the page, from 1; 0 for the page where something happens.
}

// readStepSelection reads the parameters of an address.
func readStepSelection(query url.Values) (selected stepSelection, err error) {
	selected.state = query.Get("steps")

	if text := query.Get("at"); text != "" {
		if selected.at, err = strconv.Atoi(text); err != nil || selected.at < 1 {
			return selected, refused("The step is the number of one, from 1, not %q.", text)
		}
	}

	return selected, nil
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
	Bar      *bar   // nil if it has not begun.
	Error    string // The error of its last attempt, unless it is that of a step within it.
	CanRetry bool   // Whether a retry can begin with it.
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
	stepLimit = 100 // The number of steps of a page. Browsers redraw a page that follows a job several times in a second.
	minBar    = 0.4 // The smallest size of a bar that can be seen.
)

// stepTableOf returns a page of the steps of a job.
func stepTableOf(status *client.Status, selected stepSelection, now time.Time) stepTable {
	end := now
	if status.Ended() {
		end = endOf(status)
	}

	table := stepTable{State: selected.state, Length: max(0, end.Sub(status.StartedAt))}
	if !status.Ended() {
		table.Length = axisOf(table.Length)
	}

	known := make(map[string]bool, len(status.Steps))
	counts := map[string]int64{}

	var chosen []int // The indexes of the steps of the state.

	for i, step := range status.Steps {
		known[step.Path] = true
		counts[string(step.State)]++

		if selected.state == "" || string(step.State) == selected.state {
			chosen = append(chosen, i)
		}
	}

	if selected.at == 0 {
		selected.at = 1
		if selected.state == "" {
			selected.at += eventfulStep(status)
		}
	}

	first := min(selected.at-1, max(0, len(chosen)-1)) / stepLimit * stepLimit
	last := min(first+stepLimit, len(chosen))

	for _, i := range chosen[first:last] {
		row := stepRowOf(status, i, end, table.Length)
		row.Level, row.Branch = levelOf(row.Path, known)
		table.Rows = append(table.Rows, row)
	}

	table.First, table.Last, table.Count = int64(first+1), int64(last), int64(len(chosen))

	if first > 0 {
		table.Previous = strconv.Itoa(first - stepLimit + 1)
	}

	if last < len(chosen) {
		table.Next = strconv.Itoa(last + 1)
	}

	if len(status.Steps) >= longTable || selected.state != "" {
		table.Tabs = tabsOf(counts, int64(len(status.Steps)), selected.state)
	}

	return table
}

// eventfulStep returns the index of the step for whose sake people open the page: the last one that runs, or the first one that
// failed, or the first one of all.
func eventfulStep(status *client.Status) int {
	failed := 0

	for i, step := range slices.Backward(status.Steps) {
		switch {
		case step.State == job.StepRunning && !status.Ended():
			return i
		case step.State == job.StepFailed:
			failed = i
		}
	}

	return failed
}

// stepRowOf returns the row of the step with an index. The steps of the job ran until end, and its time line has that length.
func stepRowOf(status *client.Status, index int, end time.Time, length time.Duration) stepRow {
	step := status.Steps[index]
	row := stepRow{
		StepStatus: step, Shown: stepStateOf(step), Notes: notesOf(step), Bar: barOf(step, status.StartedAt, end, length),
		CanRetry: status.Ended() && step.StartedAt != nil && !step.TakenOver,
	}

	if status.Ended() && step.State == job.StepPending {
		row.Shown.Text = "not run"
	}

	within := stepsWithin(status.Steps, index)
	if row.Bar != nil {
		row.Bar.IsAround = len(within) > 0
	}

	if !slices.ContainsFunc(within, func(inner job.StepStatus) bool { return inner.LastError == step.LastError }) {
		row.Error = step.LastError
	}

	if step.StartedAt != nil {
		until := end
		if step.EndedAt != nil {
			until = *step.EndedAt
		}

		row.Duration = duration(until.Sub(*step.StartedAt))
	}

	return row
}

// stepsWithin returns the steps within the one with an index.
func stepsWithin(steps []job.StepStatus, index int) []job.StepStatus {
	end := index + 1
	for end < len(steps) && strings.HasPrefix(steps[end].Path, steps[index].Path+".") {
		end++
	}

	return steps[index+1 : end]
}

// tabsOf returns the states of steps to choose from.
func tabsOf(counts map[string]int64, all int64, current string) []stepTab {
	tabs := []stepTab{{"all", "", all, current == ""}}

	for _, state := range job.StepState("").SchemaValues() {
		if counts[state] > 0 || state == current {
			tabs = append(tabs, stepTab{state, state, counts[state], current == state})
		}
	}

	return tabs
}

// stepAddress returns the address of a step of a job, relative to the page of the job.
func stepAddress(status *client.Status, path string) string {
	at := slices.IndexFunc(status.Steps, func(step job.StepStatus) bool { return step.Path == path })
	if at < stepLimit && len(status.Steps) <= stepLimit {
		return "#step-" + path
	}

	return "?at=" + strconv.Itoa(max(at, 0)+1) + "#step-" + path
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
