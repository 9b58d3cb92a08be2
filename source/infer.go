package source

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Types are inferred from the first records, up to the first of these limits.
const (
	inferRecords = 1_000
	inferBytes   = MaxRecord
)

// Inference infers types of columns from the first thousand records, or the first 64 MiB.
type Inference struct {
	// Texts requests types for text columns: the first of integer, decimal, float, boolean, date, datetime, timestamp, time and
	// uuid that all values have. A column without values stays text, and so does a column with a value whose text form in the
	// type differs, or that would lose digits: texts of digits with leading zeros, for example, are often codes, not numbers.
	Texts bool

	Format Format              // The format of the records, with the notation of texts.
	Given  map[string]Standard // The types of columns that are not inferred.

	// Digits, if it is not 0, is the number of digits up to which the target stores decimals as numbers, as in [DecimalLimiter].
	// Decimals with no more digits then get a type that the target stores as numbers.
	Digits int

	// Decimals requests this for columns that are decimals without a precision too, because their source has inferred the type.
	Decimals bool
}

// Applies reports whether the records determine the type of a column. Otherwise, [Inference.Infer] would read them in vain, and
// delay the first of a source that is slow.
func (i Inference) Applies(schema Schema) bool {
	return slices.ContainsFunc(schema, i.concerns)
}

// Infer returns the inferred types, for [Inferred]; columns that look like numbers, but stay text because they are ambiguous, as
// conversions from text to text with a note; and rows that start with the first record again.
func (i Inference) Infer(ctx context.Context, rows Rows) (
	types map[string]Standard, unclear []Conversion, again Rows, err error,
) {
	if !i.Applies(rows.Schema()) {
		return nil, nil, rows, nil // Without reading ahead.
	}

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
			return nil, nil, nil, err
		}

		size += record.Size()
		start.records = append(start.records, slices.Clone(record))
		start.locations = append(start.locations, Location(rows, int64(len(start.records))))
	}

	types = map[string]Standard{}

	for at, column := range rows.Schema() {
		if err := ctx.Err(); err != nil {
			return nil, nil, nil, err
		}

		if _, named := i.Given[column.Name]; named {
			continue
		}

		of, note := i.infer(start.records, at, column)
		if of != column.Standard {
			types[column.Name] = of
		}

		if note != "" {
			unclear = append(unclear, Conversion{Column: column.Name, From: column.String(), To: of.String(), Note: note})
		}
	}

	return types, unclear, start, nil
}

// concerns reports whether the type of a column may be inferred.
func (i Inference) concerns(column Column) bool {
	_, named := i.Given[column.Name]

	return !named && (i.Texts && column.Type == Text || i.Decimals && column.Standard == Standard{Type: Decimal})
}

// infer returns the type of a column, and why it is not another one if that is not clear.
func (i Inference) infer(records []Record, at int, column Column) (of Standard, note string) {
	values := &columnValues{parser: i.Format.Parser(column.Name)}

	switch {
	case column.Type == Text && i.Texts:
		for _, record := range records {
			if text, isText := record[at].(string); isText {
				values.texts = append(values.texts, values.parser.Trim(text))
			}
		}

		if of, note = values.infer(); note != "" || of.Type == "" {
			return column.Standard, note
		}
	case column.Standard == Standard{Type: Decimal} && i.Decimals:
		for _, record := range records {
			if number, isNumber := record[at].(Number); isNumber {
				values.texts = append(values.texts, string(number))
			}
		}

		values.parser, of = nil, column.Standard
	default:
		return column.Standard, ""
	}

	if of.Type == Decimal && i.Digits > 0 {
		of = values.limited(i.Digits)
	}

	return of, ""
}

// columnValues are the values of a column from which its type is inferred.
type columnValues struct {
	texts  []string
	parser *Parser
}

// infer returns the first type that all values have, or the zero type and, if they look like numbers, why they are not.
func (v *columnValues) infer() (of Standard, note string) {
	if len(v.texts) == 0 {
		return Standard{}, ""
	}

	for _, of := range []Type{Integer, Decimal, Float, Boolean, Date, Datetime, Timestamp, Time, UUID} {
		standard := Standard{Type: of}

		if !slices.ContainsFunc(v.texts, func(text string) bool {
			_, err := inferredValue(standard, text, v.parser)

			return err != nil
		}) {
			return standard, v.ambiguity(of)
		}
	}

	return Standard{}, v.ambiguity(Text)
}

