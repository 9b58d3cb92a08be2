package source_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
)

func TestAppendTextParseTextRoundTrip(t *testing.T) {
	t.Parallel()

	for _, sample := range sourcetest.Samples() {
		for _, value := range sample.Values {
			written, err := source.AppendJSON(nil, sample.Type, value)
			require.NoError(t, err)
			require.True(t, json.Valid(written), "%s", written)

			read, err := source.FromJSON(sample.Type, written)
			require.NoError(t, err, "%s", written)
			require.True(t, sourcetest.Equal(sample.Type, sourcetest.NullAsNULL(sample.Type, value), read), "as JSON, %#v became %#v", value, read)

			if value == nil {
				continue
			}

			text, err := source.AppendText(nil, sample.Type, value)
			require.NoError(t, err)

			read, err = source.ParseText(sample.Type, string(text))
			require.NoError(t, err)
			require.True(t, sourcetest.Equal(sample.Type, value, read), "as text, %#v became %#v", value, read)
		}
	}
}

func TestParseExactlyRejectsLoss(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		of   source.Type
		text string
		want string
	}{
		{source.Float, "1e-400", `"1e-400" is not a value of type float: it is so close to zero that a float rounds it to zero`},
		{source.Float, "-0.00000001e-320", `"-0.00000001e-320" is not a value of type float: it is so close to zero that a float rounds it to zero`},
		{source.Float, "1e400", `"1e400" is not a value of type float`},
		{source.Float, "0x10p0", `"0x10p0" is not a value of type float`},
		{source.Float, "-0X1.8p1", `"-0X1.8p1" is not a value of type float`},
		{source.Float, "0x_1p0", `"0x_1p0" is not a value of type float`},
		{source.Time, "12:00:00.1234567891", `"12:00:00.1234567891" is not a value of type time: it has digits finer than a nanosecond`},
		{
			source.Datetime, "2024-02-29 12:00:00,0000000001",
			`"2024-02-29 12:00:00,0000000001" is not a value of type datetime: it has digits finer than a nanosecond`,
		},
		{
			source.Timestamp, "2024-02-29T12:00:00.1234567891+01:00",
			`"2024-02-29T12:00:00.1234567891+01:00" is not a value of type timestamp: it has digits finer than a nanosecond`,
		},
		{
			source.Timestamp, "2024-02-29T12:00:00.0000000000001Z",
			`"2024-02-29T12:00:00.0000000000001Z" is not a value of type timestamp: it has digits finer than a nanosecond`,
		},
		{source.Datetime, "x.1234567891", `"x.1234567891" is not a value of type datetime`},
	} {
		_, err := source.ParseText(of(test.of), test.text)
		require.EqualError(t, err, test.want)
	}
}

func TestParseExactlyAcceptsExactText(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]any{
		"0": 0.0, "0.000e-400": 0.0, "-0e10": 0.0, "5e-324": 5e-324, "1E3": 1000.0, "+1.5": 1.5, "Infinity": math.Inf(1), "-inf": math.Inf(-1),
	} {
		read, err := source.ParseText(of(source.Float), text)
		require.NoError(t, err, text)
		require.InDelta(t, want, read, 0, text)
	}

	clock, err := source.ParseText(of(source.Time), "12:00:00.123456789000")
	require.NoError(t, err)
	require.Equal(t, 12*time.Hour+123456789, clock)

	moment, err := source.ParseText(of(source.Timestamp), "2024-02-29 12:00:00.5000000000+01")
	require.NoError(t, err)
	require.True(t, time.Date(2024, 2, 29, 11, 0, 0, 5e8, time.UTC).Equal(moment.(time.Time)))
}

func TestAppendTextRejectsYearOutOfRange(t *testing.T) {
	t.Parallel()

	_, err := source.AppendText(nil, of(source.Date), time.Date(12345, 1, 1, 0, 0, 0, 0, time.UTC))
	require.EqualError(t, err, "the year 12345 has no text form; the first year is 0 and the last is 9999")
}

