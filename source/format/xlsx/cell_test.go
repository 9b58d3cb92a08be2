package xlsx_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/xlsx"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// column opens a sheet with a column of numbers, as written in the file, with a number format.
func column(t *testing.T, layout string, numbers ...string) *xlsx.Rows {
	t.Helper()

	return open(t, book(t, func(f *excelize.File) {
		set(t, f, "Sheet1", map[string]any{"A1": "v"})

		for i, number := range numbers {
			cell, err := excelize.CoordinatesToCellName(1, i+2)
			require.NoError(t, err)
			require.NoError(t, f.SetCellDefault("Sheet1", cell, number))

			if layout != "" {
				style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &layout})
				require.NoError(t, err)
				require.NoError(t, f.SetCellStyle("Sheet1", cell, cell, style))
			}
		}
	}), source.Format{})
}

func TestReadKeepsAllDigitsOfNumbers(t *testing.T) {
	t.Parallel()

	for number, want := range map[string]any{
		"9007199254740992":       int64(9007199254740992),
		"9007199254740993":       int64(9007199254740993),
		"-9223372036854775808":   int64(-9223372036854775808),
		"7":                      int64(7),
		"7.0":                    int64(7),
		"-0":                     math.Copysign(0, -1),
		"1E3":                    int64(1000),
		"0.10000000000000001":    0.1,
		"1.2345678901234567E+19": 12345678901234567e3,
		"12345678901234567000":   12345678901234567e3, // As JavaScript writes it.
		"12345678901234567168":   12345678901234567e3, // And C.
	} {
		require.Equal(t, []source.Record{{want}}, sourcetest.ReadAll(t, column(t, "", number)), number)
	}

	for _, number := range []string{"12345678901234567001", "99999999999999999999999999"} {
		_, err := column(t, "", number).Next(t.Context())
		require.ErrorContains(t, err, "cell A2: the number "+number+" has more digits than a sheet can represent")
	}

	_, err := column(t, "", "1.5", "9007199254740993").Next(t.Context())
	require.NoError(t, err)

	rows := column(t, "", "1.5", "9007199254740993")
	for err == nil {
		_, err = rows.Next(t.Context())
	}

	require.ErrorContains(t, err, "cell A3: 9007199254740993 has the type integer, but the column has the type float because of its first rows")
}

func TestReadConvertsMinusZeroAmongIntegers(t *testing.T) {
	t.Parallel()

	numbers := slices.Repeat([]string{"7"}, 2_000)
	numbers[len(numbers)-1] = "-0.0"

	records := sourcetest.ReadAll(t, column(t, "", numbers...))
	require.Equal(t, source.Record{int64(0)}, records[len(records)-1])
}

func TestReadElapsedTimesAsText(t *testing.T) {
	t.Parallel()

	require.Equal(t, []source.Record{{"36:00:00"}, {"12:00:00"}, {"24:00:00"}, {"100:00:00.25"}},
		sourcetest.ReadAll(t, column(t, "[h]:mm:ss", "1.5", "0.5", "1", "4.16666956018519")))
	require.Equal(t, []source.Record{{"25:30:00"}}, sourcetest.ReadAll(t, column(t, "[mm]:ss", "1.0625")))

	// Within a day, it is a time.
	require.Equal(t, []source.Record{{12 * time.Hour}}, sourcetest.ReadAll(t, column(t, "[h]:mm", "0.5")))

	// A date may be shown as a time only.
	require.Equal(t, []source.Record{{time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)}},
		sourcetest.ReadAll(t, column(t, "hh:mm:ss", "45351.5")))
}
