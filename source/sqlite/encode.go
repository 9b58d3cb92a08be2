package sqlite

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/jobwright/jobwright/source"
)

// datetimeLayout is the form in which SQLite's own functions write a time, with as many digits as it takes.
const datetimeLayout = "2006-01-02 15:04:05.999999999"

// target is where the values of a column are written to.
type target struct {
	name      string
	from      source.Standard // What the values are.
	to        source.Standard // What they become.
	keepsText bool            // Whether a text that looks like a number stays a text.
}

// encoder turns the values of records into those that SQLite holds.
type encoder struct {
	arena   *arena
	scratch []byte
}

// encode makes of bound what a column holds for a value. A value that it can't hold exactly is an error.
func (e *encoder) encode(to *target, value any, bound *bound) error {
	if to.from.Type != to.to.Type || to.from.Element != to.to.Element {
		var err error
		if value, err = assign(to.from, to.to, value); err != nil {
			return err
		}
	}

	if value == nil { // That of JSON is one of every other type, too.
		bound.kind = storedNull

		return nil
	}

	switch of := to.to; of.Type {
	case source.Text:
		if v, ok := value.(string); ok {
			return e.text(v, bound)
		}
	case source.Integer:
		if v, ok := value.(int64); ok {
			bound.kind, bound.integer = storedInteger, v

			return nil
		}
	case source.Float:
		if v, ok := value.(float64); ok {
			return encodeFloat(v, bound)
		}
	case source.Boolean:
		if v, ok := value.(bool); ok {
			bound.kind, bound.integer = storedInteger, 0
			if v {
				bound.integer = 1
			}

			return nil
		}
	case source.Decimal:
		if v, ok := value.(source.Number); ok {
			return e.decimal(to, v, bound)
		}
	case source.Binary:
		if v, ok := value.([]byte); ok {
			return holdAs(storedBinary, e.arena, v, bound)
		}
	case source.JSON:
		if v, ok := value.(json.RawMessage); ok {
			return e.json(v, bound)
		}
	case source.Date, source.Time, source.Datetime, source.Timestamp, source.UUID, source.Array:
		return e.form(of, value, bound)
	}

	return fmt.Errorf("a %T is no value of type %s", value, to.to)
}

// holdAs stores a text, or a binary, of that kind.
func holdAs[T string | []byte](as kind, a *arena, text T, bound *bound) (err error) {
	bound.kind, bound.length = as, uint64(len(text))
	bound.address, err = hold(a, text)

	return err
}

func (e *encoder) text(text string, bound *bound) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%s is not UTF-8", excerpt(text))
	}

	return holdAs(storedText, e.arena, text, bound)
}

func encodeFloat(value float64, bound *bound) error {
	if math.IsNaN(value) {
		return errors.New("SQLite can't hold NaN, it would become NULL")
	}

	bound.kind, bound.float = storedFloat, value

	return nil
}

// decimal stores a number as text where the column keeps it, and otherwise as the number that SQLite would make of it.
func (e *encoder) decimal(to *target, number source.Number, bound *bound) error {
	if !number.Fits(to.to.Precision, to.to.Scale) {
		return fmt.Errorf("%s is not a value of type %s: it has too many digits", number, to.to)
	}

	if to.keepsText {
		return holdAs(storedText, e.arena, string(number), bound)
	}

	digits := withoutZeros(number)

	if !strings.Contains(digits, ".") {
		if integer, err := strconv.ParseInt(digits, 10, 64); err == nil {
			bound.kind, bound.integer = storedInteger, integer

			return nil
		}
	}

	var err error
	if bound.float, err = exactFloat(digits); err != nil {
		return fmt.Errorf("%w; declare the column as %s to keep them", err, decimalText)
	}

	bound.kind = storedFloat

	return nil
}

// withoutZeros returns the digits of a number without the zeros at the end of its fraction.
func withoutZeros(number source.Number) string {
	if !strings.Contains(string(number), ".") {
		return string(number)
	}

	return strings.TrimSuffix(strings.TrimRight(string(number), "0"), ".")
}

// exactFloat returns the float whose shortest digits are those.
func exactFloat(digits string) (float64, error) {
	value, err := strconv.ParseFloat(digits, 64)
	if err != nil || (len(digits) > exactDigits && strconv.FormatFloat(value, 'f', -1, 64) != digits) {
		return 0, fmt.Errorf("%s has more digits than a float", excerpt(digits))
	}

	return value, nil
}

func (e *encoder) json(value json.RawMessage, bound *bound) error {
	if !json.Valid(value) || !utf8.Valid(value) {
		return fmt.Errorf("%s is not a value of type json", excerpt(string(value)))
	}

	return holdAs(storedText, e.arena, []byte(value), bound)
}

// form stores a value in the form that text files show.
func (e *encoder) form(of source.Standard, value any, bound *bound) error {
	if err := checkForm(of, value); err != nil {
		return err
	}

	var err error
	if e.scratch, err = source.AppendText(e.scratch[:0], of, value); err != nil {
		return err
	}

	if of.Type == source.Datetime {
		e.scratch[len(time.DateOnly)] = ' ' // For the T, as SQLite's own functions write it.
	}

	return holdAs(storedText, e.arena, e.scratch, bound)
}

// checkForm returns an error for a value that has no form.
func checkForm(of source.Standard, value any) error {
	fits := false

	switch v := value.(type) {
	case time.Time:
		fits = of.Type == source.Date || of.Type == source.Datetime || of.Type == source.Timestamp

		if _, offset := v.Zone(); of.Type == source.Timestamp && offset%60 != 0 {
			return fmt.Errorf("the offset of %s has seconds, for which there is no form", v)
		}
	case time.Duration:
		fits = of.Type == source.Time

		if v < 0 || v > 24*time.Hour {
			return fmt.Errorf("%s is no time of a day", v)
		}
	case uuid.UUID:
		fits = of.Type == source.UUID
	case []any:
		fits = of.Type == source.Array
	}

	if !fits {
		return fmt.Errorf("a %T is no value of type %s", value, of)
	}

	return nil
}
