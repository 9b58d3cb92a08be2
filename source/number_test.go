package source_test

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestParseNumberPreservesDigits(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]source.Number{
		"0": "0", "-0": "0", "-0.00": "0.00", "+1": "1", "007": "7", ".5": "0.5", "5.": "5", "-.50": "-0.50", "1e3": "1000",
		"1.5e1": "15", "1.55E1": "15.5", "15e-3": "0.015", "-1e-2": "-0.01", "1.50": "1.50", "00.10": "0.10",
		"12345678901234567890123456789012345678.9": "12345678901234567890123456789012345678.9",
	} {
		number, err := source.ParseNumber(text)
		require.NoError(t, err, text)
		require.Equal(t, want, number, text)
	}

	for _, text := range []string{"", ".", "-", "e", "1e", "1e+", "1.2.3", "1,5", " 1", "0x1", "NaN", "1e99999", "--1", "١"} {
		_, err := source.ParseNumber(text)
		require.Error(t, err, text)
	}
}

func TestNumberFits(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		number           source.Number
		precision, scale int
		want             bool
	}{
		{"123.45", 5, 2, true},
		{"123.450", 5, 2, true},
		{"123.456", 5, 2, false},
		{"1234.5", 5, 2, false},
		{"-999.99", 5, 2, true},
		{"0.01", 2, 2, true},
		{"1", 2, 2, false},
		{"123456789.123456789", 0, 0, true},
		{"100", 3, 0, true},
	} {
		require.Equal(t, test.want, test.number.Fits(test.precision, test.scale), "%+v", test)
	}
}

// ParseNumber returns the same number as exact arithmetic.
func FuzzNumber(f *testing.F) {
	f.Add("-001.50e-3")
	f.Add("+.5E2")

	f.Fuzz(func(t *testing.T, text string) {
		number, err := source.ParseNumber(text)
		if err != nil || len(text) > 40 {
			return
		}

		want, ok := new(big.Rat).SetString(text)
		if !ok { // Go does not accept all forms of SQL.
			return
		}

		got, ok := new(big.Rat).SetString(string(number))
		require.True(t, ok, number)
		require.Zero(t, want.Cmp(got), "%s became %s", text, number)

		again, err := source.ParseNumber(string(number))
		require.NoError(t, err)
		require.Equal(t, number, again)
	})
}
