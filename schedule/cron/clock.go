package cron

import (
	"slices"
	"time"
)

// Fires reports whether the expression fires at a time, in the time's own time zone. It fires where the clock
// [Expression.Matches], with exceptions for expressions with fixed times of day when the clock is changed: they fire in the
// first of two equal hours only, and if the clock skips their time, they fire at the end of the skipped hour. So a nightly job
// runs once every night.
func (e *Expression) Fires(at time.Time) bool {
	if !e.isFixed() {
		return e.Matches(at)
	}

	before, after, isChange := changeBefore(at)

	switch {
	case !isChange:
		return e.Matches(at)
	case before > after: // The clock was set back.
		earlier := at.Add(after - before)

		return e.Matches(at) && (earlier.Hour() != at.Hour() || earlier.Minute() != at.Minute())
	default:
		start, _ := at.ZoneBounds()

		return e.Matches(at) || at.Equal(start) && e.matchesWithin(at.UTC().Add(before), after-before)
	}
}

// isFixed reports whether the expression fires at fixed times of the day, and not several times in an hour or every hour.
func (e *Expression) isFixed() bool {
	return len(e.seconds) == 1 && len(e.minutes) == 1 && len(e.hours) < len(hourField.all())
}

// matchesWithin reports whether the clock matches the expression in a part of the day that begins with a clock.
func (e *Expression) matchesWithin(clock time.Time, length time.Duration) bool {
	for end := clock.Add(length); clock.Before(end); clock = clock.Add(time.Second) {
		if e.Matches(clock) {
			return true
		}
	}

	return false
}

// changeBefore returns the offsets of the time zone before and after its last change, if that was less than a day before the
// time.
func changeBefore(at time.Time) (before, after time.Duration, isChange bool) {
	start, _ := at.ZoneBounds()
	if start.IsZero() || at.Sub(start) >= 24*time.Hour {
		return 0, 0, false
	}

	before, after = offsetOf(start.Add(-time.Second)), offsetOf(at)

	return before, after, before != after
}

// Misfires reports whether Temporal may start a schedule with the [Expression.Spec] at a time, although the expression does not
// fire: because the clock shows it again, or because Temporal confuses two equal hours.
func (e *Expression) Misfires(at time.Time) bool {
	before, after, isChange := changeBefore(at)
	if !isChange {
		if before, after, isChange = changeBefore(at.Add(24 * time.Hour)); !isChange {
			return false
		}
	}

	clock := at.UTC().Add(offsetOf(at))
	confused := []time.Duration{0, after - before, before - after, time.Hour, -time.Hour} // Temporal assumes changes of an hour.

	return !e.Fires(at) && slices.ContainsFunc(confused, func(by time.Duration) bool { return e.Matches(clock.Add(by)) })
}

// offsetOf returns the offset of a time's zone.
func offsetOf(at time.Time) time.Duration {
	_, seconds := at.Zone()

	return time.Duration(seconds) * time.Second
}
