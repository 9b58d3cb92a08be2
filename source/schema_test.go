package source_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestColumnMarshalJSON(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name, want string
		column     source.Column
	}{
		{
			name: "without a bound",
			column: source.Column{
				Name: "company_name", Updateable: true,
				Native:   source.NativeType{Name: "nvarchar", TypeStr: "nvarchar(max)", Precision: -1},
				Standard: source.Standard{Type: source.Text},
			},
			want: `{"name":"company_name","updateable":true,` +
				`"type":{"name":"nvarchar","typeStr":"nvarchar(max)","precision":-1,"scale":0},` +
				`"typeStandard":{"name":"text","typeStr":"text"}}`,
		},
		{
			name: "with precision and scale",
			column: source.Column{
				Name:     "price",
				Native:   source.NativeType{Name: "DECIMAL", TypeStr: "DECIMAL(10,2)", Precision: 10, Scale: 2},
				Standard: source.Standard{Type: source.Decimal, Precision: 10, Scale: 2},
			},
			want: `{"name":"price","updateable":false,` +
				`"type":{"name":"DECIMAL","typeStr":"DECIMAL(10,2)","precision":10,"scale":2},` +
				`"typeStandard":{"name":"decimal","typeStr":"decimal(10,2)"}}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			written, err := json.Marshal(test.column)
			require.NoError(t, err)
			require.Equal(t, test.want, string(written))
		})
	}
}

func TestSchemaJSONRoundTrip(t *testing.T) {
	t.Parallel()

	var schema source.Schema
	for i, of := range source.Types() {
		schema = append(schema, source.Column{
			Name: "é <" + string(of) + `> "`, Updateable: i%2 == 0,
			Native:   source.NativeType{Name: "N", TypeStr: "N(7,2)", Precision: 7, Scale: i},
			Standard: source.Standard{Type: of},
		})
	}

	schema[len(schema)-1].Element = source.Integer // An array requires the type of its elements.

	written, err := json.Marshal(schema)
	require.NoError(t, err)

	var read source.Schema
	require.NoError(t, json.Unmarshal(written, &read))
	require.Equal(t, schema, read)
}

func TestColumnUnmarshalJSONRejectsOtherValues(t *testing.T) {
	t.Parallel()

	var column source.Column
	require.Error(t, json.Unmarshal([]byte(`"text"`), &column))
}

// Schemas of results and scenarios contain the names of types, so the names are stable.
func TestTypesAreStable(t *testing.T) {
	t.Parallel()

	require.Equal(t, []source.Type{
		"text", "integer", "decimal", "float", "boolean", "date", "time", "datetime", "timestamp", "binary", "json", "uuid",
		"array",
	}, source.Types())

	for _, of := range source.Types() {
		require.True(t, of.Valid(), of)
	}

	for _, of := range []source.Type{"", "Text", "varchar"} {
		require.False(t, of.Valid(), of)
	}
}
