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

func TestCheckKnowsEveryFormOfAField(t *testing.T) {
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
		`types: column "a": want a type, have the text "decimal(2,3)"`)
	require.ErrorContains(t, schema.Check[object](jsonvalue.Object{"text": "x", "format": map[string]any{"header": "no"}}),
		`format: header: want true or false, have the text "no"`)

	err := schema.Check[object](jsonvalue.Object{
		"integer": 1.5, "number": "1", "boolean": "true", "duration": "1", "type": nil, "types": nil, "object": nil,
		"list": map[string]any{}, "texts": []any{int64(1)}, "integers": []any{"1"}, "records": []any{"x"},
		"names": map[string]any{"a": int64(1)}, "naming": "lower", "format": map[string]any{"separater": ";"},
	})
	require.EqualError(t, err, strings.Join([]string{
		"text is missing: Some text. [field_missing]",
		"integer: want an integer, have the number 1.5 [type_mismatch]",
		`number: want a number, have the text "1" [type_mismatch]`,
		`boolean: want true or false, have the text "true" [type_mismatch]`,
		`duration: want a duration above zero such as 90s or 1h30m, have the text "1" [type_mismatch]`,
		"type: want a type, have nothing; known are text, integer, decimal, float, boolean, date, " +
			"time, datetime, timestamp, binary, json, uuid, array [type_mismatch]",
		"types: want an object of column names with types, have nothing [type_mismatch]",
		"texts: want a list of texts, have a list [type_mismatch]",
		"integers: want a list of integers, have a list [type_mismatch]",
		"records: want a list of objects, have a list [type_mismatch]",
		"names: want an object of texts, have an object [type_mismatch]",
		`naming: want standardize, toUpperCase or toLowerCase, have the text "lower" [type_mismatch]`,
		"format: unknown field separater; did you mean separator? [type_mismatch]",
		"object: want an object, have nothing [type_mismatch]",
		"list: want a list, have an object [type_mismatch]",
	}, "\n"))
}
