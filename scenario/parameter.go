package scenario

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/source"
)

// Parameter declares a parameter of a scenario or a variable of an app.
type Parameter struct {
	Name        string      `json:"name"`
	Type        source.Type `json:"type"`
	Default     any         `json:"default,omitempty"` // Of type Type.
	Required    bool        `json:"required,omitempty"`
	Secret      bool        `json:"secret,omitempty"` // Whether jobs contain the value only encrypted; it has no default.
	Description string      `json:"description,omitempty"`
}

// MarshalJSON writes a parameter. [Parameter.UnmarshalJSON] restores the same default.
func (p Parameter) MarshalJSON() ([]byte, error) {
	type plain Parameter

	if p.Default != nil {
		p.Default = jsonvalue.Value{Any: p.Default}
	}

	return json.Marshal(plain(p))
}

// UnmarshalJSON reads the output of [Parameter.MarshalJSON].
func (p *Parameter) UnmarshalJSON(data []byte) error {
	type plain Parameter

	read := struct {
		*plain

		Default json.RawMessage `json:"default"`
	}{plain: (*plain)(p)}
	if err := json.Unmarshal(data, &read); err != nil || read.Default == nil {
		return err
	}

	value, err := jsonvalue.Decode(read.Default)
	p.Default = value

	return err
}

// IsSecret reports whether the scenario has a secret parameter of that name.
func (s Scenario) IsSecret(name string) bool {
	return slices.ContainsFunc(s.Parameters, func(p Parameter) bool { return p.Secret && p.Name == name })
}

// Bind returns a value for each parameter of the scenario: the given one or the default. The error is a [problem.List] with
// every value that is missing, unknown or of another type.
func (s Scenario) Bind(given jsonvalue.Object) (jsonvalue.Object, error) {
	var problems problem.List

	bound := make(jsonvalue.Object, len(s.Parameters))
	names := make([]string, len(s.Parameters))

	for i, parameter := range s.Parameters {
		names[i] = parameter.Name

		value, ok := given[parameter.Name]
		if !ok && parameter.Required {
			problems.Addf(parameter.Name, problem.CodeParameterMissing, "the parameter %s is missing%s",
				parameter.Name, parameter.Meaning())

			continue
		}

		if !ok {
			value = parameter.Default
		}

		converted, mismatch := parameter.Convert(value)
		if mismatch != "" && parameter.Secret {
			mismatch = "must be text" // The whole message would contain the value.
		}

		if mismatch != "" {
			problems.Addf(parameter.Name, problem.CodeParameterMismatch, "the parameter %s %s", parameter.Name, mismatch)
		}

		bound[parameter.Name] = converted
	}

	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(names, name) {
			problems.Addf(name, problem.CodeParameterUnknown,
				"the scenario has no parameter %s; %s", name, problem.Suggest(name, names))
		}
	}

	return bound, problems.Err()
}

// Meaning returns the parameter's type and description in parentheses, for messages.
func (p Parameter) Meaning() string {
	if p.Description == "" {
		return fmt.Sprintf(" (type %s)", p.Type)
	}

	return fmt.Sprintf(" (type %s: %s)", p.Type, strings.TrimSuffix(p.Description, "."))
}

// Convert returns value as the Go type that represents the parameter's type in the language, or why value is not of that type:
// "must be …, but is …".
// Dates, times, binary data and UUIDs are text, in the form in which results show them; JSON is any value. A decimal may be given
// as text or as an integer, because the JSON of most programs has no exact decimals.
func (p Parameter) Convert(value any) (converted any, mismatch string) {
	switch p.Type { //nolint:exhaustive // The other types need no conversion.
	case source.JSON:
		return value, ""
	case source.Array:
		if _, isList := value.([]any); isList {
			return value, ""
		}
	case source.Float:
		if v, isInteger := value.(int64); isInteger {
			return float64(v), ""
		}
	case source.Decimal:
		if decimal, is := toDecimal(value); is {
			return decimal, ""
		}
	}

	if isOfType(p.Type, value) {
		return value, ""
	}

	return nil, fmt.Sprintf("must be %s, but is %s", describeType(p.Type), jsonvalue.Describe(value))
}

// toDecimal returns a decimal, an integer or the text of a decimal as a decimal.
func toDecimal(value any) (decimal jsonvalue.Decimal, is bool) {
	switch v := value.(type) {
	case jsonvalue.Decimal:
		return v, true
	case int64:
		return jsonvalue.ParseDecimal(strconv.FormatInt(v, 10))
	case string:
		number, err := source.ParseNumber(v)
		if err != nil {
			return jsonvalue.Decimal{}, false
		}

		return jsonvalue.ParseDecimal(string(number))
	}

	return jsonvalue.Decimal{}, false
}

// CheckKind returns why the parameter cannot have the result of a template, which is of the given kind, or "": "must be …,
// but … gives …".
func (p Parameter) CheckKind(template any, kind schema.Kind) (mismatch string) {
	if schema.KindOfType(p.Type).Accepts(kind) || p.Type == source.Decimal && (kind == schema.Integer || kind == schema.Text) {
		return ""
	}

	return fmt.Sprintf("must be %s, but %s gives %s", describeType(p.Type), template, kind)
}

// isOfType reports whether value represents a value of type t.
func isOfType(t source.Type, value any) bool {
	switch v := value.(type) {
	case string:
		if schema.KindOfType(t) != schema.Text {
			return false
		}

		_, err := source.ParseText(source.Standard{Type: t}, v)

		return t == source.Text || (err == nil && v != "")
	case int64:
		return t == source.Integer
	case float64:
		return t == source.Float
	case bool:
		return t == source.Boolean
	}

	return false
}

// typeDescriptions describe the values of types for messages, unless the name of their kind does.
var typeDescriptions = map[source.Type]string{
	source.Date:      "a date such as " + time.DateOnly,
	source.Timestamp: "a timestamp such as 2006-01-02T15:04:05Z",
	source.Binary:    "binary data in base64",
	source.Decimal:   "a decimal, as a text of digits such as 12.50",
	source.Time:      "a time such as 15:04:05",
	source.Datetime:  "a date with a time such as 2006-01-02T15:04:05",
	source.UUID:      "a UUID",
}

func describeType(t source.Type) string {
	return cmp.Or(typeDescriptions[t], string(schema.KindOfType(t)))
}
