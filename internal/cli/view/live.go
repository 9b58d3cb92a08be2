package view

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/job"
)

// Live shows a job while it runs: on a terminal, as lines that it draws again; elsewhere, as a line for each change.
type Live struct {
	out        io.Writer
	isTerminal bool
	drawn      int               // The number of lines on the terminal.
	printed    map[string]string // What was last printed of states, errors, slots and signals, by their step.
	state      job.State         // The state of the job that was printed.
}

// Live returns a view of a job, which is shown on Err.
func (o Output) Live() *Live {
	return &Live{
		out: o.Err, isTerminal: IsTerminal(o.Err) && os.Getenv("TERM") != "dumb", printed: map[string]string{},
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
	width, height := size(l.out)
	page := page{width: width - 1, height: height - 1, isColored: HasColors(l.out), now: time.Now()}

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

		wasKnown := l.printed["state "+step.Path] != ""
		if l.isNew("state "+step.Path, string(step.State)) && (step.State != job.StepPending || wasKnown) {
			say("%s: %s%s", name, step.State, outcome(&step))
		}

		waits := ""
		if step.WaitsFor != nil {
			waits = step.WaitsFor.String()
		}

		if l.isNew("slot "+step.Path, waits) && waits != "" {
			say("%s: %s", name, waits)
		}

		if step.LastError == "" || step.State != job.StepRunning {
			continue
		}

		failure := fmt.Sprintf("attempt %d; the last one failed: %s", step.Attempt, oneLine(step.LastError))
		if l.isNew("error "+step.Path, failure) {
			say("%s: %s", name, failure)
		}
	}

	for _, signal := range status.Signals {
		if l.isNew("signal "+signal.Step+" "+signal.Name, "awaited") {
			say("step %s waits for the signal %s", signal.Step, signal.Name)
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

// isNew reports whether something differs from what was last printed of it, and remembers it.
func (l *Live) isNew(of, text string) bool {
	last := l.printed[of]
	l.printed[of] = text

	return text != last
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