func TestAppendTextRejectsInvalidTime(t *testing.T) {
	t.Parallel()

	for _, clock := range []time.Duration{-time.Hour, 25 * time.Hour} {
		_, err := source.AppendText(nil, of(source.Time), clock)
		require.ErrorContains(t, err, "is not a time of day")
	}
}

func TestAppendTextTimestampOffsets(t *testing.T) {
	t.Parallel()

	text, err := source.AppendText(nil, of(source.Timestamp), time.Date(1900, 1, 1, 12, 0, 0, 0, time.FixedZone("LMT", 1172)))
	require.NoError(t, err)
	require.Equal(t, "1900-01-01T11:40:28Z", string(text))
}

func TestJSONRejectsInvalidUTF8(t *testing.T) {
	t.Parallel()

	_, err := source.AppendJSONText(nil, "a\xff")
	require.EqualError(t, err, `the text "a\xff" is not UTF-8`)

	written, err := source.AppendJSONText(nil, "a\"\\\n<ä>\u2028")
	require.NoError(t, err)
	require.Equal(t, `"a\"\\\n<ä>\u2028"`, string(written))
}

func TestFromJSONRejectsOtherTypes(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		of   source.Standard
		json string
		want string
	}{
		{of(source.Integer), `1.5`, `"1.5" is not a value of type integer`},
		{of(source.Integer), `""`, `empty text is not a value of type integer`},
		{of(source.Date), `{"a":1}`, `"{\"a\":1}" is not a value of type date`},
		{source.Standard{Type: source.Array, Element: source.Integer}, `[1,"x"]`, `element 2: "x" is not a value of type integer`},
		{
			source.Standard{Type: source.Decimal, Precision: 3, Scale: 1},
			`12.34`,
			`"12.34" is not a value of type decimal(3,1): it has more than 2 digits before the point, or more than 1 after it`,
		},
	} {
		_, err := source.FromJSON(test.of, json.RawMessage(test.json))
		require.EqualError(t, err, test.want)
	}
}

func TestParseStandardRoundTrip(t *testing.T) {
	t.Parallel()

	for _, text := range []string{"text", "decimal", "decimal(10,2)", "decimal(38,0)", "integer[]", "text[]"} {
		parsed, err := source.ParseStandard(text)
		require.NoError(t, err)
		require.Equal(t, text, parsed.String())
	}

	short, err := source.ParseStandard("decimal( 10 )")
	require.NoError(t, err)
	require.Equal(t, source.Standard{Type: source.Decimal, Precision: 10}, short)

	for _, text := range []string{"", "array", "Text", "text(10)", "decimal()", "decimal(0)", "decimal(2,3)", "decimal(2,-1)", "[]", "array[]", "text[][]", "decimal(1"} {
		_, err := source.ParseStandard(text)
		require.Error(t, err, text)
	}
}

func TestShortenCountsCharacters(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		text  string
		limit int
		want  string
	}{
		{"", 3, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "abc…"},
		{"äöü", 3, "äöü"},
		{"😀😀😀", 3, "😀😀😀"},
		{"😀😀😀😀", 3, "😀😀😀…"},
		{"😀😀😀a", 3, "😀😀😀…"},
		{"a\xff\xfeb", 3, "a\xff\xfe…"},
		{strings.Repeat("😀", 1000), 100, strings.Repeat("😀", 100) + "…"},
	} {
		require.Equal(t, test.want, source.Shorten(test.text, test.limit))
		require.Equal(t, test.want, source.Shorten([]byte(test.text), test.limit))
	}

	require.Equal(t, `"a\n\xff"`, source.Quote("a\n\xff"))
}

// The text of an array that is no list was parsed again and again, until the stack of the process overflowed.
func TestParseTextRefusesAnArrayThatIsNoList(t *testing.T) {
	t.Parallel()

	for _, text := range []string{"1", "1.234,56", "true", "x", `"1"`, `"[1"`, "null1", "{}"} {
		for _, element := range []source.Type{source.Integer, source.Text, source.JSON} {
			_, err := source.ParseText(source.Standard{Type: source.Array, Element: element}, text)
			require.ErrorContains(t, err, "is not a value of type "+string(element)+"[]", text)
		}
	}
}
