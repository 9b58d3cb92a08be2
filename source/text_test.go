package source_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
)

func TestEveryValueIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()

	for _, sample := range sourcetest.Samples() {
		for _, value := range sample.Values {
			written, err := source.AppendJSON(nil, sample.Type, value)
			require.NoError(t, err)
			require.True(t, json.Valid(written), "%s", written)

			read, err := source.FromJSON(sample.Type, written)
			require.NoError(t, err, "%s", written)
			require.True(t, sourcetest.Equal(sample.Type, value, read), "as JSON, %#v became %#v", value, read)

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

func TestAYearThatHasNoFormIsAnError(t *testing.T) {
	t.Parallel()

	_, err := source.AppendText(nil, of(source.Date), time.Date(12345, 1, 1, 0, 0, 0, 0, time.UTC))
	require.EqualError(t, err, "the year 12345 has no form as text; only years from 0 to 9999 have")
}

func TestATimeThatIsNoneIsAnError(t *testing.T) {
	t.Parallel()

	for _, clock := range []time.Duration{-time.Hour, 25 * time.Hour} {
		_, err := source.AppendText(nil, of(source.Time), clock)
		require.ErrorContains(t, err, "is no time of day")
	}
}

func TestAMomentIsTheSameWhateverItsOffset(t *testing.T) {
	t.Parallel()

	text, err := source.AppendText(nil, of(source.Timestamp), time.Date(1900, 1, 1, 12, 0, 0, 0, time.FixedZone("LMT", 1172)))
	require.NoError(t, err)
	require.Equal(t, "1900-01-01T11:40:28Z", string(text))
}

func TestTextThatIsNoUTF8IsNoJSON(t *testing.T) {
	t.Parallel()

	_, err := source.AppendJSONText(nil, "a\xff")
	require.EqualError(t, err, `the text "a\xff" is not UTF-8`)

	written, err := source.AppendJSONText(nil, "a\"\\\n<ä>\u2028")
	require.NoError(t, err)
	require.Equal(t, `"a\"\\\n<ä>\u2028"`, string(written))
}

func TestJSONThatIsNoValueOfItsTypeIsRefused(t *testing.T) {
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
			`"12.34" is not a value of type decimal(3,1): it has more than 2 digits before the point, or more than 1 behind it`,
		},
	} {
		_, err := source.FromJSON(test.of, json.RawMessage(test.json))
		require.EqualError(t, err, test.want)
	}
}

func TestATypeIsWrittenAsAnAuthorWritesIt(t *testing.T) {
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
