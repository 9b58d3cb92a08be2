package app

import (
	"fmt"
	"math"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/scenario/validation"
)

// declared is a value in app.yaml, read as exactly as those of scenarios: an integer is an int64, and a date the text that
// it was written as.
type declared struct{ value any }

// UnmarshalYAML reads a value. YAML leaves one that is null alone.
func (d *declared) UnmarshalYAML(node *yaml.Node) (err error) {
	switch node.Kind {
	case yaml.MappingNode:
		var fields map[string]declared

		err = node.Decode(&fields)
		d.value = plain(fields)
	case yaml.SequenceNode:
		var entries []declared

		err = node.Decode(&entries)
		list := make([]any, len(entries))

		for i, entry := range entries {
			list[i] = entry.value
		}

		d.value = list
	default:
		d.value, err = declaredScalar(node)
	}

	return err
}

// declaredScalar reads a scalar. What is neither null, boolean nor number is text, also a date.
func declaredScalar(node *yaml.Node) (any, error) {
	wrong := ""

	switch node.ShortTag() {
	case "!!bool":
		var value bool

		err := node.Decode(&value)

		return value, err
	case "!!int":
		var value int64

		digits := strings.TrimLeft(node.Value, "+-")
		if len(digits) > 1 && digits[0] == '0' && digits[1] <= '9' {
			wrong = "begins with a zero"
		} else if node.Decode(&value) != nil {
			wrong = "does not fit into 64 bits"
		}

		if wrong == "" {
			return value, nil
		}
	case "!!float":
		var value float64
		if node.Decode(&value) != nil || math.IsInf(value, 0) || math.IsNaN(value) {
			wrong = "is out of range"
		}

		if wrong == "" {
			return value, nil
		}
	default:
		return node.Value, nil
	}

	return nil, fmt.Errorf("line %d: the number %s %s; quote it if it is text", node.Line, node.Value, wrong)
}

// plain returns the values themselves.
func plain(fields map[string]declared) map[string]any {
	object := make(map[string]any, len(fields))
	for name, field := range fields {
		object[name] = field.value
	}

	return object
}

// readVariables reads the declarations of the app's variables.
func (a *App) readVariables(fields map[string]declared) error {
	var err error
	if a.Variables, err = validation.ParseVariables("variables", plain(fields)); err != nil {
		return fmt.Errorf("app %s: app.yaml is wrong: %w", a.ID, err)
	}

	return nil
}
