package postgres

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/jobwright/jobwright/source"
)

// checker says what of a value its column would drop without a word: digits, blanks, or all of it.
type checker func(value any) error

// checkerOf returns what is to be checked of the values of a column of a type with its arguments, or nil.
func checkerOf(oid uint32, modifier int32) checker {
	switch oid {
	case pgtype.NumericOID:
		if modifier >= 0 {
			return checkNumeric(numericArguments(modifier))
		}
	case pgtype.Float4OID:
		return checkFloat4
	case pgtype.VarcharOID, pgtype.BPCharOID:
		if modifier >= 0 {
			return checkLength(int(modifier - 4))
		}

		return checkText
	case pgtype.TimeOID, pgtype.TimestampOID, pgtype.TimestamptzOID:
		return checkFraction(modifier)
	case pgtype.JSONOID, pgtype.JSONBOID, pgtype.BoolOID, pgtype.UUIDOID, pgtype.ByteaOID, pgtype.DateOID,
		pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.OIDOID, pgtype.Float8OID: // The server drops nothing of these.
	default:
		return checkText
	}

	return nil
}

var errZeroCharacter = errors.New("it contains the character U+0000, which PostgreSQL can't hold")

func checkText(value any) error {
	if text, isText := value.(string); isText && strings.IndexByte(text, 0) >= 0 {
		return errZeroCharacter
	}

	return nil
}

// checkLength also counts blanks at the end, which the server would cut off.
func checkLength(most int) checker {
	return func(value any) error {
		text, isText := value.(string)
		if isText && len(text) > most && utf8.RuneCountInString(text) > most {
			return fmt.Errorf("it has more than %d characters", most)
		}

		return checkText(value)
	}
}

// checkNumeric finds digits that the server would round off.
func checkNumeric(precision, scale int) checker {
	return func(value any) error {
		number, isNumber := value.(source.Number)
		if !isNumber {
			return nil
		}

		whole, fraction := cutPoint(number)
		digits := len(strings.TrimLeft(whole, "-0"))

		switch zeros := len(whole) - len(strings.TrimRight(whole, "0")); {
		case digits > max(precision-scale, 0) || (scale < 0 && digits > 0 && zeros < -scale):
		case len(fraction) > max(scale, 0):
		case scale > precision && len(fraction)-len(strings.TrimLeft(fraction, "0")) < min(len(fraction), scale-precision):
		default:
			return nil
		}

		return fmt.Errorf("numeric(%d,%d) does not hold all of its digits", precision, scale)
	}
}

// cutPoint returns what stands before the point and behind it, without zeros at the end.
func cutPoint(number source.Number) (whole, fraction string) {
	whole, fraction, _ = strings.Cut(string(number), ".")

	return whole, strings.TrimRight(fraction, "0")
}

func checkFloat4(value any) error {
	number, isFloat := value.(float64)
	if !isFloat || math.IsNaN(number) {
		return nil
	}

	if narrow := float32(number); float64(narrow) != number && widened(narrow) != number {
		return errors.New("real does not hold all of its digits")
	}

	return nil
}

// checkFraction finds digits of a second that the server would round off: it has six, or as many as the column says.
func checkFraction(digits int32) checker {
	if digits < 0 || digits > 6 {
		digits = 6
	}

	step := time.Second
	for range digits {
		step /= 10
	}

	return func(value any) error {
		var rest time.Duration

		switch v := value.(type) {
		case time.Time:
			rest = time.Duration(v.Nanosecond()) % step
		case time.Duration:
			rest = v % step
		}

		if rest != 0 {
			return fmt.Errorf("it has more than %d digits behind the seconds", digits)
		}

		return nil
	}
}
