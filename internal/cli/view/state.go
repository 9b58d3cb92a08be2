package view

import "github.com/jedib0t/go-pretty/v6/text"

// State is the state of a job, a step, a schedule or a firing, which has a sign and a color.
type State string

// look is how a state is shown.
type look struct {
	sign  string
	color text.Color
}

var looks = map[State]look{
	"queued":             {"◌", text.FgYellow},
	"pending":            {"·", text.FgHiBlack},
	"running":            {"▶", text.FgBlue},
	"waiting":            {"◌", text.FgYellow},
	"paused":             {"‖", text.FgYellow},
	"stopping":           {"■", text.FgYellow},
	"completed":          {"✓", text.FgGreen},
	"failed":             {"✗", text.FgRed},
	"completedWithError": {"✗", text.FgRed},
	"stopped":            {"■", text.FgMagenta},
	"skipped":            {"–", text.FgHiBlack},
	"started":            {"▶", text.FgGreen},
	"active":             {"✓", text.FgGreen},
	"invalid":            {"✗", text.FgRed},
	"stale":              {"!", text.FgYellow},
}

// text returns the sign and the name of the state.
func (s State) text(colored bool) string {
	shown, known := looks[s]
	if !known {
		return string(s)
	}

	return paint(shown.sign+" "+s.name(), shown.color, colored)
}

// name returns the name of the state for people.
func (s State) name() string {
	if s == "completedWithError" {
		return "failed"
	}

	return string(s)
}

// paint colors a text.
func paint(plain string, color text.Color, colored bool) string {
	if !colored {
		return plain
	}

	return color.Sprint(plain)
}
