package cron

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// daysOf returns the rules of the two fields of days; a day fires if it matches one of them.
func daysOf(ofMonth, ofWeek string, quartz bool) ([]dayRule, error) {
	weekField := standardDayOfWeek
	if quartz {
		weekField = quartzDayOfWeek
	}

	anyOfMonth, anyOfWeek := isAny(ofMonth), isAny(ofWeek)

	switch {
	case ofMonth == noValue && ofWeek == noValue:
		return nil, errors.New("only one of the two fields of days can be ?")
	case quartz && !anyOfMonth && !anyOfWeek:
		return nil, errors.New("the day of month and the day of week can't both restrict the days; let one of them be ?")
	case anyOfMonth && anyOfWeek:
		return []dayRule{everyDay()}, nil
	}

	var rules []dayRule

	if !anyOfMonth {
		found, err := daysOfMonth(ofMonth, quartz)
		if err != nil {
			return nil, err
		}

		rules = append(rules, found...)
	}

	if !anyOfWeek {
		found, err := daysOfWeek(ofWeek, weekField, quartz)
		if err != nil {
			return nil, err
		}

		rules = append(rules, found...)
	}

	return rules, nil
}

// isAny reports whether a field of days does not restrict the days.
func isAny(text string) bool { return text == noValue || text == anyValue || text == anyValue+"/1" }

func everyDay() dayRule {
	return dayRule{daysOfMonth: everyDayOfMonth, daysOfWeek: everyDayOfWeek, months: everyMonth, years: everyYear}
}

// Forms of a day of month.
var (
	lastDay        = regexp.MustCompile(`^L(?:-(\d+))?$`)
	nearestWeekday = regexp.MustCompile(`^(\d+)W$`)
)

const lastWeekday = "LW"

// daysOfMonth returns the rules of the field day of month.
func daysOfMonth(text string, quartz bool) ([]dayRule, error) {
	var (
		rules []dayRule
		plain set
	)

	for entry := range strings.SplitSeq(text, ",") {
		last, nearest := lastDay.FindStringSubmatch(entry), nearestWeekday.FindStringSubmatch(entry)

		switch {
		case last != nil:
			before, _ := strconv.Atoi("0" + last[1])
			if before > 30 {
				return nil, dayOfMonthField.wrong(entry, "L-n is at most 30 days before the last day")
			}

			rules = append(rules, byLength(func(length int) []dayRule {
				if length <= before {
					return nil
				}

				return []dayRule{on(everyDayOfWeek, length-before)}
			})...)
		case entry == lastWeekday:
			rules = append(rules, byLength(func(length int) []dayRule { return nearestWeekdayTo(length, length) })...)
		case nearest != nil:
			day, err := dayOfMonthField.value(nearest[1])
			if err != nil {
				return nil, err
			}

			rules = append(rules, byLength(func(length int) []dayRule { return nearestWeekdayTo(day, length) })...)
		default:
			of := dayOfMonthField
			of.wraps = quartz

			days, err := of.entry(entry)
			if err != nil {
				return nil, err
			}

			plain = append(plain, days...)
		}
	}

	if len(plain) > 0 {
		rules = append(rules, on(everyDayOfWeek, plain...))
	}

	return rules, nil
}

// nearestWeekdayTo returns the rules of the weekday of a month that is nearest to a day, for months of that length. A month
// without the day has none.
func nearestWeekdayTo(day, length int) []dayRule {
	if day > length {
		return nil
	}

	fromSaturday, fromSunday := on(set{int(time.Friday)}, day-1), on(set{int(time.Monday)}, day+1)
	if day == 1 {
		fromSaturday = on(set{int(time.Monday)}, day+2)
	}

	if day == length {
		fromSunday = on(set{int(time.Friday)}, day-2)
	}

	return []dayRule{on(set{1, 2, 3, 4, 5}, day), fromSaturday, fromSunday}
}

// Forms of a day of week.
var (
	lastOfMonth = regexp.MustCompile(`^(\w+)L$`)
	nthOfMonth  = regexp.MustCompile(`^(\w+)#(\d)$`)
)

// daysOfWeek returns the rules of the field day of week.
func daysOfWeek(text string, of field, quartz bool) ([]dayRule, error) {
	var (
		rules []dayRule
		plain set
	)

	// weekday returns a day as Temporal and [time.Weekday] count them.
	weekday := func(value int) int {
		if quartz {
			value--
		}

		return value % len(dayNames)
	}

	for entry := range strings.SplitSeq(text, ",") {
		last, nth := lastOfMonth.FindStringSubmatch(entry), nthOfMonth.FindStringSubmatch(entry)

		switch {
		case entry == "L":
			plain = append(plain, int(time.Saturday))
		case last != nil:
			day, err := of.value(last[1])
			if err != nil {
				return nil, err
			}

			rules = append(rules, byLength(func(length int) []dayRule {
				return []dayRule{on(set{weekday(day)}, week(length-6, length)...)}
			})...)
		case nth != nil:
			day, err := of.value(nth[1])
			if err != nil {
				return nil, err
			}

			number, _ := strconv.Atoi(nth[2])
			if number < 1 || number > 5 {
				return nil, of.wrong(entry, "the number after # must be 1 to 5")
			}

			rules = append(rules, on(set{weekday(day)}, week(7*number-6, min(7*number, dayOfMonthField.max))...))
		default:
			days, err := of.entry(entry)
			if err != nil {
				return nil, err
			}

			for _, day := range days {
				plain = append(plain, weekday(day))
			}
		}
	}

	if len(plain) > 0 {
		rules = append(rules, on(plain.sorted(), everyDayOfMonth...))
	}

	return rules, nil
}

// week returns the days of a month from first to last.
func week(first, last int) set { return dayOfMonthField.between(first, last, 1) }

// on returns the rule of days of each month that are on given days of the week.
func on(daysOfWeek set, daysOfMonth ...int) dayRule {
	rule := everyDay()
	rule.daysOfWeek, rule.daysOfMonth = daysOfWeek, set(daysOfMonth).sorted()

	return rule
}

// byLength returns the rules that depend on the number of days of a month.
func byLength(rulesOf func(length int) []dayRule) []dayRule {
	leap, common := set{}, set{}

	for _, year := range everyYear {
		if time.Date(year, time.February, 29, 0, 0, 0, 0, time.UTC).Month() == time.February {
			leap = append(leap, year)
		} else {
			common = append(common, year)
		}
	}

	var rules []dayRule

	for _, group := range []struct {
		length        int
		months, years set
	}{
		{31, set{1, 3, 5, 7, 8, 10, 12}, everyYear},
		{30, set{4, 6, 9, 11}, everyYear},
		{29, set{2}, leap},
		{28, set{2}, common},
	} {
		for _, rule := range rulesOf(group.length) {
			rule.months, rule.years = group.months, group.years
			rules = append(rules, rule)
		}
	}

	return rules
}
