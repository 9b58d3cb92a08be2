package source_test

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/jobwright/jobwright/source"
)

// FuzzParser parses any text in any notation. A value that is parsed and can be written is the same when it is parsed again.
func FuzzParser(f *testing.F) {
	f.Add("dd.MM.yyyy", "dd.MM.yyyy HH:mm:ss", ",", ".", "ja", "nein", true, "1.234,56")
	f.Add("M/d/yyyy", "M/d/yyyy h:mm a", ".", ",", "1", "0", false, "12/31/2026 12:59 PM")
	f.Add("yy-MM-dd", "yyyyMMdd'T'HHmmssSSSXX", ",", " ", "x", "", false, "20260102T030405678+0100")
	f.Add("'d''ay' dd.MM.yyyy", "d. M. yyyy H:m:s XXX", "'", "\u202f", "", "", true, " NaN ")

	f.Fuzz(func(t *testing.T, date, timestamp, decimal, thousands, yes, no string, trim bool, text string) {
		format := source.Format{Notation: source.Notation{
			DateFormat: date, TimestampFormat: timestamp, DecimalSeparator: decimal, ThousandsSeparator: thousands, Trim: trim,
		}}
		if yes != "" || no != "" {
			format.Booleans = []string{yes, no}
		}

		if len(format.Mistakes()) > 0 {
			return
		}

		by := format.Parser("v")

		for _, of := range source.Types() {
			standard := source.Standard{Type: of}
			if of == source.Array {
				standard.Element = source.Integer
			}

			requireStable(t, by, standard, text)
		}
	})
}

// requireStable verifies that the value of a text, if it has one that can be written, is the same when it is parsed again.
func requireStable(t *testing.T, by *source.Parser, standard source.Standard, text string) {
	t.Helper()

	value, err := by.Parse(standard, text)
	if err != nil || value == nil {
		return
	}

	written, err := by.Append(nil, standard, value)
	if err != nil {
		return // A pattern may lose a part of the value.
	}

	again, err := by.Parse(standard, string(written))
	if err != nil {
		t.Fatalf("%s: %q was written as %q, which is an error: %v", standard, text, written, err)
	}

	if !isSame(value, again) {
		t.Fatalf("%s: %q was written as %q and read as %v", standard, text, written, again)
	}
}

// isSame reports whether two values are equal, as points in time if they are times. NaN is the same as NaN.
func isSame(a, b any) bool {
	switch value := a.(type) {
	case time.Time:
		other, isTime := b.(time.Time)

		return isTime && value.Equal(other)
	case float64:
		other, isFloat := b.(float64)

		return isFloat && (value == other || math.IsNaN(value) && math.IsNaN(other))
	}

	return reflect.DeepEqual(a, b)
}
