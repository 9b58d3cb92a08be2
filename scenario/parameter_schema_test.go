package scenario_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// compiledSchema returns the compiled schema of a scenario's parameters.
func compiledSchema(t require.TestingT, of scenario.Scenario) *jsonschema.Schema {
	text, err := json.Marshal(of.ParameterSchema())
	require.NoError(t, err)

	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	require.NoError(t, err)

	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("parameters.json", document))

	compiled, err := compiler.Compile("parameters.json")
	require.NoError(t, err)

	return compiled
}

// accepts reports whether the schema and Bind accept parameters in JSON.
func accepts(t require.TestingT, of scenario.Scenario, schema *jsonschema.Schema, text string) (bySchema, byBind bool) {
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	require.NoError(t, err)

	value, err := jsonvalue.Decode([]byte(text))
	require.NoError(t, err)

	object, isObject := value.(map[string]any)
	require.True(t, isObject)

	_, err = of.Bind(object)

	return schema.Validate(instance) == nil, err == nil
}

func TestParameterSchemaAgreesWithBind(t *testing.T) {
	t.Parallel()

	// Values of every type, and others that are nearly values of one.
	values := []string{
		"null", "true", "0", "-5", "9223372036854775807", "1.5", `""`, `"x"`, `"12.50"`, `"-0.5"`, `"1.2.3"`, `"2024-02-29"`,
		`"2023-02-29"`, `"1900-02-29"`, `"2000-02-29"`, `"2024-04-31"`, `"2024-13-01"`, `"2024-00-10"`, `"23:59:59"`, `"24:00:01"`,
		`"12:60:00"`, `"12:00:00.123456789"`, `"2024-02-29T12:00:00"`, `"2023-02-29T12:00:00"`, `"2024-02-29T12:00:60"`,
		`"2024-02-29T12:00:00Z"`, `"2024-02-29T12:00:00.5+01:00"`, `"2024-02-29T12:00:00+25:00"`, `"AAEC"`, `"AAE="`, `"A"`, `"%%%%"`,
		`"f47ac10b-58cc-0372-8567-0e02b2c3d479"`, `"f47ac10b58cc037285670e02b2c3d479"`, "[]", "[1,null]", "{}", `{"a":[]}`,
	}

	for _, each := range source.Types() {
		of := scenario.Scenario{Parameters: []scenario.Parameter{
			{Name: "a", Type: each, Required: true}, {Name: "b", Type: source.Text, Default: "x"},
		}}
		schema := compiledSchema(t, of)

		for _, value := range values {
			for _, text := range []string{`{"a":` + value + `}`, `{"b":` + value + `}`, `{"a":` + value + `,"c":1}`} {
				bySchema, byBind := accepts(t, of, schema, text)

				if isOtherForm := strings.Contains(text, `"f47ac10b58cc`); isOtherForm {
					require.True(t, byBind || !bySchema, text)
				} else {
					require.Equal(t, byBind, bySchema, "%s: %s", each, text)
				}
			}
		}
	}
}

func TestParameterSchemaDescribesEachParameter(t *testing.T) {
	t.Parallel()

	of := scenario.Scenario{Parameters: []scenario.Parameter{
		{Name: "country", Type: source.Text, Default: "US", Description: "The country."},
		{Name: "price", Type: source.Decimal, Default: decimal("12.50")},
		{Name: "password", Type: source.Text, Required: true, Secret: true},
		{Name: "any", Type: source.JSON, Default: map[string]any{"a": 1.0}},
	}}

	got, err := json.Marshal(of.ParameterSchema())
	require.NoError(t, err)
	require.JSONEq(t, `{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false,
		"properties": {
			"country": {"type": "string", "default": "US", "description": "The country."},
			"price": {"default": "12.50", "anyOf": [
				{"type": "string", "pattern": "^-?(0|[1-9]\\d*)(\\.\\d+)?$"},
				{"type": "integer", "minimum": -9223372036854775808, "maximum": 9223372036854775807}
			]},
			"password": {"type": "string", "writeOnly": true},
			"any": {"default": {"a": 1.0}}
		},
		"required": ["password"]
	}`, string(got))

	schema := compiledSchema(t, of)
	bySchema, byBind := accepts(t, of, schema, `{"password":"secret password","price":"1.5"}`)
	require.True(t, bySchema && byBind)
}
