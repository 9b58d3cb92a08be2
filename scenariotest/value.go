package scenariotest

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/scenario"
)

// value is a value of the language, as [scenario.Params] holds them.
type value struct {
	given bool
	any   any
}

// UnmarshalYAML reads a value exactly as it was written.
func (v *value) UnmarshalYAML(node *yaml.Node) error {
	read, err := valueOf(node)
	*v = value{given: true, any: read}

	return err
}

// object is an object of such values.
type object scenario.Params

// UnmarshalYAML reads an object whose values are exactly as they were written.
func (o *object) UnmarshalYAML(node *yaml.Node) error {
	read, err := valueOf(node)
	if err != nil {
		return err
	}

	found, isObject := read.(map[string]any)
	if !isObject {
		return fmt.Errorf("line %d: want an object", node.Line)
	}

	*o = found

	return nil
}

// valueOf turns a node into a value of the language. A date stays the text that it was written as.
func valueOf(node *yaml.Node) (any, error) {
	switch node.Kind {
	case yaml.MappingNode:
		found := map[string]any{}

		for pair := range slices.Chunk(node.Content, 2) { //nolint:mnd // Keys and values alternate.
			read, err := valueOf(pair[1])
			if err != nil {
				return nil, err
			}

			found[pair[0].Value] = read
		}

		return found, nil
	case yaml.SequenceNode:
		found := make([]any, len(node.Content))

		for i, entry := range node.Content {
			read, err := valueOf(entry)
			if err != nil {
				return nil, err
			}

			found[i] = read
		}

		return found, nil
	case yaml.ScalarNode:
		return scalarOf(node)
	case yaml.DocumentNode, yaml.AliasNode, yaml.StreamNode:
		return nil, fmt.Errorf("line %d: want a value", node.Line)
	default:
		return nil, nil //nolint:nilnil // A null is a value.
	}
}

func scalarOf(node *yaml.Node) (any, error) {
	var (
		read any
		err  error
	)

	switch node.ShortTag() {
	case "!!null":
	case "!!bool":
		read, err = strconv.ParseBool(node.Value)
	case "!!int":
		read, err = strconv.ParseInt(node.Value, 0, 64)
	case "!!float":
		read, err = strconv.ParseFloat(node.Value, 64)
	default:
		read = node.Value
	}

	if err != nil {
		return nil, fmt.Errorf("line %d: %w", node.Line, err)
	}

	return read, nil
}

// mismatch says how what there is differs from what is wanted, or "" where it does not. An object holds at least what is
// wanted of it, unless it has to be the same whole.
func mismatch(path string, want, have any, whole bool) string {
	if params, isParams := have.(scenario.Params); isParams {
		have = map[string]any(params)
	}

	switch w := want.(type) {
	case map[string]any:
		h, isObject := have.(map[string]any)
		if !isObject || (whole && len(h) != len(w)) {
			break
		}

		for _, name := range slices.Sorted(maps.Keys(w)) {
			at, there := h[name]
			if !there {
				return fmt.Sprintf("%s: want %s, there is none", join(path, name), written(w[name]))
			}

			if found := mismatch(join(path, name), w[name], at, whole); found != "" {
				return found
			}
		}

		return ""
	case []any:
		h, isList := have.([]any)
		if !isList || len(h) != len(w) {
			break
		}

		for i := range w {
			if found := mismatch(fmt.Sprintf("%s[%d]", path, i), w[i], h[i], whole); found != "" {
				return found
			}
		}

		return ""
	case float64:
		if h, isFloat := have.(float64); isFloat && math.Float64bits(h) == math.Float64bits(w) {
			return ""
		}
	default:
		if reflect.DeepEqual(want, have) {
			return ""
		}
	}

	return fmt.Sprintf("%s: want %s, have %s", path, written(want), written(have))
}

func join(path, name string) string {
	if path == "" {
		return name
	}

	return path + "." + name
}

// written is a value as people read it.
func written(value any) string {
	text, err := scenario.Value{Any: value}.MarshalJSON()
	if err != nil {
		return fmt.Sprint(value)
	}

	return string(text)
}
