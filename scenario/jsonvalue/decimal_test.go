package jsonvalue_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

func TestDecimalKeepsItsDigitsInJSON(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?`).Draw(t, "text")

		decimal, ok := jsonvalue.ParseDecimal(text)
		require.True(t, ok)
		require.Equal(t, text, decimal.String())

		value := map[string]any{"d": decimal, "list": []any{decimal, 1.5, int64(1), "1.50E0"}}

		encoded, err := json.Marshal(jsonvalue.Object(value))
		require.NoError(t, err)

		decoded, err := jsonvalue.Decode(encoded)
		require.NoError(t, err)
		require.Equal(t, value, decoded)

		plain, err := json.Marshal(jsonvalue.Plain{Any: value})
		require.NoError(t, err)
		require.Equal(t, `{"d":`+text+`,"list":[`+text+`,1.5,1,"1.50E0"]}`, string(plain))
	})
}

func TestParseDecimalRefusesOtherForms(t *testing.T) {
	t.Parallel()

	for _, text := range []string{"", "-", ".", "1.", ".5", "01", "-00", "+1", "1e3", "1E0", " 1", "1 ", "1,5", "1.2.3", "--1", "NaN", "١"} {
		_, ok := jsonvalue.ParseDecimal(text)
		require.False(t, ok, text)
	}

	value, err := jsonvalue.Decode([]byte("1.50E0"))
	require.NoError(t, err)
	require.Equal(t, "the decimal 1.50", jsonvalue.Describe(value))

	value, err = jsonvalue.Decode([]byte("15E1"))
	require.NoError(t, err)
	require.InDelta(t, 150.0, value, 0)
}
