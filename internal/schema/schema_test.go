package schema_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

func TestCheckSupportsEveryForm(t *testing.T) {
	t.Parallel()

	type object struct {
		Text     string                     `json:"text"     required:"true" description:"Some text."`
		Integer  int                        `json:"integer"`
		Number   float64                    `json:"number"`
		Boolean  bool                       `json:"boolean"`
		Duration scenario.Duration          `json:"duration"`
		Type     source.Type                `json:"type"`
		Types    map[string]source.Standard `json:"types"`
		Texts    []string                   `json:"texts"`
		Integers []int64                    `json:"integers"`
		Records  []jsonvalue.Object         `json:"records"`
		Names    map[string]string          `json:"names"`
		Naming   source.Naming              `json:"naming"`
		Format   source.Format              `json:"format"`
		Object   jsonvalue.Object           `json:"object"`
		List     []any                      `json:"list"`
		Any      any                        `json:"any"`
	}

	require.NoError(t, schema.Check[object](jsonvalue.Object{
		"text": "${not an expression", "integer": int64(1), "number": int64(1), "boolean": false, "duration": "1s",
		"type": "text", "types": map[string]any{"a": "decimal(10,2)", "b": "integer[]"}, "object": map[string]any{},
		"list": []any{}, "any": nil, "texts": []any{"x"}, "integers": []any{int64(1)}, "records": []any{map[string]any{}},
		"names": map[string]any{"a": "b"}, "naming": "standardize", "format": map[string]any{"separator": ";", "header": false},
	}))
	require.NoError(t, schema.Check[object](jsonvalue.Object{"text": "x", "number": 1.5, "any": []any{"x"}}))
	require.ErrorContains(t, schema.Check[object](jsonvalue.Object{"text": "x", "types": map[string]any{"a": "decimal(2,3)"}}),
		`types.a must be a type, but is the text "decimal(2,3)"`)
	require.ErrorContains(t, schema.Check[object](jsonvalue.Object{"text": "x", "format": map[string]any{"header": "no"}}),
		`format.header must be true or false, but is the text "no"`)

	err := schema.Check[object](jsonvalue.Object{
		"integer": 1.5, "number": "1", "boolean": "true", "duration": "1", "type": nil, "types": nil, "object": nil,
		"list": map[string]any{}, "texts": []any{int64(1)}, "integers": []any{"1"}, "records": []any{"x"},
		"names": map[string]any{"a": int64(1)}, "naming": "lower", "format": map[string]any{"separater": ";"},
	})
	require.EqualError(t, err, strings.Join([]string{
		"text is missing (some text) [field_missing]",
		"integer must be an integer, but is the number 1.5 [type_mismatch]",
		`number must be a number, but is the text "1" [type_mismatch]`,
		`boolean must be true or false, but is the text "true" [type_mismatch]`,
		`duration must be a duration above zero such as 90s or 1h30m, but is the text "1" [type_mismatch]`,
		"type must be a type, but is nothing; known are text, integer, decimal, float, boolean, date, " +
			"time, datetime, timestamp, binary, json, uuid, array [type_mismatch]",
		"types must be an object of column names with types, but is nothing [type_mismatch]",
		"texts[0] must be text, but is the integer 1 [type_mismatch]",
		"integers[0] must be an integer, but is the text \"1\" [type_mismatch]",
		"records[0] must be an object, but is the text \"x\" [type_mismatch]",
		"names.a must be text, but is the integer 1 [type_mismatch]",
		`naming must be standardize, toUpperCase or toLowerCase, but is the text "lower" [type_mismatch]`,
		"format.separater: unknown field separater; did you mean separator? [field_unknown]",
		"object must be an object, but is nothing [type_mismatch]",
		"list must be a list, but is an object [type_mismatch]",
	}, "\n"))
}
