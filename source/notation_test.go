package source_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/source"
)

// german is the notation of Germany.
var german = source.Notation{
	DateFormat: "dd.MM.yyyy", TimestampFormat: "dd.MM.yyyy HH:mm:ss", DecimalSeparator: ",", ThousandsSeparator: ".",
	Booleans: []string{"ja", "nein"}, Trim: true,
}

func parser(n source.Notation) *source.Parser { return source.Format{Notation: n}.Parser("v") }

func TestParserParsesTextsInANotation(t *testing.T) {
	t.Parallel()

	day := func(year, month, day int) time.Time {
		return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	}
	swiss := source.Notation{ThousandsSeparator: "'"}
	french := source.Notation{DecimalSeparator: ",", ThousandsSeparator: " "}
	american := source.Notation{DateFormat: "M/d/yyyy", TimestampFormat: "M/d/yyyy h:mm a", ThousandsSeparator: ","}

	for _, test := range []struct {
		notation source.Notation
		of, text string
		want     any
	}{
		{german, "decimal(10,2)", "1.234,56", source.Number("1234.56")},
		{german, "decimal(10,2)", "-1.234.567,5", source.Number("-1234567.5")},
		{german, "decimal", "1234,56", source.Number("1234.56")},
		{german, "decimal", " 0,50 ", source.Number("0.50")},
		{german, "integer", "1.234", int64(1234)},
		{german, "integer", "-12", int64(-12)},
		{german, "float", "1,5e-3", 1.5e-3},
		{german, "float", "-Infinity", strings.NewReplacer()},
		{german, "date", "31.12.2025", day(2025, 12, 31)},
		{german, "date", "29.02.2024", day(2024, 2, 29)},
		{german, "datetime", "31.12.2025 23:59:58", time.Date(2025, 12, 31, 23, 59, 58, 0, time.UTC)},
		{german, "boolean", "JA", true},
		{german, "boolean", "nein", false},
		{german, "integer", "", nil},
		{german, "integer", "  ", nil},
		{german, "text", " 1.234 ", "1.234"},
		{swiss, "decimal", "1'234.50", source.Number("1234.50")},
		{french, "integer", "1\u202f234\u00a0567", int64(1234567)},
		{french, "integer", "1 234", int64(1234)},
		{american, "date", "7/4/2026", day(2026, 7, 4)},
		{american, "date", "12/31/2026", day(2026, 12, 31)},
		{american, "datetime", "7/4/2026 12:05 am", time.Date(2026, 7, 4, 0, 5, 0, 0, time.UTC)},
		{american, "datetime", "7/4/2026 12:05 PM", time.Date(2026, 7, 4, 12, 5, 0, 0, time.UTC)},
		{american, "decimal", "1,234.5", source.Number("1234.5")},
		{source.Notation{TimestampFormat: "yyyyMMdd'T'HHmmssXX"}, "timestamp", "20260102T030405+0130", time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 90*60))},
		{source.Notation{TimestampFormat: "dd.MM.yy HH:mm:ss.SSS"}, "datetime", "01.02.68 03:04:05.678", time.Date(2068, 2, 1, 3, 4, 5, 678_000_000, time.UTC)},
		{source.Notation{DateFormat: "dd.MM.yy"}, "date", "01.02.69", day(1969, 2, 1)},
		{source.Notation{DateFormat: "dd.MM.yyyy"}, "datetime", "2026-01-02 03:04:05", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
	} {
		of, err := source.ParseStandard(test.of)
		require.NoError(t, err)

		value, err := parser(test.notation).Parse(of, test.text)
		require.NoError(t, err, "%s %s", test.of, test.text)

		switch want := test.want.(type) {
		case time.Time:
			require.True(t, want.Equal(value.(time.Time)), "%s: %v", test.text, value)
		case *strings.Replacer: // An infinity.
			require.IsType(t, 0.0, value)
		default:
			require.Equal(t, want, value, test.text)
		}
	}
}

