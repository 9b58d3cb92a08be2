package scenario

import (
	"fmt"
	"maps"
	"slices"
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

// convert returns value as the Go type in which the language holds one of type t, or says why it is none. Dates,
// timestamps and binary values are text in the language, in the form in which results show them.
func convert(t source.Type, value any) (converted any, mismatch string) {
	switch v := value.(type) {
	case string:
		if t == source.Text {
			return v, ""
		}

		if t == source.Date || t == source.Timestamp || t == source.Binary {
			if _, err := source.ParseText(t, v); err == nil && v != "" {
				return v, ""
			}
		}
	case int64:
		if t == source.Integer {
			return v, ""
		}

		if t == source.Float {
			return float64(v), ""
		}
	case float64:
		if t == source.Float {
			return v, ""
		}
	case bool:
		if t == source.Boolean {
			return v, ""
		}
	}

	return nil, fmt.Sprintf("want %s, have %s", describeType(t), describe(value))
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
	case source.Text, source.Integer, source.Float, source.Boolean:
		return string(t)
	}

	return string(t)
}
