package source

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
)

// inferFrom is how many records at the beginning of a table decide the types of its columns.
const inferFrom = 1_000

// Infer finds a type for each column of text that given does not name, from the first thousand records: the first of
// integer, decimal, float, boolean, date, datetime, timestamp, time and uuid that every value among them has. A column
// stays text where the values have none of these, where there are none, and where reading them would change how they
// look, or lose digits: numbers with leading zeros, for example, are often none. It returns the types that it found, for
// [Inferred], and rows from the first one on.
func Infer(ctx context.Context, rows Rows, given map[string]Standard) (map[string]Standard, Rows, error) {
	ahead := &ahead{Rows: rows}

	for len(ahead.records) < inferFrom {
		record, err := rows.Next(ctx)
		if err == io.EOF {
			break
		}

		if err != nil {
			return nil, nil, err
		}

		ahead.records = append(ahead.records, slices.Clone(record))
		ahead.locations = append(ahead.locations, Location(rows, int64(len(ahead.records))))
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

			_, err := inferredValue(standard, text)

			return err != nil
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

// Inferred returns rows with the columns that types names turned into those types, which were inferred: a later value that has
// another type, or that would look different, is an [*Error], as in [Convert].
func Inferred(
	rows Rows, sourceName string, table Table, types map[string]Standard, reject func(Reject) error,
) (Rows, error) {
	converted := &converted{
		Rows: rows, source: sourceName, table: table, reject: reject,
		value: func(from, to Standard, value any) (any, error) {
			if text, isText := value.(string); isText {
				return inferredValue(to, text)
			}

			return ConvertValue(from, to, value)
		},
		hint: "correct the value, or name the type of the column in columnTypes",
	}

	return converted.to(types)
}

// inferredValue reads text as a value of the type, where it is written as one of that type is.
func inferredValue(of Standard, text string) (any, error) {
	value, err := ParseExactly(of, text)
	if err != nil {
		return nil, err
	}

	looksLike := true

	switch of.Type { //nolint:exhaustive // The others are read in one form alone.
	case Integer, Decimal, UUID:
		written, err := AppendText(nil, of, value)
		looksLike = err == nil && string(written) == text
	case Float:
		looksLike = floatForm.MatchString(text)
	}

	if !looksLike {
		return nil, fmt.Errorf("%s is not written as a value of type %s", Quote(text), of)
	}

	return value, nil
}

// floatForm is how programs write floats: with a sign or a point where there is an exponent, since 12E4 alone may be a code,
// and without the words NaN and Inf, which may be names.
var floatForm = regexp.MustCompile(
	`^-?(?:(?:0|[1-9]\d*)?(?:\.\d+)?|(?:0|[1-9]\d*)(?:\.\d+)?[eE][+-]\d+|(?:0|[1-9]\d*)\.\d+[eE]\d+)$`)

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

// Location returns the location of the last record.
func (a *ahead) Location() string {
	if a.place != "" {
		return a.place
	}

	return Location(a.Rows, a.count)
}
