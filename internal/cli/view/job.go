package view

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/job"
)

// Status prints the status of a job for people.
func (o Output) Status(status *client.Status) error {
	width, _ := size(o.Out)
	page := page{width: width, isColored: HasColors(o.Out), now: time.Now()}
	if !IsTerminal(o.Out) {
		page.width = wide
	}

	lines := page.status(status)
	if facts := page.facts(status); facts != "" {
		lines = slices.Insert(lines, 1, facts) // Below the title.
	}

	_, err := io.WriteString(o.Out, strings.Join(lines, "\n")+"\n")

	return err
}

// wide is the width of lines that are not for a terminal.
const wide = 160

// page is where the status of a job is shown.
type page struct {
	width     int
	height    int // The maximum number of lines; 0 for no limit.
	isColored bool
	now       time.Time
}

// status returns the lines that show the status of a job.
func (p page) status(of *client.Status) []string {
	lines := []string{p.title(of)}
	below := p.below(of)

	steps := p.steps(of.Steps)
	if space := p.height - len(lines) - len(below); p.height > 0 && len(steps) > space {
		steps = p.shortened(of.Steps, max(space, 1))
	}

	return append(append(lines, steps...), below...)
}

// title returns the line with the state of the job.
func (p page) title(of *client.Status) string {
	parts := []string{}
	if of.Scenario != "" {
		parts = append(parts, of.Scenario)
	}

	parts = append(parts, "job "+of.JobID)

	state := State(of.Status)
	if took := p.took(of); took != "" {
		parts = append(parts, took)
	}

	parts = append(parts, "app "+of.App)
	space := p.width - text.StringWidthWithoutEscSequences(state.text(false)) - 2 //nolint:mnd // The spaces between them.

	return state.text(p.isColored) + "  " + cut(strings.Join(parts, " · "), space)
}

// facts returns the line with who started the job when, when it ended, and what it runs.
func (p page) facts(of *client.Status) string {
	var parts []string

	if !of.StartedAt.IsZero() {
		started := "started " + Time(of.StartedAt, p.now)
		if of.Caller != "" {
			started += " by " + of.Caller
		}

		parts = append(parts, started)
	}

	if of.EndedAt != nil {
		parts = append(parts, "ended "+Time(*of.EndedAt, p.now))
	}

	if of.ProgramVersion != "" {
		parts = append(parts, "program "+of.ProgramVersion)
	}

	return paint(cut(strings.Join(parts, " · "), p.width), text.FgHiBlack, p.isColored)
}

// took returns how long the job has taken, so far or until its end.
func (p page) took(of *client.Status) string {
	end := p.now

	if of.StartedAt.IsZero() {
		return ""
	}

	if of.EndedAt != nil {
		end = *of.EndedAt
	}

	return Duration(end.Sub(of.StartedAt))
}

// below returns the lines below the steps: what the job waits for, and why it failed.
func (p page) below(of *client.Status) []string {
	var lines []string

	add := func(color text.Color, format string, arguments ...any) {
		for _, line := range wrapped(fmt.Sprintf(format, arguments...), p.width) {
			lines = append(lines, paint(line, color, p.isColored))
		}
	}

	if of.Paused != nil {
		since := of.Paused.Since.Local() //nolint:gosmopolitan // The user reads it.
		add(text.FgYellow, "paused by %s since %s", of.Paused.By, since.Format(time.DateTime))
	}

	for _, signal := range of.Signals {
		from := ""
		if len(signal.From) > 0 {
			from = " from " + strings.Join(signal.From, " or ")
		}

		add(text.FgYellow, "step %s waits for the signal %s%s", signal.Step, signal.Name, from)
	}

	if of.Message != "" {
		color := text.FgYellow
		if of.Ended() {
			color = text.FgRed
		}

		add(color, "%s", reason(of))
	}

	if of.Step != nil {
		add(text.FgHiBlack, "at %s", of.Step)
	}

	for _, cause := range of.Causes {
		add(text.FgHiBlack, "caused by %s", cause)
	}

	return lines
}

// reason returns the message of a status with its code, and without the place of the step.
func reason(of *client.Status) string {
	message := of.Message
	if of.Step != nil {
		message = strings.TrimPrefix(message, of.Step.String()+": ")
	}

	if of.Code != "" {
		message = of.Code + ": " + message
	}

	return message
}

// Widths of the columns of a step.
const (
	percentWidth  = 5
	countWidth    = 15
	speedWidth    = 11
	durationWidth = 9
	signWidth     = 2
	minTitle      = 16

	withCount = percentWidth + countWidth + durationWidth // Beside the title, in a terminal that is not too narrow.
	withSpeed = withCount + speedWidth

	maxDetail = 3 // Lines of an error below a step.
)

// steps returns the lines of steps.
func (p page) steps(steps []job.StepStatus) []string {
	width := 0
	for i := range steps {
		width = max(width, text.StringWidthWithoutEscSequences(label(&steps[i])))
	}

	width = min(width, max(p.width-signWidth-p.columnsWidth()-1, minTitle))

	var lines []string

	for i := range steps {
		lines = append(lines, p.step(&steps[i], width)...)
	}

	return lines
}

// columnsWidth returns the width of the columns beside the titles. In a narrow terminal, these are not all.
func (p page) columnsWidth() int {
	space := p.width - signWidth - minTitle - 1

	for _, width := range []int{withSpeed, withCount} {
		if width <= space {
			return width
		}
	}

	return percentWidth + durationWidth
}

