package source

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
)

// inferFrom is how many records at the beginning of a table decide the types of its columns.
const inferFrom = 1_000

// Infer finds a type for each column of text that given does not name, from the first thousand records: the first of
// integer, decimal, float, boolean, date, datetime, timestamp, time and uuid that every value among them has. A column
// stays text where the values have none of these, where there are none, and where reading them would change how they
// look: numbers with leading zeros, for example, are often none. It returns the types that it found, and rows from the
// first one on.
func Infer(ctx context.Context, rows Rows, given map[string]Standard) (map[string]Standard, Rows, error) {
	ahead := &ahead{Rows: rows}

	for len(ahead.records) < inferFrom {
		record, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}

		if err != nil {
			return nil, nil, err
		}

		ahead.records = append(ahead.records, slices.Clone(record))
		ahead.locations = append(ahead.locations, location(rows, int64(len(ahead.records))))
	}

	types := map[string]Standard{}

	for i, column := range rows.Schema() {
		if _, named := given[column.Name]; named || column.Type != Text {
			continue
		}

		if of, found := inferred(ahead.records, i); found {
			types[column.Name] = of
		}
	}

	return types, ahead, nil
}

// inferred finds the type that all values of a column have.
func inferred(records []Record, column int) (Standard, bool) {
	for _, of := range []Type{Integer, Decimal, Float, Boolean, Date, Datetime, Timestamp, Time, UUID} {
		standard, values := Standard{Type: of}, 0

		fits := !slices.ContainsFunc(records, func(record Record) bool {
			text, isText := record[column].(string)
			if !isText {
				return false
			}

			values++

			return !looksLike(standard, text)
		})

		if values == 0 {
			return Standard{}, false
		}

		if fits {
			return standard, true
		}
	}

	return Standard{}, false
}

// looksLike reports whether text is a value of the type, written as one of that type is.
func looksLike(of Standard, text string) bool {
	value, err := ParseText(of, text)
	if err != nil || value == nil {
		return false
	}

	switch of.Type { //nolint:exhaustive // The others are read in one form alone.
	case Integer, Decimal, UUID:
		written, err := AppendText(nil, of, value)

		return err == nil && string(written) == text
	case Float:
		return text[0] != '+' && !hasLeadingZero(text)
	}

	return true
}

func hasLeadingZero(text string) bool {
	text = strings.TrimPrefix(text, "-")

	return len(text) > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9'
}

// ahead are rows of which the first records were read already.
type ahead struct {
	Rows

	records   []Record
	locations []string
	count     int64
	place     string
}

func (a *ahead) Next(ctx context.Context) (Record, error) {
	a.count++

	if len(a.records) == 0 {
		a.place = ""

		return a.Rows.Next(ctx)
	}

	record := a.records[0]
	a.records, a.place = a.records[1:], a.locations[0]
	a.locations = a.locations[1:]

	return record, nil
}

// Location tells where the last record stood.
func (a *ahead) Location() string {
	if a.place != "" {
		return a.place
	}

	return location(a.Rows, a.count)
}
