package cron

import (
	"fmt"
	"slices"
	"time"

	schedulepb "go.temporal.io/api/schedule/v1"
	"google.golang.org/protobuf/types/known/durationpb"
)

// horizon is the number of years after the current one for which a [Expression.Spec] contains corrections.
const horizon = 2

// maxCorrections bounds the corrections of a spec, which Temporal compares with each other for each firing.
const maxCorrections = 5_000

// Spec returns the expression as the spec of a schedule of Temporal's in a time zone. The schedule also starts at moments at
// which the expression does not [Expression.Fires], where the zone's clock changes. The spec is correct until the end of the
// second year after now, and the same for all moments of a year.
func (e *Expression) Spec(zone *time.Location, now time.Time) (*schedulepb.ScheduleSpec, error) {
	from := time.Date(now.Year()-1, time.January, 1, 0, 0, 0, 0, time.UTC)
	to := from.AddDate(1+horizon+1, 0, 0)

	spec := &schedulepb.ScheduleSpec{StructuredCalendar: e.calendars(), TimezoneName: zone.String()}

	if e.isIndependentOf(zone, from, to) {
		spec.TimezoneName = time.UTC.String()

		return spec, nil
	}

	corrections := e.corrections(zone, from, to)
	if len(corrections) > maxCorrections {
		return nil, fmt.Errorf(
			"the cron expression fires too often around the changes of time in %s; use the time zone UTC", zone)
	}

	for _, at := range corrections {
		spec.Interval = append(spec.Interval, once(at))
	}

	e.correctDaysWithoutMidnight(spec, zone, from, to)

	return spec, nil
}

// correctDaysWithoutMidnight adds calendars for the days whose midnight the clock skips, from one time to another. In zones west
// of Greenwich, Temporal takes such a day for the day of the week before it.
func (e *Expression) correctDaysWithoutMidnight(spec *schedulepb.ScheduleSpec, zone *time.Location, from, to time.Time) {
	for _, change := from.In(zone).ZoneBounds(); !change.IsZero() && change.Before(to); _, change = change.ZoneBounds() {
		year, month, day := change.Date()
		if time.Date(year, month, day, 0, 0, 0, 0, zone).Day() == day {
			continue
		}

		onDay := Expression{seconds: e.seconds, minutes: e.minutes, hours: e.hours, days: []dayRule{
			{daysOfMonth: set{day}, daysOfWeek: everyDayOfWeek, months: set{int(month)}, years: set{year}},
		}}
		if slices.ContainsFunc(e.days, func(rule dayRule) bool { return rule.matches(change) }) {
			spec.StructuredCalendar = append(spec.StructuredCalendar, onDay.calendars()...)
		} else {
			spec.ExcludeStructuredCalendar = append(spec.ExcludeStructuredCalendar, onDay.calendars()...)
		}
	}
}

// once returns an interval that matches a single moment in decades.
func once(at time.Time) *schedulepb.IntervalSpec {
	const interval = 20 * 365 * 24 * time.Hour

	seconds := at.Unix() % int64(interval/time.Second)

	return &schedulepb.IntervalSpec{Interval: durationpb.New(interval), Phase: &durationpb.Duration{Seconds: seconds}}
}

// corrections returns the moments around the changes of a time zone, from one time to another, at which the expression fires.
// Temporal's calendars miss some of them: they know no skipped times, and in zones east of Greenwich, they confuse two equal
// hours.
func (e *Expression) corrections(zone *time.Location, from, to time.Time) []time.Time {
	var found []time.Time

	for _, change := from.In(zone).ZoneBounds(); !change.IsZero() && change.Before(to); _, change = change.ZoneBounds() {
		before, after, _ := changeBefore(change)
		first, last := change, change

		if before > after {
			first, last = change.Add(after-before), change.Add(2*(before-after))
		}

		for at := first; !at.After(last); at = at.Add(time.Second) {
			if e.Fires(at) {
				found = append(found, at)
			}
		}
	}

	return found
}

// isIndependentOf reports whether the expression fires at the same moments in UTC as in a time zone, at each offset of the zone
// from one time to another.
func (e *Expression) isIndependentOf(zone *time.Location, from, to time.Time) bool {
	if len(e.hours) < len(hourField.all()) || len(e.days) != 1 || !e.days[0].isEvery() {
		return false
	}

	for at := from.In(zone); !at.IsZero() && at.Before(to); _, at = at.ZoneBounds() {
		if _, offset := at.Zone(); offset%int(time.Hour/time.Second) != 0 {
			return false
		}
	}

	return true
}

// isEvery reports whether the rule matches every day.
func (r dayRule) isEvery() bool {
	every := everyDay()

	return len(r.daysOfMonth) == len(every.daysOfMonth) && len(r.daysOfWeek) == len(every.daysOfWeek) &&
		len(r.months) == len(every.months) && len(r.years) == len(every.years)
}

// calendars returns the calendars that match the same local times as the expression: those that match one of them.
func (e *Expression) calendars() []*schedulepb.StructuredCalendarSpec {
	calendars := make([]*schedulepb.StructuredCalendarSpec, len(e.days))

	for i, rule := range e.days {
		calendars[i] = &schedulepb.StructuredCalendarSpec{
			Second: e.seconds.ranges(), Minute: e.minutes.ranges(), Hour: e.hours.ranges(),
			DayOfMonth: rule.daysOfMonth.ranges(), Month: rule.months.ranges(), DayOfWeek: rule.daysOfWeek.ranges(),
		}
		if len(rule.years) < len(everyYear) { // An absent list stands for all years.
			calendars[i].Year = rule.years.ranges()
		}
	}

	return calendars
}
