package mysql

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
)

// encodeTime returns the encoder for a DATE, DATETIME or TIMESTAMP column. It converts between timestamp and datetime in UTC;
// a column that this driver creates for timestamps is a DATETIME in UTC.
func encodeTime(from source.Standard, to native) (database.Encoder, error) {
	switch from.Type { //nolint:exhaustive // The other types have no date.
	case source.Date:
		if to.name == "TIMESTAMP" {
			return nil, errNoEncoder
		}
	case source.Datetime, source.Timestamp:
		if to.name == "DATE" {
			return nil, errNoEncoder
		}
	default:
		return nil, errNoEncoder
	}

	return database.Encode(func(dst []byte, v time.Time) ([]byte, error) {
		v = v.UTC()
		if year := v.Year(); year < 0 || year > 9999 {
			return nil, fmt.Errorf("the year %d is out of the range of %s, which is 0 to 9999", year, to)
		}

		dst = appendDate(dst, v)
		if to.name == "DATE" {
			return dst, nil
		}

		hour, minute, second := v.Clock()
		dst = appendTwo(append(dst, ' '), hour)
		dst = appendTwo(append(dst, ':'), minute)
		dst = appendTwo(append(dst, ':'), second)

		if dst, err := appendFraction(dst, v.Nanosecond(), to); err == nil {
			return dst, nil
		}

		return nil, fmt.Errorf("%s has more digits of a second than %s", v.Format(time.RFC3339Nano), to)
	}), nil
}

// appendDate appends the date as 2006-01-02.
func appendDate(dst []byte, v time.Time) []byte {
	year, month, day := v.Date()
	dst = appendTwo(dst, year/100)
	dst = appendTwo(dst, year%100)
	dst = appendTwo(append(dst, '-'), int(month))

	return appendTwo(append(dst, '-'), day)
}

// appendClock appends a time of day as 15:04:05 with its fraction.
func appendClock(dst []byte, v time.Duration, to native) ([]byte, error) {
	if v < 0 || v > 24*time.Hour {
		return nil, fmt.Errorf("%s is not a time of day", v)
	}

	seconds := int(v / time.Second)
	dst = appendTwo(dst, seconds/3600)
	dst = appendTwo(append(dst, ':'), seconds/60%60)
	dst = appendTwo(append(dst, ':'), seconds%60)

	if dst, err := appendFraction(dst, int(v%time.Second), to); err == nil {
		return dst, nil
	}

	return nil, fmt.Errorf("%s since midnight has more digits of a second than %s", v, to)
}

// appendTwo appends a number below 100 with two digits.
func appendTwo(dst []byte, v int) []byte { return append(dst, "0123456789"[v/10], "0123456789"[v%10]) }

// errTooFine is the error for a fraction of a second with more digits than the column's type.
var errTooFine = errors.New("the fraction of the second has too many digits")

// appendFraction appends the fraction of a second without trailing zeros, or nothing if it is zero.
func appendFraction(dst []byte, nanosecond int, to native) ([]byte, error) {
	if nanosecond == 0 {
		return dst, nil
	}

	all := strconv.Itoa(int(time.Second) + nanosecond)[1:]

	short := strings.TrimRight(all, "0")
	if len(short) > to.fraction {
		return nil, errTooFine
	}

	return append(append(dst, '.'), short...), nil
}
