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

			value, err := by.Parse(standard, text)
			if err != nil || value == nil {
				continue
			}

			written, err := by.Append(nil, standard, value)
			if err != nil {
				continue // A pattern may lose a part of the value.
			}

			again, err := by.Parse(standard, string(written))
			if err != nil {
				t.Fatalf("%s: %q was written as %q, which is an error: %v", of, text, written, err)
			}

			moment, isTime := value.(time.Time)
			if isTime && moment.Equal(again.(time.Time)) {
				continue
			}

			if number, isFloat := value.(float64); isFloat && math.IsNaN(number) {
				continue // NaN.
			}

			if !isTime && reflect.DeepEqual(value, again) {
				continue
			}

			t.Fatalf("%s: %q was written as %q and read as %v", of, text, written, again)
		}
	})
}
