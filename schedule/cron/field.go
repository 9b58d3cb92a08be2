package cron

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	schedulepb "go.temporal.io/api/schedule/v1"
)

// The texts of a field that stand for all of its values. The second one is for the days only.
const (
	anyValue = "*"
	noValue  = "?"
)

// field is a part of an expression.
type field struct {
	name     string
	min, max int
	names    []string // The names of the values from min on.
	again    int      // A second number of the first value; 0 for none.
	wraps    bool     // Whether a range can continue at the beginning of the field: FRI-MON.
}

var (
	secondField     = field{name: "second", max: 59}
	minuteField     = field{name: "minute", max: 59}
	hourField       = field{name: "hour", max: 23}
	dayOfMonthField = field{name: "day of month", min: 1, max: 31}
	monthField      = field{name: "month", min: 1, max: 12, names: []string{
		"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
	}}
	yearField = field{name: "year", min: firstYear, max: lastYear}

	dayNames              = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
	standardDayOfWeek     = field{name: "day of week", max: 6, again: 7, names: dayNames}
	quartzDayOfWeek       = field{name: "day of week", min: 1, max: 7, names: dayNames, wraps: true}
	everyDayOfMonth       = dayOfMonthField.all()
	everyMonth            = monthField.all()
	everyYear             = yearField.all()
	everyDayOfWeek    set = []int{0, 1, 2, 3, 4, 5, 6}
)

// all returns all values of the field.
func (f field) all() set { return f.between(f.min, f.max, 1) }

// between returns the values from first to last, in steps. A range whose first value is greater continues at the beginning of the
// field.
func (f field) between(first, last, step int) set {
	if last < first {
		last += f.max - f.min + 1
	}

	var found set

	for value := first; value <= last; value += step {
		found = append(found, f.min+(value-f.min)%(f.max-f.min+1))
	}

	return found.sorted()
}

// list returns the values of a list such as 1,5-10,20/5.
func (f field) list(text string) (set, error) {
	var found set

	for entry := range strings.SplitSeq(text, ",") {
		values, err := f.entry(entry)
		if err != nil {
			return nil, err
		}

		found = append(found, values...)
	}

	return found.sorted(), nil
}

// entry returns the values of an entry of a list.
func (f field) entry(text string) (set, error) {
	span, stepText, hasStep := strings.Cut(text, "/")
	step := 1

	if hasStep {
		var err error
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > f.max {
			return nil, f.wrong(text, "the step must be 1 to %d", f.max)
		}
	}

	if span == anyValue {
		return f.between(f.min, f.max, step), nil
	}

	firstText, lastText, isRange := strings.Cut(span, "-")

	first, err := f.value(firstText)
	if err != nil {
		return nil, err
	}

	last := first

	switch {
	case isRange:
		if last, err = f.value(lastText); err != nil {
			return nil, err
		}
	case hasStep:
		last = f.max
	}

	if last < first && !f.wraps {
		return nil, f.wrong(text, "the range ends before it begins")
	}

	return f.between(first, last, step), nil
}

// value returns the value of a number or of a name.
func (f field) value(text string) (int, error) {
	if at := slices.Index(f.names, text); at >= 0 {
		return f.min + at, nil
	}

	value, err := strconv.Atoi(text)
	if err != nil || value < f.min || value > max(f.max, f.again) {
		return 0, f.wrong(text, "%s", f.form())
	}

	return value, nil
}

// form describes the values of the field.
func (f field) form() string {
	form := fmt.Sprintf("it must be %d to %d", f.min, max(f.max, f.again))
	if len(f.names) > 0 {
		form += fmt.Sprintf(", or %s to %s", f.names[0], f.names[len(f.names)-1])
	}

	return form
}

// wrong returns the error of an entry of the field.
func (f field) wrong(text, format string, arguments ...any) error {
	return fmt.Errorf("the %s %q is wrong: %s", f.name, text, fmt.Sprintf(format, arguments...))
}

// set is a sorted list of different values.
type set []int

// sorted returns the values in order, each once.
func (s set) sorted() set { return slices.Compact(slices.Sorted(slices.Values(s))) }

func (s set) has(value int) bool {
	_, found := slices.BinarySearch(s, value)

	return found
}

// and returns the values that are in both sets.
func (s set) and(other set) set {
	return slices.DeleteFunc(slices.Clone(s), func(value int) bool { return !other.has(value) })
}

// ranges returns the values as the ranges of a calendar. Values at equal distances are one range.
func (s set) ranges() []*schedulepb.Range {
	var found []*schedulepb.Range

	for at := 0; at < len(s); {
		end := at + 1
		for step := s.step(at); step > 0 && end+1 < len(s) && s[end+1]-s[end] == step; {
			end++
		}

		if step := s.step(at); step == 1 || end > at+1 {
			found = append(found, rangeOf(s[at], s[end], step))
			at = end + 1
		} else {
			found = append(found, rangeOf(s[at], s[at], 1))
			at++
		}
	}

	return found
}

// step returns the distance from the value at an index to the next one, or 0 for the last one.
func (s set) step(at int) int {
	if at+1 < len(s) {
		return s[at+1] - s[at]
	}

	return 0
}

func rangeOf(first, last, step int) *schedulepb.Range {
	return &schedulepb.Range{Start: int32(first), End: int32(last), Step: int32(step)} //nolint:gosec // At most 2100.
}
