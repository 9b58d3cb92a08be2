package source_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/source"
)

// nearlyValues generates texts that are values of a type, or nearly so.
func nearlyValues() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`-?[0-9]{0,3}[.]?[0-9]{0,3}`),
		rapid.StringMatching(`[-+]?[0-9]{14,19}`),
		rapid.StringMatching(`-?[0-9]{1,9}[.][0-9]{5,9}`),
		rapid.StringMatching(`[0-9]{2}(00|04|99|20)-(0[0-9]|1[0-3])-(0[0-2]|2[7-9]|3[0-2])`),
		rapid.StringMatching(`(2000|1900|0000|0001|9999)-02-(28|29)[T ]([01][0-9]|2[34]):(0[0-9]|59|60):([05][0-9]|60)([.]5)?(Z|[+]01:00)?`),
		rapid.StringMatching(`[0-9]{2}:[0-9]{2}:[0-9]{2}`),
		rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`),
		rapid.SampledFrom([]string{
			"", "true", "false", "TRUE", "-0", "-0.0", "0", "007", ".5", "1.", "+1", "1e3", "1_000", "0x10", "NaN", "Infinity", "é",
			"[1, 2]", "{}", "YQ==", " 1", "1969-12-31", "9223372036854775808",
		}),
		rapid.String(),
	)
}

func TestVectorParseAgreesWithParser(t *testing.T) {
	t.Parallel()

	standards := []source.Standard{
		{Type: source.Array, Element: source.Integer}, {Type: source.Decimal, Precision: 6, Scale: 2},
	}

	for _, of := range source.Types() {
		if of != source.Array {
			standards = append(standards, source.Standard{Type: of})
		}
	}

	parsers := []*source.Parser{nil, source.Format{Notation: source.Notation{DecimalSeparator: ",", Trim: true}}.Parser("a")}

	rapid.Check(t, func(r *rapid.T) {
		of := rapid.SampledFrom(standards).Draw(r, "type")
		by := rapid.SampledFrom(parsers).Draw(r, "parser")
		vector := source.Vector{Type: of.Type}
		length := 0

		for _, text := range rapid.SliceOfN(nearlyValues(), 1, 5).Draw(r, "texts") {
			value, err := by.Parse(of, text)
			failed := vector.Parse(of, by, text)

			require.Equal(r, err, failed, text)

			if err == nil {
				length++

				// The Go syntax distinguishes -0 from 0, and NaN equals itself.
				require.Equal(r, fmt.Sprintf("%#v", value), fmt.Sprintf("%#v", vector.Value(length-1)), text)
			}

			require.Equal(r, length, vector.Len(), text)
		}
	})
}
