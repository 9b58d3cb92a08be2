package format_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// Each format keeps control characters or refuses them, as docs/types.md states.
func TestWriteKeepsOrRefusesControlCharacters(t *testing.T) {
	t.Parallel()

	withoutThem := []string{"xml", "xlsx"}

	for _, of := range source.FileTypes() {
		t.Run(of.Name, func(t *testing.T) {
			t.Parallel()

			for _, char := range []rune{0, 1, 8, '\t', '\n', '\v', '\r', 0x1b, 0x1f, 0x7f, 0x85, '\u2028', '\ufffd', '\ufffe', '\uffff'} {
				var content bytes.Buffer

				value := fmt.Sprintf("a%cb", char)
				name := "x." + of.Name

				writer, err := format.NewWriter(&content, name, source.Format{}, texts("v"))
				require.NoError(t, err)

				err = writer.Append(source.Record{value})
				isControl := char < ' ' && char != '\t' && char != '\n' && char != '\r'

				if slices.Contains(withoutThem, of.Name) && (isControl || char == '\ufffe' || char == '\uffff') {
					require.ErrorContains(t, err, `record 1, column "v": `)
					require.ErrorContains(t, err, fmt.Sprintf("the character %U, which", char))

					continue
				}

				require.NoError(t, err)
				require.NoError(t, writer.Close())

				_, records, err := read(t, content.Bytes(), name, options(source.Format{}))
				require.NoError(t, err)
				require.Equal(t, []source.Record{{value}}, records)
			}
		})
	}
}
