package expression

import (
	"errors"
	"fmt"
	"time"

	"github.com/jobwright/jobwright/source"
)

// Dates and timestamps are text in the language, as in parameters and results. The functions support only UTC, since other time
// zones depend on the machine's database.

// ofMoment returns a function of a time and a text.
func ofMoment(call func(moment time.Time, text string) (any, error)) func(...any) (any, error) {
	return ofTexts(func(texts []string) (any, error) {
		moment, err := ParseMoment(texts[0])
		if err != nil {
			return nil, err
		}

		return call(moment, texts[1])
	})
}

// addTime adds a duration, such as "-24h", to a time.
func addTime(moment time.Time, text string) (any, error) {
	duration, err := time.ParseDuration(text)
	if err != nil {
		return nil, fmt.Errorf("the duration must be text such as \"-24h\" or \"90m\", but is %q", text)
	}

	return writeMoment(moment.Add(duration), false)
}

// addDays adds days to a date or a timestamp.
func addDays(arguments ...any) (any, error) {
	text, isText := arguments[0].(string)
	days, isCount := arguments[1].(int)

	const most = 3_660_000 // Ten thousand years.
	if !isText || !isCount || days < -most || days > most {
		return nil, errors.New("the arguments must be a date and a number of days")
	}

	moment, err := ParseMoment(text)
	if err != nil {
		return nil, err
	}

	return writeMoment(moment.AddDate(0, 0, days), len(text) == len(time.DateOnly))
}

// writeMoment formats a date or a timestamp. It returns an error for years that do not have four digits.
func writeMoment(moment time.Time, isDate bool) (any, error) {
	const last = 9999

	switch year := moment.Year(); {
	case year < 1 || year > last:
		return nil, fmt.Errorf("the year %d is out of range; it must be from 1 to %d", year, last)
	case isDate:
		return moment.Format(time.DateOnly), nil
	default:
		return FormatTimestamp(moment), nil
	}
}

// formatTime formats a time with a layout of package time: "2006-01-02 15:04".
func formatTime(moment time.Time, text string) (any, error) {
	// A digit of the layout may become two in the result, and the result may be the layout of another call.
	const longest = 100
	if len(text) > longest {
		return nil, fmt.Errorf("a layout has at most %d bytes", longest)
	}

	return moment.Format(text), nil
}

// secondsBetween returns the seconds from one time to another.
func secondsBetween(from time.Time, text string) (any, error) {
	to, err := ParseMoment(text)
	if err != nil {
		return nil, err
	}

	return to.Sub(from).Seconds(), nil
}

// ParseMoment parses a timestamp, or a date as its midnight in UTC.
func ParseMoment(text string) (time.Time, error) {
	for _, t := range []source.Type{source.Timestamp, source.Date} {
		value, err := source.ParseText(source.Standard{Type: t}, text)
		if moment, ok := value.(time.Time); ok && err == nil {
			return moment.UTC(), nil
		}
	}

	return time.Time{}, fmt.Errorf("the time must be a timestamp such as 2006-01-02T15:04:05Z or a date such as %s, but is %q",
		time.DateOnly, text)
}
