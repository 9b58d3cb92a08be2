package app

import (
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
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
func (r *manifestReader) schedules(declared field) {
	fields := r.object(declared)
	if len(fields) > maxSchedules {
		r.wrongf(declared, "an app has at most %d schedules, these are %d", maxSchedules, len(fields))
	}

	for _, name := range slices.Sorted(maps.Keys(fields)) {
		r.schedule(name, fields[name])
	}
}

func (r *manifestReader) schedule(name string, declared field) {
	if !scheduleName.MatchString(name) {
		r.wrongKeyf(declared, "%q can't name a schedule; a name has up to 50 letters, digits and the characters _ . -", name)

		return
	}

	fields := r.object(declared, fieldDescription, fieldScenario, fieldParameters, fieldCron, fieldTimeZone, fieldInterval,
		fieldOverlap, fieldCatchUpWindow, fieldPaused, fieldOnlyIf)
	schedule := Schedule{
		Name: name, Description: r.text(fields[fieldDescription]), Scenario: r.text(fields[fieldScenario]),
		path: declared.path, places: r.places,
	}

	if schedule.Scenario == "" {
		r.wrongKeyf(declared, "the schedule %s names no scenario", name)
	}

	if times, interval := fields[fieldCron], fields[fieldInterval]; times.isGiven() == interval.isGiven() {
		r.wrongKeyf(declared, "the schedule %s needs either cron or interval", name)
	} else if times.isGiven() {
		r.cron(times, fields[fieldTimeZone], &schedule)
	} else {
		r.interval(interval, fields[fieldTimeZone], &schedule)
	}

	r.policies(fields, &schedule)
	r.expressions(declared, fields, &schedule)

	r.app.Schedules = append(r.app.Schedules, schedule)
}

// invalidf adds a mistake in a field, whose name precedes the message.
func (r *manifestReader) invalidf(of field, format string, arguments ...any) {
	r.wrongf(of, lastName(of.path)+": "+format, arguments...)
}

func (r *manifestReader) interval(of, zone field, into *Schedule) {
	if zone.isGiven() {
		r.invalidf(zone, "an interval has no time zone; use cron for times of the day")

		return
	}

	into.Interval = r.period(of, minInterval, maxCatchUpWindow)
	if into.Interval%time.Second != 0 {
		r.invalidf(of, "it must be whole seconds")
	}
}

func (r *manifestReader) cron(of, zone field, into *Schedule) {
	into.Cron, into.TimeZone = r.text(of), time.UTC.String()
	if zone.isGiven() {
		into.TimeZone = r.text(zone)
	}

	var err error
	if into.expression, err = cron.Parse(into.Cron); err != nil {
		r.invalidf(of, "%v", err)
	}

	into.zone, err = time.LoadLocation(into.TimeZone)
	if err != nil || into.TimeZone == "" || into.TimeZone == time.Local.String() { //nolint:gosmopolitan // It is refused.
		r.invalidf(zone, "there is no time zone %q; name one such as Europe/Berlin or America/New_York", into.TimeZone)

		return
	}

	if into.expression != nil {
		if _, err := into.Spec(time.Now()); err != nil {
			r.invalidf(of, "%v", err)
		}
	}
}

// period reads a duration within bounds.
func (r *manifestReader) period(of field, least, most time.Duration) time.Duration {
	parsed, err := time.ParseDuration(r.text(of))
	if err != nil || parsed < least || parsed > most {
		r.invalidf(of, "it must be a duration from %s to %s such as 90s or 1h30m", least, most)

		return least
	}

	return parsed
}

// policies reads how the schedule fires.
func (r *manifestReader) policies(fields map[string]field, into *Schedule) {
	into.Overlap, into.CatchUpWindow = Overlaps()[0], DefaultCatchUpWindow

	if given := fields[fieldOverlap]; given.isGiven() {
		into.Overlap = Overlap(r.text(given))

		if !slices.Contains(Overlaps(), into.Overlap) {
			r.invalidf(given, "it must be one of %s", joined(Overlaps(), ", "))
		}
	}

	if given := fields[fieldCatchUpWindow]; given.isGiven() {
		into.CatchUpWindow = r.period(given, minCatchUpWindow, maxCatchUpWindow)
	}

	if given := fields[fieldPaused]; given.isGiven() {
		var isBool bool
		if into.Paused, isBool = r.value(given).(bool); !isBool {
			r.invalidf(given, "it must be true or false")
		}
	}
}

// expressions reads the values that may contain expressions.
func (r *manifestReader) expressions(declared field, fields map[string]field, into *Schedule) {
	maps.DeleteFunc(fields, func(name string, _ field) bool { return name != fieldParameters && name != fieldOnlyIf })

	values := r.values(fields)
	r.addAll(validation.CheckSchedule(declared.path, values, r.app.offered()))

	parameters, _ := values[fieldParameters].(map[string]any)
	into.Parameters, into.OnlyIf = jsonvalue.Object(parameters), values[fieldOnlyIf]
}
