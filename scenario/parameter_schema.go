package scenario

import (
	"math"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// The patterns of texts that are values of a type, in the form in which results show them. They exclude days that no calendar
// has.
const (
	datePattern = `(\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|1\d|2[0-8]))|` +
		`(\d\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)`
	timePattern   = `([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?`
	zonePattern   = `(Z|[+-]([01]\d|2[0-3]):[0-5]\d)`
	base64Pattern = `([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?`
	uuidPattern   = `[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`
	numberPattern = `-?(0|[1-9]\d*)(\.\d+)?`
)

// ParameterSchema returns the JSON Schema, in the version 2020-12, of the parameters of a call that runs the scenario.
// [Scenario.Bind] accepts each object that the schema accepts, unless an integer in it is written with a fraction or an exponent.
// It also accepts some other forms of times and decimals.
func (s Scenario) ParameterSchema() map[string]any {
	properties, required := map[string]any{}, []string{}

	for _, parameter := range s.Parameters {
		properties[parameter.Name] = parameter.schema()

		if parameter.Required {
			required = append(required, parameter.Name)
		}
	}

	whole := map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": properties,
		"additionalProperties": false,
	}
	if len(required) > 0 {
		whole["required"] = required
	}

	return whole
}

// schema returns the JSON Schema of the parameter's values.
func (p Parameter) schema() map[string]any {
	of := schemaOfType(p.Type)

	if p.Description != "" {
		of["description"] = p.Description
	}

	switch value := p.Default.(type) {
	case nil:
	case jsonvalue.Decimal:
		of["default"] = value.String()
	default:
		of["default"] = jsonvalue.Plain{Any: value}
	}

	if p.Secret {
		of["writeOnly"] = true
	}

	return of
}

// patterns match the texts that are values of a type.
var patterns = map[source.Type]string{
	source.Date: datePattern, source.Time: timePattern, source.Datetime: datePattern + "T" + timePattern,
	source.Timestamp: datePattern + "T" + timePattern + zonePattern, source.Binary: base64Pattern, source.UUID: uuidPattern,
	source.Decimal: numberPattern,
}

func schemaOfType(t source.Type) map[string]any {
	integer := map[string]any{"type": "integer", "minimum": math.MinInt64, "maximum": math.MaxInt64}
	text := map[string]any{"type": "string"}

	if pattern, limited := patterns[t]; limited {
		text["pattern"] = "^" + pattern + "$"
	}

	switch t { //nolint:exhaustive // The values of the other types are texts.
	case source.Integer:
		return integer
	case source.Float:
		return map[string]any{"type": "number"}
	case source.Decimal:
		return map[string]any{"anyOf": []any{text, integer}}
	case source.Boolean:
		return map[string]any{"type": "boolean"}
	case source.Binary: // An empty text is no value.
		text["contentEncoding"], text["minLength"] = "base64", 1
	case source.Array:
		return map[string]any{"type": "array"}
	case source.JSON:
		return map[string]any{}
	}

	return text
}
