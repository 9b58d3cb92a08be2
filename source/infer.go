package source

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
)

// Types are inferred from the first records, up to the first of these limits.
const (
	inferRecords = 1_000
	inferBytes   = MaxRecord
)

// Infer infers the types of text columns, except for the columns in given, from the first thousand records or 64 MiB: the
// first of integer, decimal, float, boolean, date, datetime, timestamp, time and uuid that all values of the column have. A column
// without values stays text, and so does a column with a value whose text form in the type differs, or that would lose digits:
// texts of digits with leading zeros, for example, are often codes, not numbers. Infer returns the inferred types, for
// [Inferred], and rows that start with the first record again.
func Infer(ctx context.Context, rows Rows, given map[string]Standard) (map[string]Standard, Rows, error) {
	start := &buffered{Rows: rows}

	for size := int64(0); len(start.records) < inferRecords && size < inferBytes; {
		record, err := rows.Next(ctx)
		if err == io.EOF {
			break
		}

		if err == nil {
			err = ctx.Err() // The rows may not watch the context.
		}

		if err != nil {
			return nil, nil, err
		}

		size += record.Size()
		start.records = append(start.records, slices.Clone(record))
		start.locations = append(start.locations, Location(rows, int64(len(start.records))))
	}

	types := map[string]Standard{}

	for i, column := range rows.Schema() {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}

		if _, named := given[column.Name]; named || column.Type != Text {
			continue
		}

		if of, found := inferred(start.records, i); found {
			types[column.Name] = of
		}
	}

	return types, start, nil
}

// inferred returns the first type that all values of a column have, and whether there is one.
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

// Inferred returns rows in which the columns named in types have those types, which [Infer] has returned. A later value that
// does not have the type, or whose text form in the type differs, is an [*Error], as in [Convert].
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
		hint: "correct the value, or set the type of the column in columnTypes",
	}

	return converted.withTypes(types)
}

// inferredValue parses text as a value of the type. Text that is not in the form in which the type's values are written is an
// error.
func inferredValue(of Standard, text string) (any, error) {
	value, err := ParseExactly(of, text)
	if err != nil {
		return nil, err
	}

	isForm := true

	switch of.Type { //nolint:exhaustive // The other types have only one form.
	case Integer, Decimal, UUID:
		written, err := AppendText(nil, of, value)
		isForm = err == nil && string(written) == text
	case Float:
		isForm = floatForm.MatchString(text)
	}

	if !isForm {
		return nil, fmt.Errorf("%s is not written as a value of type %s", Quote(text), of)
	}

	return value, nil
}

// floatForm matches the forms in which programs write floats. An exponent requires a sign or a point, since 12E4 may be a
// code. NaN and Inf do not match, since they may be names.
var floatForm = regexp.MustCompile(
	`^-?(?:(?:0|[1-9]\d*)?(?:\.\d+)?|(?:0|[1-9]\d*)(?:\.\d+)?[eE][+-]\d+|(?:0|[1-9]\d*)\.\d+[eE]\d+)$`)

// buffered returns the records that Infer has read before the other records of the wrapped rows.
type buffered struct {
	Rows

	records   []Record
	locations []string
	count     int64
	location  string // The location of the last record, if it was buffered.
}

func (b *buffered) Next(ctx context.Context) (Record, error) {
	b.count++

	if len(b.records) == 0 {
		b.location = ""

		return b.Rows.Next(ctx)
	}

	record := b.records[0]
	b.records, b.location = b.records[1:], b.locations[0]
	b.locations = b.locations[1:]

	return record, nil
}

// Location returns the location of the last record.
func (b *buffered) Location() string {
	if b.location != "" {
		return b.location
	}

	return Location(b.Rows, b.count)
}