var (
	// grouped matches numbers that have either a fraction or groups of three digits.
	grouped = regexp.MustCompile(`^-?[1-9]\d{0,2}[.]\d{3}$`)

	// separated matches numbers with separators of any country.
	separated = regexp.MustCompile(`^[-+]?(?:\d{1,3}(?:[., '\x{a0}\x{202f}’]\d{3})+(?:[.,]\d+)?|\d+[.,]\d+)$`)

	plain = regexp.MustCompile(`^[-+]?\d+$`)
)

// ambiguity returns why the values of a column are not read as numbers, although they may be, or "". If the format has a
// notation of numbers, that decides.
func (v *columnValues) ambiguity(of Type) string {
	if v.parser != nil && (v.parser.notation.DecimalSeparator != "" || v.parser.notation.ThousandsSeparator != "") {
		return ""
	}

	example := ""

	for _, text := range v.texts {
		switch {
		case plain.MatchString(text):
		case of == Text && separated.MatchString(text), of == Decimal && grouped.MatchString(text):
			example = text
		default:
			return ""
		}
	}

	if example == "" {
		return ""
	}

	return fmt.Sprintf("numbers such as %s may have a fraction or thousands; set decimalSeparator in the format, or the type in "+
		"columnTypes", Quote(example))
}

// limited returns the type of decimals for a target that stores up to a number of digits as a number: decimals with that
// precision, which keep the zeros at their ends, or floats, if the values have no such zeros and fractions of different
// lengths. It is decimal without a precision if a value has more digits.
func (v *columnValues) limited(digits int) Standard {
	var (
		whole, fraction int
		shortest        = digits
		areFloats       = true
		endWithZeros    bool
	)

	for _, text := range v.texts {
		form, _ := v.parser.number(text)

		number, err := ParseNumber(form)
		if err != nil {
			return Standard{Type: Decimal}
		}

		before, after := number.Digits()
		whole, fraction, shortest = max(whole, before), max(fraction, after), min(shortest, after)
		areFloats = areFloats && before+after <= digits
		endWithZeros = endWithZeros || after > 0 && strings.HasSuffix(form, "0")
	}

	switch {
	case whole+fraction <= digits && (endWithZeros || shortest == fraction):
		return Standard{Type: Decimal, Precision: digits, Scale: fraction}
	case areFloats && !endWithZeros:
		return Standard{Type: Float}
	}

	return Standard{Type: Decimal}
}

// Inferred returns rows in which the columns named in types have those types, which [Inference.Infer] has returned. A later
// value that does not have the type, or whose text form in the type differs, is an [*Error], as in [Convert].
func Inferred(rows Rows, sourceName string, read Read, types map[string]Standard) (Rows, error) {
	converted := &converted{
		Rows: rows, source: sourceName, read: read, fast: inferredFast,
		value: func(c *change, value any) (any, error) {
			if text, isText := value.(string); isText {
				return inferredValue(c.to, c.parser.Trim(text), c.parser)
			}

			return ConvertValue(c.from, c.to, value)
		},
		hint: "correct the value, or set the type of the column in columnTypes",
	}

	return converted.withTypes(types)
}

// inferredValue parses text as a value of the type. Text that is not in the form in which the type's values are written is an
// error.
func inferredValue(of Standard, text string, parser *Parser) (any, error) {
	form := text

	switch of.Type { //nolint:exhaustive // Numbers have a notation.
	case Integer, Decimal, Float:
		var ok bool
		if form, ok = parser.number(text); !ok {
			return nil, fmt.Errorf("%s is not a value of type %s in the format's notation of numbers", Quote(text), of)
		}
	case Boolean, Date, Datetime, Timestamp:
		if parser != nil && text != "" {
			return parser.Parse(of, text)
		}
	}

	value, err := ParseExactly(of, form)
	if err != nil {
		return nil, err
	}

	isForm := true

	switch of.Type { //nolint:exhaustive // The other types have only one form.
	case Integer, Decimal, UUID:
		written, err := AppendText(nil, of, value)
		isForm = err == nil && string(written) == form
	case Float:
		isForm = floatForm.MatchString(form)
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