func TestParserRefusesTextsInAnotherNotation(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ of, text string }{
		{"decimal", "1,234.56"},
		{"decimal", "12.34"},
		{"decimal", "1.2345"},
		{"decimal", "1234.567"},
		{"decimal", ".123"},
		{"decimal", "1..234"},
		{"decimal", "1,2,3"},
		{"decimal", "1,234.567"},
		{"decimal(5,2)", "1.234,56"},
		{"decimal", "--1"},
		{"integer", "1,0"},
		{"integer", "0x10"},
		{"float", "0x1p-2"},
		{"decimal", "12 EUR"},
		{"date", "2025-12-31"},
		{"date", "31.12.25"},
		{"date", "31.04.2025"},
		{"date", "29.02.2025"},
		{"date", "00.01.2025"},
		{"date", "01.13.2025"},
		{"date", "1.1.2025"},
		{"date", "31.12.2025 00:00:00"},
		{"date", "٣١.12.2025"},
		{"datetime", "31.12.2025 24:00:00"},
		{"datetime", "31.12.2025 12:60:00"},
		{"datetime", "31.12.2025"},
		{"boolean", "true"},
		{"boolean", "1"},
	} {
		of, err := source.ParseStandard(test.of)
		require.NoError(t, err)

		value, err := parser(german).Parse(of, test.text)
		require.Error(t, err, "%s %s: %v", test.of, test.text, value)
		require.Contains(t, err.Error(), test.text)
	}
}

func TestFormatMistakesNamesEachFieldThatIsWrong(t *testing.T) {
	t.Parallel()

	yes := true
	format := source.Format{
		Type: "cvs", Compression: "gzipp", Separator: ";;", Quote: "''", Header: &yes,
		Notation: source.Notation{
			DateFormat: "DD.MM.YYYY", TimestampFormat: "dd.MM.yyyy", DecimalSeparator: "comma", ThousandsSeparator: "1",
			Booleans: []string{"ja"},
		},
		Columns: map[string]source.Notation{"price": {DecimalSeparator: ",", ThousandsSeparator: ","}, "id": {}},
	}

	var found []string
	for _, mistake := range format.Mistakes() {
		found = append(found, mistake.Field+": "+mistake.Message)
	}

	require.Equal(t, []string{
		`type: "cvs" is not a type of files`,
		`compression: "gzipp" is not a compression`,
		`separator: ";;" is not one character; use one character, or "tab"`,
		`quote: "''" is not one character; use one character, or "none"`,
		`dateFormat: the pattern "DD.MM.YYYY" has the letter D; its letters are yyyy, MM, dd, HH, mm, ss, SSS and XXX, for example dd.MM.yyyy HH:mm:ss; other letters stand in single quotes`,
		`timestampFormat: the pattern "dd.MM.yyyy" needs yyyy, MM, dd and HH`,
		`decimalSeparator: "comma" is not one character that separates digits, such as a comma`,
		`thousandsSeparator: "1" is not one character that separates digits, such as a point`,
		`booleans: it needs two different texts, those of true and of false, for example [yes, no]`,
		`columns.price.thousandsSeparator: "," is also the decimalSeparator; set both to different characters`,
	}, found)

	for _, pattern := range []string{
		"dMyyyy", "d1.MM.yyyy", "dd.MM.yyy", "dd.MMM.yyyy", "dd.MM.yyyy dd", "dd.MM.yyyy'", "yyyy-MM", "HH:mm", "dd.MM.yyyy HH", "",
	} {
		if pattern != "" {
			require.NotEmpty(t, source.Notation{DateFormat: pattern}.Mistakes(), pattern)
		}
	}

	for _, pattern := range []string{"dd.MM.yyyy hh:mm", "dd.MM.yyyy HH:mm a", "dd.MM.yyyy HH:mm:ss.SSSSSSSSSS", "HH:mm"} {
		require.NotEmpty(t, source.Notation{TimestampFormat: pattern}.Mistakes(), pattern)
	}

	require.Empty(t, source.Format{Notation: german, Separator: ";", Quote: "none"}.Mistakes())
	require.Equal(t, "the pattern \"dd.MM.yyyy'\" has a quote that is not closed", source.Notation{DateFormat: "dd.MM.yyyy'"}.Mistakes()[0].Message)
}

