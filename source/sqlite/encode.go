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

// datetimeLayout is the layout in which SQLite's date functions write a time, with up to nine digits of a second.
const datetimeLayout = "2006-01-02 15:04:05.999999999"

// target is a column of the table that a write's values are stored in.
type target struct {
	name      string
	from      source.Standard // The type of the written values.
	to        source.Standard // The type of the table's column.
	keepsText bool            // Whether the column stores text that looks like a number as text.
}

// encoder converts the values of records to parameters of statements.
type encoder struct {
	arena   *arena
	scratch []byte
}

// encode stores a value in param as the target column represents it. A value that the column can't represent exactly is an
// error.
func (e *encoder) encode(to *target, value any, param *parameter) error {
	if to.from.Type != to.to.Type || to.from.Element != to.to.Element {
		var err error
		if value, err = assign(to.from, to.to, value); err != nil {
			return err
		}
	}

	if value == nil { // Also after assign: JSON's null is NULL in a column of another type.
		param.class = classNull

		return nil
	}

	switch of := to.to; of.Type {
	case source.Text:
		if v, ok := value.(string); ok {
			return e.text(v, param)
		}
	case source.Integer:
		if v, ok := value.(int64); ok {
			param.class, param.integer = classInteger, v

			return nil
		}
	case source.Float:
		if v, ok := value.(float64); ok {
			return encodeFloat(v, param)
		}
	case source.Boolean:
		if v, ok := value.(bool); ok {
			param.class, param.integer = classInteger, 0
			if v {
				param.integer = 1
			}

			return nil
		}
	case source.Decimal:
		if v, ok := value.(source.Number); ok {
			return e.decimal(to, v, param)
		}
	case source.Binary:
		if v, ok := value.([]byte); ok {
			return storeParameter(classBinary, e.arena, v, param)
		}
	case source.JSON:
		if v, ok := value.(json.RawMessage); ok {
			return e.json(v, param)
		}
	case source.Date, source.Time, source.Datetime, source.Timestamp, source.UUID, source.Array:
		return e.form(of, value, param)
	}

	return fmt.Errorf("a %T is not a value of type %s", value, to.to)
}

// assign converts a value to the type of the table's column. A value that the type can't represent exactly is an error.
func assign(from, to source.Standard, value any) (any, error) {
	if integer, isInteger := value.(int64); isInteger && to.Type == source.Float && !isExact(integer) {
		return nil, fmt.Errorf("%d has more digits than a float", integer) // decode would refuse it as a float.
	}

	return source.ConvertValue(from, to, value)
}

// storeParameter stores a text or binary in the arena, and its address in param.
func storeParameter[T string | []byte](class storageClass, a *arena, value T, param *parameter) (err error) {
	param.class, param.length = class, uint64(len(value))
	param.address, err = store(a, value)

	return err
}

func (e *encoder) text(text string, param *parameter) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%s is not UTF-8", source.Quote(text))
	}

	return storeParameter(classText, e.arena, text, param)
}

func encodeFloat(value float64, param *parameter) error {
	if math.IsNaN(value) {
		return errors.New("SQLite has no NaN: it stores NULL instead")
	}

	param.class, param.float = classFloat, value

	return nil
}

// decimal stores a number as text if the column keeps text, and otherwise as the integer or float to which SQLite would
// convert it.
func (e *encoder) decimal(to *target, number source.Number, param *parameter) error {
	if !number.Fits(to.to.Precision, to.to.Scale) {
		return fmt.Errorf("%s is not a value of type %s: it has too many digits", number, to.to)
	}

	if to.keepsText {
		return storeParameter(classText, e.arena, string(number), param)
	}

	digits := number.WithoutZeros()

	if !strings.Contains(digits, ".") {
		if integer, err := strconv.ParseInt(digits, 10, 64); err == nil {
			param.class, param.integer = classInteger, integer

			return nil
		}
	}

	var err error
	if param.float, err = exactFloat(digits); err != nil {
		return fmt.Errorf("%w; declare the column as %s to store all of them", err, decimalText)
	}

	param.class = classFloat

	return nil
}

// exactFloat returns the float whose shortest decimal form is digits.
func exactFloat(digits string) (float64, error) {
	value, err := strconv.ParseFloat(digits, 64)
	if err != nil || (len(digits) > exactDigits && strconv.FormatFloat(value, 'f', -1, 64) != digits) {
		return 0, fmt.Errorf("%s has more digits than a float", source.Quote(digits))
	}

	return value, nil
}

func (e *encoder) json(value json.RawMessage, param *parameter) error {
	if !json.Valid(value) || !utf8.Valid(value) {
		return fmt.Errorf("%s is not a value of type json", source.Quote(string(value)))
	}

	return storeParameter(classText, e.arena, []byte(value), param)
}

// form stores a value in its text form, which text files share.
func (e *encoder) form(of source.Standard, value any, param *parameter) error {
	if err := checkForm(of, value); err != nil {
		return err
	}

	var err error
	if e.scratch, err = source.AppendText(e.scratch[:0], of, value); err != nil {
		return err
	}

	if of.Type == source.Datetime {
		e.scratch[len(time.DateOnly)] = ' ' // Instead of T, as in SQLite's date functions.
	}

	return storeParameter(classText, e.arena, e.scratch, param)
}

// checkForm returns an error for a value that has no text form of the type.
func checkForm(of source.Standard, value any) error {
	fits := false

	switch v := value.(type) {
	case time.Time:
		fits = of.Type == source.Date || of.Type == source.Datetime || of.Type == source.Timestamp

		if _, offset := v.Zone(); of.Type == source.Timestamp && offset%60 != 0 {
			return fmt.Errorf("the offset of %s has seconds, which no text form can represent", v)
		}
	case time.Duration:
		fits = of.Type == source.Time

		if v < 0 || v > 24*time.Hour {
			return fmt.Errorf("%s is not a time of day", v)
		}
	case uuid.UUID:
		fits = of.Type == source.UUID
	case []any:
		fits = of.Type == source.Array
	}

	if !fits {
		return fmt.Errorf("a %T is not a value of type %s", value, of)
	}

	return nil
}