// step returns the line of a step, and one with the error of its last attempt.
func (p page) step(step *job.StepStatus, width int) []string {
	shown := looks[State(step.State)]
	if step.Waits() {
		shown = looks["waiting"]
	}

	percent, count, speed, took := "", countOf(step), "", ""
	if step.State == job.StepRunning {
		if step.Percent != nil {
			percent = strconv.FormatInt(*step.Percent, 10) + "%"
		}

		speed = speedOf(step)
	}

	if step.StartedAt != nil {
		end := p.now
		if step.EndedAt != nil {
			end = *step.EndedAt
		}

		took = Duration(end.Sub(*step.StartedAt))
	}

	columns := fmt.Sprintf("%*s", percentWidth, percent)
	if p.columnsWidth() >= withCount {
		columns += fmt.Sprintf("%*s", countWidth, count)
	}

	if p.columnsWidth() >= withSpeed {
		columns += fmt.Sprintf("%*s", speedWidth, speed)
	}

	columns += fmt.Sprintf("%*s", durationWidth, took)
	line := paint(shown.sign, shown.color, p.isColored) + " " + text.Pad(cut(label(step), width), width, ' ') + columns
	lines := []string{strings.TrimRight(line, " ")}

	margin := indent(step) + "    "

	for _, detail := range p.details(step) {
		parts := wrapped(detail, p.width-len(margin))
		if len(parts) > maxDetail {
			parts = append(parts[:maxDetail-1], cut(strings.Join(parts[maxDetail-1:], " "), p.width-len(margin)))
		}

		for _, part := range parts {
			lines = append(lines, paint(margin+part, text.FgHiBlack, p.isColored))
		}
	}

	return lines
}

// details returns what else people want to know of a step.
func (p page) details(step *job.StepStatus) []string {
	var details []string

	if step.WaitsFor != nil {
		details = append(details, step.WaitsFor.String())
	}

	if step.State == job.StepRunning && (step.LastError != "" || step.Attempt > 1) {
		detail := fmt.Sprintf("attempt %d", step.Attempt)
		if step.NextTry != nil && step.NextTry.After(p.now) {
			detail += " in " + Duration(step.NextTry.Sub(p.now))
		}

		if step.LastError != "" {
			detail += "; the last one failed: " + oneLine(step.LastError)
		}

		details = append(details, detail)
	}

	if step.Rejected > 0 {
		details = append(details, Count(step.Rejected, "record")+" rejected")
	}

	if step.ChildID != "" && step.State != job.StepCompleted {
		details = append(details, "runs the job "+step.ChildID)
	}

	return details
}

// shortened returns lines of at most that number, and as many if there are enough steps, so that the lines below stay where they
// are. Running and failed steps are shown first, then those around the last one that has begun; the others are counted.
func (p page) shortened(steps []job.StepStatus, space int) []string {
	isShown := make([]bool, len(steps))
	left, latest := space-1, 0 // The last line counts the others.

	show := func(at int) {
		if at < 0 || at >= len(steps) || isShown[at] {
			return
		}

		if lines := len(p.step(&steps[at], minTitle)); lines <= left {
			isShown[at], left = true, left-lines
		}
	}

	for i, step := range steps {
		if step.State == job.StepRunning || step.State == job.StepFailed {
			show(i)
		}

		if step.State != job.StepPending {
			latest = i
		}
	}

	for distance := range steps {
		show(latest - distance)
		show(latest + distance)
	}

	var shown []job.StepStatus

	hidden := map[job.StepState]int64{}

	for i, step := range steps {
		if isShown[i] {
			shown = append(shown, step)
		} else {
			hidden[step.State]++
		}
	}

	var counts []string

	for _, state := range []job.StepState{
		job.StepCompleted, job.StepRunning, job.StepFailed, job.StepStopped, job.StepSkipped, job.StepPending,
	} {
		if hidden[state] > 0 {
			counts = append(counts, Number(hidden[state])+" "+string(state))
		}
	}

	return append(p.steps(shown), cut("  and steps that are not shown: "+strings.Join(counts, ", "), p.width))
}

// indent returns the indentation of a step within others.
func indent(step *job.StepStatus) string {
	return strings.Repeat("  ", strings.Count(step.Path, ".")/2) //nolint:mnd // 4.steps.2 is one level below 4.
}

// label returns the title of a step, indented as it is nested.
func label(step *job.StepStatus) string {
	name := step.Title
	if name == "" {
		name = step.OpName
	}

	if step.TakenOver {
		name += " (taken over)"
	}

	return indent(step) + oneLine(name)
}

// countOf returns how much a step has done: rounds of a loop, or rows.
func countOf(step *job.StepStatus) string {
	switch {
	case step.Total > 0:
		return fmt.Sprintf("%s/%s rounds", Number(step.Iterations), Number(step.Total))
	case step.Iterations > 0:
		return Count(step.Iterations, "round")
	case step.Rows > 0:
		return Count(step.Rows, "row")
	case step.Bytes > 0:
		return Bytes(step.Bytes)
	default:
		return ""
	}
}

// speedOf returns the speed of a running step.
func speedOf(step *job.StepStatus) string {
	switch {
	case step.RowsPerSecond > 0:
		return short(step.RowsPerSecond) + "/s"
	case step.BytesPerSecond > 0:
		return Bytes(step.BytesPerSecond) + "/s"
	default:
		return ""
	}
}