// layouts are patterns, and the layouts of package time that mean the same.
var layouts = map[string]string{
	"dd.MM.yyyy HH:mm:ss":            "02.01.2006 15:04:05",
	"d.M.yyyy H:m:s":                 "2.1.2006 15:4:5",
	"MM/dd/yyyy hh:mm:ss a":          "01/02/2006 03:04:05 PM",
	"yyyyMMddHHmmss":                 "20060102150405",
	"yyyy-MM-dd'T'HH:mm:ss.SSS":      "2006-01-02T15:04:05.000",
	"yyyy-MM-dd HH:mm:ss.SSSSSSSSS":  "2006-01-02 15:04:05.000000000",
	"d. 'o''clock' M yyyy H 'h' m.s": "2. o'clock 1 2006 15 h 4.5",
}

func TestPatternsAgreeWithPackageTime(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.Int64Range(-62_135_596_800, 253_402_300_799).Draw(t, "seconds") // The years 1 to 9999.
		milliseconds := rapid.Int64Range(0, 999).Draw(t, "milliseconds")

		for pattern, layout := range layouts {
			moment := time.Unix(seconds, 0).UTC()
			if strings.Contains(pattern, "SSS") {
				moment = moment.Add(time.Duration(milliseconds) * time.Millisecond)
			}

			by := parser(source.Notation{TimestampFormat: pattern})
			datetime := source.Standard{Type: source.Datetime}

			text, err := by.Append(nil, datetime, moment)
			require.NoError(t, err)

			if !strings.Contains(pattern, "H:m") && !strings.Contains(pattern, "H '") { // Package time has no hour without a zero.
				require.Equal(t, moment.Format(layout), string(text), pattern)
			}

			again, err := by.Parse(datetime, string(text))
			require.NoError(t, err)
			require.True(t, moment.Equal(again.(time.Time)), "%s: %s", pattern, text)
		}
	})
}

func TestParserReadsWhatItAppends(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		notation := german
		notation.DecimalSeparator = rapid.SampledFrom([]string{",", "·", ".", ""}).Draw(t, "decimal")
		notation.ThousandsSeparator = rapid.SampledFrom([]string{"", "'", " ", "_"}).Draw(t, "thousands")
		by := parser(notation)

		for _, of := range []source.Standard{
			{Type: source.Decimal}, {Type: source.Integer}, {Type: source.Float}, {Type: source.Boolean}, {Type: source.Date},
		} {
			var value any

			switch of.Type { //nolint:exhaustive // The types with a notation.
			case source.Decimal:
				value, _ = source.ParseNumber(rapid.StringMatching(`-?(0|[1-9]\d{0,20})(\.\d{1,10})?`).Draw(t, "number"))
			case source.Integer:
				value = rapid.Int64().Draw(t, "integer")
			case source.Float:
				value = rapid.Float64().Draw(t, "float")
			case source.Boolean:
				value = rapid.Bool().Draw(t, "boolean")
			case source.Date:
				value = time.Unix(rapid.Int64Range(-700_000, 2_900_000).Draw(t, "day")*24*60*60, 0).UTC()
			}

			text, err := by.Append(nil, of, value)
			require.NoError(t, err)

			again, err := by.Parse(of, string(text))
			require.NoError(t, err, "%s", text)
			require.Equal(t, value, again)
		}
	})
}

func TestParserRefusesToAppendWhatAPatternLoses(t *testing.T) {
	t.Parallel()

	fine := time.Date(2025, 12, 31, 23, 59, 58, 500_000_000, time.UTC)

	_, err := parser(german).Append(nil, of(source.Datetime), fine)
	require.EqualError(t, err, "the pattern dd.MM.yyyy HH:mm:ss can't represent 2025-12-31T23:59:58.5Z")

	_, err = parser(german).Append(nil, of(source.Timestamp), fine)
	require.EqualError(t, err, "the format's timestampFormat dd.MM.yyyy HH:mm:ss has no offset XXX, so its values are of type datetime")

	_, err = parser(source.Notation{DateFormat: "dd.MM.yy"}).Append(nil, of(source.Date), fine.AddDate(100, 0, 0).Truncate(24*time.Hour))
	require.EqualError(t, err, "the pattern dd.MM.yy can't represent 2125-12-31T00:00:00Z")
}
