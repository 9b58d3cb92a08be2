package scenario

import "slices"

// secretFields are the parameters of operations that can contain secrets: values that reach a source, but no names of tables,
// results or variables and no conditions. Expressions in queries are values, too.
var secretFields = []string{"query", "script", "bind", "records", "path", "params", "headers", "json", "form", "text"}

// PlacesSecrets reports whether a parameter of an operation can contain the values of secret parameters of a scenario.
func PlacesSecrets(opName, field string) bool {
	if opName == OpRunScenario {
		return field == "parameters"
	}

	return opName != "" && slices.Contains(secretFields, field)
}
