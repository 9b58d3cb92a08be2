package console

import (
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/jobwright/jobwright/console/session"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	problems "github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/schedule"
)

// functions are those of the templates.
var functions = template.FuncMap{
	"static": static, "caller": callerText, "rfc3339": rfc3339, "absolute": absolute, "relative": relative,
	"duration": duration, "number": number, "size": size, "state": stateOf, "stepState": stepStateOf,
	"scenarioAddress": scenarioAddress, "scheduleAddress": scheduleAddress, "percent": percent, "int64": toInt64,
	"reachable": reachable, "scheduleState": scheduleState, "validState": validState, "join": join,
	"jobAddress": jobAddress, "count": countOf, "plain": plain,
	"quarter":  func(of float64) float64 { return of / 4 },
	"sentence": session.Sentence, "deliveryState": deliveryState, "actionState": actionState,
	"place": placeOf, "isLong": func(text string) bool { return text != shortened(text) }, "cut": shortened,
}

// callerText returns the name of an access as people read it.
func callerText(access string) string {
	if access == job.AnyAccess {
		return "developer's key"
	}

	return access
}

func rfc3339(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// absolute returns a time with its date.
func absolute(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }

const (
	day  = 24 * time.Hour
	year = 365 * day
)

// relative returns how far a time is from now. The script of the pages has the same rules, for pages that stay open.
func relative(at time.Time) string {
	return relativeTo(at, time.Now())
}

func relativeTo(at, now time.Time) string {
	distance := now.Sub(at)
	text := distance.Abs()

	var words string

	switch {
	case text < 5*time.Second:
		return "now"
	case text < time.Minute:
		words = fmt.Sprintf("%d s", int(text.Seconds()))
	case text < time.Hour:
		words = fmt.Sprintf("%d min", int(text.Minutes()))
	case text < day:
		words = fmt.Sprintf("%d h", int(text.Hours()))
	case text < 2*year:
		words = fmt.Sprintf("%d d", int(text/day))
	default:
		words = fmt.Sprintf("%d y", int(text/year))
	}

	if distance < 0 {
		return "in " + words
	}

	return words + " ago"
}

// duration returns a duration with two units at most.
func duration(length time.Duration) string {
	switch {
	case length < 0:
		return "0 ms"
	case length < time.Second:
		return fmt.Sprintf("%d ms", length.Milliseconds())
	case length < time.Minute:
		return fmt.Sprintf("%.1f s", math.Floor(length.Seconds()*10)/10)
	case length < time.Hour:
		return fmt.Sprintf("%d min %02d s", int(length.Minutes()), int(length.Seconds())%60)
	case length < day:
		return fmt.Sprintf("%d h %02d min", int(length.Hours()), int(length.Minutes())%60)
	default:
		return fmt.Sprintf("%d d %02d h", int(length/day), int(length.Hours())%24)
	}
}

// number returns a number with its thousands apart.
func number(value int64) string { return humanize.Comma(value) }

// countOf returns a number and its noun.
func countOf(value int64, singular, plural string) string {
	if value == 1 {
		return "1 " + singular
	}

	return number(value) + " " + plural
}

// size returns a number of bytes in the largest fitting unit.
func size(bytes int64) string {
	value, unit := float64(bytes), "B"

	for _, larger := range []string{"kB", "MB", "GB", "TB"} {
		if value < 1000 {
			break
		}

		value, unit = value/1000, larger
	}

	if unit == "B" {
		return fmt.Sprintf("%d B", bytes)
	}

	return fmt.Sprintf("%.1f %s", value, unit)
}

// state is a state as pages show it: by a class with a colour and a shape, and by a word.
type state struct{ Class, Text string }

// stateOf returns the state of a job.
func stateOf(of job.State) state {
	if of == job.CompletedWithError {
		return state{"failed", "failed"}
	}

	return state{string(of), string(of)}
}

// stepStateOf returns the state of a step. One that waits for its next attempt, or before it can begin, is shown as such.
func stepStateOf(step job.StepStatus) state {
	switch {
	case step.State == job.StepRunning && step.NextTry != nil:
		return state{"waiting", "retrying"}
	case step.Waits():
		return state{"waiting", "waiting"}
	case step.State == job.StepCompleted && step.TakenOver:
		return state{"completed", "taken over"}
	default:
		return state{string(step.State), string(step.State)}
	}
}

// deliveryState returns the state of a delivery of a callback.
func deliveryState(of job.Delivery) state {
	switch of.State {
	case job.DeliveryDelivered:
		return state{"completed", "delivered"}
	case job.DeliveryFailed:
		return state{"failed", "failed"}
	case job.DeliveryDisabled:
		return state{"skipped", "disabled by the receiver"}
	case job.DeliveryPending:
	}

	if of.Attempts > 0 {
		return state{"waiting", "retrying"}
	}

	return state{"pending", "pending"}
}

// actionState returns what becomes of a step in a retry.
func actionState(of job.Action) state {
	switch of {
	case job.ActionTakeOver:
		return state{"completed", "is taken over"}
	case job.ActionContinue:
		return state{"running", "continues"}
	case job.ActionSkip:
		return state{"skipped", "is skipped"}
	case job.ActionRun:
	}

	return state{"pending", "runs"}
}

// plain returns a value in one line: a text as it is, others as JSON.
func plain(value any) (string, error) {
	if text, ok := value.(string); ok {
		return text, nil
	}

	text, err := json.Marshal(jsonvalue.Plain{Any: value})

	return jsonvalue.Readable(text), err
}

// shortened returns the beginning of a long text, without line breaks.
func shortened(text string) string {
	const most = 80

	return cut(strings.Join(strings.Fields(text), " "), most)
}

// jobAddress returns the address of the page of a job.
func jobAddress(jobID string) string { return "/jobs/" + url.PathEscape(jobID) }

// addressWith returns a path with a query of parameters, each a name and a value. Those without a value are left out.
func addressWith(path string, parameters ...string) string {
	query := url.Values{}

	for parameter := range slices.Chunk(parameters, 2) {
		if parameter[1] != "" {
			query.Set(parameter[0], parameter[1])
		}
	}

	if len(query) == 0 {
		return path
	}

	return path + "?" + query.Encode()
}

// placeOf returns the place of a mistake: its file, with the line if it is known, or its path.
func placeOf(mistake problems.Problem) string {
	switch {
	case mistake.File == "":
		return mistake.Path
	case mistake.Line == 0:
		return mistake.File
	default:
		return fmt.Sprintf("%s:%d", mistake.File, mistake.Line)
	}
}

// scenarioAddress returns the address of the page of a scenario.
func scenarioAddress(name string) string { return "/scenarios/" + url.PathEscape(name) }

// scheduleAddress returns the address of the forms of a schedule.
func scheduleAddress(name string) string { return "/schedules/" + url.PathEscape(name) }

// percent returns a percentage, with a decimal unless it is whole.
func percent(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) + " %" }

// join returns texts with commas between them.
func join(texts []string) string { return strings.Join(texts, ", ") }

// toInt64 returns an integer of any size as the type that other functions want.
func toInt64(value any) int64 {
	switch v := value.(type) {
	case int:
		return int64(v)
	case int32:
		return int64(v)
	default:
		return 0
	}
}

// scheduleState returns the state of a schedule.
func scheduleState(of schedule.State) state {
	switch of {
	case schedule.StateActive:
		return state{"completed", string(of)}
	case schedule.StateStale:
		return state{"invalid", string(of)}
	case schedule.StatePaused, schedule.StateInvalid, schedule.StatePending:
	}

	return state{string(of), string(of)}
}

// validState returns the state of a scenario or an app.
func validState(isValid bool) state {
	if isValid {
		return state{"completed", "valid"}
	}

	return state{"invalid", "has mistakes"}
}
