package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/jobwright/jobwright/source"
)

// Bind returns a value for each parameter of the scenario: the one given or, where none is, the default. An error is
// [Problems]: every value that is missing, unknown or of another type.
func (s Scenario) Bind(given Params) (Params, error) {
	var check checker

	bound := make(Params, len(s.Parameters))
	names := make([]string, len(s.Parameters))

	for i, parameter := range s.Parameters {
		names[i] = parameter.Name

		value, ok := given[parameter.Name]
		if !ok && parameter.Required {
			check.addf(parameter.Name, CodeParameterMissing, "the parameter %s is missing: %s",
				parameter.Name, parameter.explain())

			continue
		}

		if !ok {
			value = parameter.Default
		}

		converted, mismatch := convert(parameter.Type, value)
		if mismatch != "" {
			check.addf(parameter.Name, CodeParameterMismatch, "the parameter %s: %s", parameter.Name, mismatch)
		}

		bound[parameter.Name] = converted
	}

	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(names, name) {
			check.addf(name, CodeParameterUnknown, "the scenario has no parameter %s; %s", name, Suggest(name, names))
		}
	}

	return bound, check.problems.err()
}

// explain says what the parameter is, for people.
func (p Parameter) explain() string {
	if p.Description == "" {
		return "it is of type " + string(p.Type)
	}

	return fmt.Sprintf("%s (of type %s)", p.Description, p.Type)
}

// convert returns value as the Go type in which the language holds one of type t, or says why it is none. Decimals, dates,
// times, binary values and UUIDs are text in the language, in the form in which results show them; JSON is any value.
func convert(t source.Type, value any) (converted any, mismatch string) {
	switch t { //nolint:exhaustive // The rest is what it looks like.
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
		if v, isInteger := value.(int64); isInteger {
			return strconv.FormatInt(v, 10), ""
		}
	}

	if isOfType(t, value) {
		return value, ""
	}

	return nil, fmt.Sprintf("want %s, have %s", describeType(t), describe(value))
}

// takes reports whether a value of the given form can be converted to type t; the form is "" where it is not known.
func takes(t source.Type, given form) bool {
	return formOfType(t).accepts(given) || t == source.Decimal && given == formInteger
}

// isOfType reports whether value is what the language holds for one of type t.
func isOfType(t source.Type, value any) bool {
	switch v := value.(type) {
	case string:
		if formOfType(t) != formText {
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

// describeType says what a value of type t looks like, for people.
func describeType(t source.Type) string {
	switch t {
	case source.Date:
		return "a date such as " + time.DateOnly
	case source.Timestamp:
		return "a timestamp such as 2006-01-02T15:04:05Z"
	case source.Binary:
		return "binary data in base64"
	case source.Decimal:
		return "a decimal, as a text of digits such as 12.50"
	case source.Time:
		return "a time such as 15:04:05"
	case source.Datetime:
		return "a date with a time such as 2006-01-02T15:04:05"
	case source.UUID:
		return "a UUID"
	case source.Array:
		return "a list"
	case source.Text, source.Integer, source.Float, source.Boolean, source.JSON:
	}

	return string(t)
}
