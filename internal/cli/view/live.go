package view

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/job"
)

// Live shows a job while it runs: on a terminal, as lines that it draws again; elsewhere, as a line for each change.
type Live struct {
	out        io.Writer
	isTerminal bool
	drawn      int                      // The number of lines on the terminal.
	states     map[string]job.StepState // The states of steps, by their paths, that were printed.
	errors     map[string]string        // The errors of attempts that were printed.
	slots      map[string]string        // For what steps wait before they can begin, as it was printed.
	waiting    map[string]bool          // The signals that were printed.
	state      job.State                // The state of the job that was printed.
}

// Live returns a view of a job, which is shown on Err.
func (o Output) Live() *Live {
	return &Live{
		out: o.Err, isTerminal: IsTerminal(o.Err) && os.Getenv("TERM") != "dumb",
		states: map[string]job.StepState{}, errors: map[string]string{}, slots: map[string]string{},
		waiting: map[string]bool{},
	}
}

// Sequences of terminals.
const (
	clearLine  = "\x1b[K" // To its end.
	clearBelow = "\x1b[J"
)

// Show shows a status. A later one replaces it.
func (l *Live) Show(status *client.Status) {
	if !l.isTerminal {
		l.print(status)

		return
	}

	// A line that ends in the last column would be followed by an empty one on some terminals.
	page := page{width: Width(l.out) - 1, height: height(l.out) - 1, isColored: HasColors(l.out), now: time.Now()}

	var screen strings.Builder
	if l.drawn > 0 {
		fmt.Fprintf(&screen, "\r\x1b[%dA", l.drawn)
	}

	lines := page.status(status)
	if limit := page.height; len(lines) > limit {
		lines = lines[:limit]
	}

	for _, line := range lines {
		screen.WriteString(line + clearLine + "\n")
	}

	l.drawn = len(lines)

	_, _ = io.WriteString(l.out, screen.String()+clearBelow) // An error of the terminal can't be reported.
}

// Tick shows on a terminal how much time has passed.
func (l *Live) Tick(status *client.Status) {
	if l.isTerminal {
		l.Show(status)
	}
}

// Leave leaves what is shown on the terminal. A later status is shown below it.
func (l *Live) Leave() { l.drawn = 0 }

// height returns the number of lines of a terminal.
func height(stream any) int {
	const unknown = 24

	if file, ok := stream.(*os.File); ok {
		if _, height, err := term.GetSize(int(file.Fd())); err == nil && height > 0 {
			return height
		}
	}

	return unknown
}

// print prints what has changed since the last status.
func (l *Live) print(status *client.Status) {
	say := func(format string, arguments ...any) {
		_, _ = fmt.Fprintf(l.out, time.Now().Format(time.TimeOnly)+" "+format+"\n", arguments...) // As above.
	}

	if status.Status != l.state && !status.Ended() {
		say("job %s: %s", status.JobID, status.Status)
		l.state = status.Status
	}

	for _, step := range status.Steps {
		name := fmt.Sprintf("step %s %q", step.Path, step.Title)

		if known := l.states[step.Path]; known != step.State && (step.State != job.StepPending || known != "") {
			say("%s: %s%s", name, step.State, outcome(&step))
		}

		l.states[step.Path] = step.State

		waits := ""
		if step.WaitsFor != nil {
			waits = step.WaitsFor.String()
		}

		if waits != "" && waits != l.slots[step.Path] {
			say("%s: %s", name, waits)
		}

		l.slots[step.Path] = waits

		if step.LastError == "" || step.State != job.StepRunning {
			continue
		}

		failure := fmt.Sprintf("attempt %d; the last one failed: %s", step.Attempt, oneLine(step.LastError))
		if l.errors[step.Path] != failure {
			say("%s: %s", name, failure)
			l.errors[step.Path] = failure
		}
	}

	for _, signal := range status.Signals {
		if key := signal.Step + " " + signal.Name; !l.waiting[key] {
			say("step %s waits for the signal %s", signal.Step, signal.Name)
			l.waiting[key] = true
		}
	}

	if status.Status == l.state {
		return
	}

	l.state = status.Status

	if status.Message == "" {
		say("job %s: %s", status.JobID, State(status.Status).name())
	} else {
		say("job %s: %s: %s", status.JobID, State(status.Status).name(), oneLine(reason(status)))
	}

	if status.Step != nil {
		say("failed at %s", status.Step)
	}
}

// outcome returns how much an ended step has done, and how long it took.
func outcome(step *job.StepStatus) string {
	if step.StartedAt == nil || step.EndedAt == nil {
		return ""
	}

	text := ", " + Duration(step.EndedAt.Sub(*step.StartedAt))
	if count := countOf(step); count != "" {
		text = ", " + count + text
	}

	return text
}
