// Package cron parses cron expressions, and expresses them as calendars of Temporal's schedules.
//
// An expression of five fields is a standard one: minute, hour, day of month, month and day of week from 0 (Sunday) to 7.
// One of six or seven fields is one of Quartz: second, minute, hour, day of month, month and day of week from 1 (Sunday) to
// 7 (Saturday), and optionally year. Both have names of months and days, lists, ranges and steps, and the forms L, W and #.
package cron

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The years that Temporal's schedules know.
const (
	firstYear = 2000
	lastYear  = 2100
)

// Expression is a cron expression.
type Expression struct {
	seconds, minutes, hours set
	days                    []dayRule
}

// dayRule matches days whose parts are in all of its sets.
type dayRule struct{ daysOfMonth, daysOfWeek, months, years set }

// Parse parses an expression. The error names the field that is wrong.
func Parse(text string) (*Expression, error) {
	fields := strings.Fields(strings.ToUpper(text))
	isQuartz := len(fields) > 5

	switch len(fields) {
	case 5:
		fields = append([]string{"0"}, append(fields, anyValue)...)
	case 6:
		fields = append(fields, anyValue)
	case 7:
	default:
		return nil, fmt.Errorf("a cron expression has five fields (minute, hour, day of month, month and day of week), or six "+
			"or seven (second first, and year last); %q has %d", text, len(fields))
	}

	return parse([7]string(fields), isQuartz)
}

// parse parses the fields of an expression, from second to year.
func parse(fields [7]string, isQuartz bool) (*Expression, error) {
	parsed := &Expression{}

	var months, years set

	for _, part := range []struct {
		of   field
		text string
		into *set
	}{
		{secondField, fields[0], &parsed.seconds},
		{minuteField, fields[1], &parsed.minutes},
		{hourField, fields[2], &parsed.hours},
		{monthField, fields[4], &months},
		{yearField, fields[6], &years},
	} {
		part.of.wraps = isQuartz && part.of.name != yearField.name

		values, err := part.of.list(part.text)
		if err != nil {
			return nil, err
		}

		*part.into = values
	}

	days, err := daysOf(fields[3], fields[5], isQuartz)
	if err != nil {
		return nil, err
	}

	for _, rule := range days {
		rule.months, rule.years = rule.months.and(months), rule.years.and(years)
		if rule.matchesAnyDate() {
			parsed.days = append(parsed.days, rule)
		}
	}

	if len(parsed.days) == 0 {
		return nil, errors.New("no date matches the cron expression")
	}

	return parsed, nil
}

// matchesAnyDate reports whether a day matches the rule.
func (r dayRule) matchesAnyDate() bool {
	for _, year := range r.years {
		for _, month := range r.months {
			for _, day := range r.daysOfMonth {
				date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
				if date.Day() == day && r.matches(date) {
					return true
				}
			}
		}
	}

	return false
}

// matches reports whether the day of a time matches the rule.
func (r dayRule) matches(at time.Time) bool {
	year, month, day := at.Date()

	return r.daysOfMonth.has(day) && r.daysOfWeek.has(int(at.Weekday())) && r.months.has(int(month)) && r.years.has(year)
}

// Matches reports whether the clock of a time, in its own time zone, matches the expression.
func (e *Expression) Matches(at time.Time) bool {
	hour, minute, second := at.Clock()

	return e.seconds.has(second) && e.minutes.has(minute) && e.hours.has(hour) &&
		slices.ContainsFunc(e.days, func(rule dayRule) bool { return rule.matches(at) })
}
