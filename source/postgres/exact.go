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

// checker returns an error for a value that the server would store with a loss: rounded, truncated or not at all.
type checker func(value any) error

// checkerOf returns the checker for a column with that type and type modifier, or nil if the server stores every value exactly.
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
		pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.OIDOID, pgtype.Float8OID: // Stored exactly.
	default:
		return checkText
	}

	return nil
}

var errZeroCharacter = errors.New("the text contains the character U+0000, which PostgreSQL can't store")

func checkText(value any) error {
	if text, isText := value.(string); isText && strings.IndexByte(text, 0) >= 0 {
		return errZeroCharacter
	}

	return nil
}

// checkLength also counts trailing blanks, which the server would truncate.
func checkLength(maximum int) checker {
	return func(value any) error {
		text, isText := value.(string)
		if isText && len(text) > maximum && utf8.RuneCountInString(text) > maximum {
			return fmt.Errorf("the text has more than %d characters", maximum)
		}

		return checkText(value)
	}
}

// checkNumeric rejects digits that the server would round.
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

		return fmt.Errorf("numeric(%d,%d) can't store all digits", precision, scale)
	}
}

// cutPoint returns the digits before and after the point, the latter without trailing zeros.
func cutPoint(number source.Number) (whole, fraction string) {
	whole, fraction, _ = strings.Cut(string(number), ".")

	return whole, strings.TrimRight(fraction, "0")
}

func checkFloat4(value any) error {
	number, isFloat := value.(float64)
	if !isFloat || math.IsNaN(number) {
		return nil
	}

	if narrow := float32(number); float64(narrow) != number && source.Widen(narrow) != number {
		return errors.New("real can't store all digits")
	}

	return nil
}

// checkFraction rejects fractional digits of a second that the server would round. It stores six digits, unless the column's
// type has fewer.
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
			return fmt.Errorf("the value has more than %d fractional digits of a second", digits)
		}

		return nil
	}
}
