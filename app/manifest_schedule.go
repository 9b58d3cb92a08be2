package app

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/schedule/cron"
)

// The fields of a schedule.
const (
	fieldScenario      = "scenario"
	fieldParameters    = "parameters"
	fieldCron          = "cron"
	fieldTimeZone      = "timeZone"
	fieldInterval      = "interval"
	fieldOverlap       = "overlap"
	fieldCatchUpWindow = "catchUpWindow"
	fieldPaused        = "paused"
	fieldOnlyIf        = "onlyIf"
)

// scheduleName matches the names of schedules, which become parts of jobIds and of labels.
var scheduleName = regexp.MustCompile(`^[\p{L}\p{N}_.-]{1,50}$`)

// schedules reads the schedules of the app, whose sources and variables are known.
func (r *manifestReader) schedules(node *yaml.Node) {
	fields := r.object(node, fieldSchedules, nil)
	if len(fields) > maxSchedules {
		r.addf(node, fieldSchedules, "an app has at most %d schedules, these are %d", maxSchedules, len(fields))
	}

	for _, name := range slices.Sorted(maps.Keys(fields)) {
		r.schedule(name, fields[name])
	}
}

func (r *manifestReader) schedule(name string, declared field) {
	path := problem.JoinPath(fieldSchedules, name)
	if !scheduleName.MatchString(name) {
		r.addf(declared.key, path, "%q can't name a schedule; a name has up to 50 letters, digits and the characters _ . -", name)

		return
	}

	reader := scheduleReader{manifestReader: r, path: path, key: declared.key, fields: r.object(declared.value, path, []string{
		fieldDescription, fieldScenario, fieldParameters, fieldCron, fieldTimeZone, fieldInterval, fieldOverlap,
		fieldCatchUpWindow, fieldPaused, fieldOnlyIf,
	})}

	schedule := Schedule{
		Name: name, Description: reader.text(fieldDescription), Scenario: reader.text(fieldScenario),
		path: path, places: r.places,
	}

	if schedule.Scenario == "" {
		r.addf(declared.key, path, "the schedule %s names no scenario", name)
	}

	reader.times(&schedule)
	reader.policies(&schedule)
	reader.expressions(&schedule)

	r.app.Schedules = append(r.app.Schedules, schedule)
}

// scheduleReader reads the fields of a schedule.
type scheduleReader struct {
	*manifestReader

	path   string
	key    *yaml.Node
	fields map[string]field
}

// text returns a field that is text.
func (r scheduleReader) text(name string) string {
	if given, ok := r.fields[name]; ok {
		return r.manifestReader.text(given.value, problem.JoinPath(r.path, name))
	}

	return ""
}

// wrongf adds a mistake in a field.
func (r scheduleReader) wrongf(name, format string, arguments ...any) {
	at := r.key
	if given, ok := r.fields[name]; ok {
		at = given.value
	}

	r.addf(at, problem.JoinPath(r.path, name), name+": "+format, arguments...)
}

// times reads when the schedule fires.
func (r scheduleReader) times(into *Schedule) {
	_, hasCron := r.fields[fieldCron]
	_, hasInterval := r.fields[fieldInterval]
	_, hasZone := r.fields[fieldTimeZone]

	switch {
	case hasCron == hasInterval:
		r.addf(r.key, r.path, "the schedule %s needs either cron or interval", into.Name)

		return
	case hasInterval && hasZone:
		r.wrongf(fieldTimeZone, "an interval has no time zone; use cron for times of the day")
	case hasInterval:
		into.Interval = r.period(fieldInterval, minInterval, maxCatchUpWindow)
		if into.Interval%time.Second != 0 {
			r.wrongf(fieldInterval, "it must be whole seconds")
		}
	}

	if !hasCron {
		return
	}

	into.Cron, into.TimeZone = r.text(fieldCron), time.UTC.String()
	if hasZone {
		into.TimeZone = r.text(fieldTimeZone)
	}

	var err error
	if into.expression, err = cron.Parse(into.Cron); err != nil {
		r.wrongf(fieldCron, "%v", err)
	}

	into.zone, err = time.LoadLocation(into.TimeZone)
	if err != nil || into.TimeZone == "" || into.TimeZone == time.Local.String() { //nolint:gosmopolitan // It is refused.
		r.wrongf(fieldTimeZone, "there is no time zone %q; name one such as Europe/Berlin or America/New_York", into.TimeZone)

		return
	}

	if into.expression != nil {
		if _, err := into.Spec(time.Now()); err != nil {
			r.wrongf(fieldCron, "%v", err)
		}
	}
}

// period reads a duration within bounds.
func (r scheduleReader) period(name string, least, most time.Duration) time.Duration {
	parsed, err := time.ParseDuration(r.text(name))
	if err != nil || parsed < least || parsed > most {
		r.wrongf(name, "it must be a duration from %s to %s such as 90s or 1h30m", least, most)

		return least
	}

	return parsed
}

// policies reads how the schedule fires.
func (r scheduleReader) policies(into *Schedule) {
	into.Overlap, into.CatchUpWindow = Overlaps()[0], DefaultCatchUpWindow

	if _, given := r.fields[fieldOverlap]; given {
		into.Overlap = Overlap(r.text(fieldOverlap))
	}

	if !slices.Contains(Overlaps(), into.Overlap) {
		names := make([]string, len(Overlaps()))
		for i, policy := range Overlaps() {
			names[i] = string(policy)
		}

		r.wrongf(fieldOverlap, "it must be one of %s", strings.Join(names, ", "))
	}

	if _, given := r.fields[fieldCatchUpWindow]; given {
		into.CatchUpWindow = r.period(fieldCatchUpWindow, minCatchUpWindow, maxCatchUpWindow)
	}

	if given, ok := r.fields[fieldPaused]; ok {
		paused, isBool := r.value(given.value, problem.JoinPath(r.path, fieldPaused)).(bool)
		if !isBool {
			r.wrongf(fieldPaused, "it must be true or false")
		}

		into.Paused = paused
	}
}

// expressions reads the values that may contain expressions.
func (r scheduleReader) expressions(into *Schedule) {
	values := map[string]any{}

	for _, name := range []string{fieldParameters, fieldOnlyIf} {
		if given, ok := r.fields[name]; ok {
			values[name] = r.value(given.value, problem.JoinPath(r.path, name))
		}
	}

	mistakes, _ := errors.AsType[problem.List](validation.CheckSchedule(r.path, values, r.app.offered()))
	for _, mistake := range mistakes {
		at := r.placeOf(mistake.Path)
		mistake.File, mistake.Line, mistake.Column = manifestFile, at.Line, at.Column
		mistake.Message = mistake.MessageWithPath()
		r.problems.Add(mistake)
	}

	parameters, _ := values[fieldParameters].(map[string]any)
	into.Parameters, into.OnlyIf = jsonvalue.Object(parameters), values[fieldOnlyIf]
}
