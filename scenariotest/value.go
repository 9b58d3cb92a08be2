package scenariotest

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/validation"
)

// value is a value of the language, as in [jsonvalue.Object].
type value struct {
	given bool
	any   any
}

// UnmarshalYAML reads a value without a change of its type.
func (v *value) UnmarshalYAML(node *yaml.Node) error {
	read, err := valueOf(node)
	*v = value{given: true, any: read}

	return err
}

// object is an object with values of the language.
type object jsonvalue.Object

// UnmarshalYAML reads an object without a change of the types of its values.
func (o *object) UnmarshalYAML(node *yaml.Node) error {
	read, err := valueOf(node)
	if err != nil {
		return err
	}

	found, isObject := read.(map[string]any)
	if !isObject {
		return fmt.Errorf("line %d: must be an object", node.Line)
	}

	*o = found

	return nil
}

// valueOf returns a YAML node as a value of the language. Dates remain texts.
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
		return nil, fmt.Errorf("line %d: must be a value", node.Line)
	default:
		return nil, nil //nolint:nilnil // A null is a value.
	}
}

func scalarOf(node *yaml.Node) (any, error) {
	if node.Tag == "!decimal" {
		decimal, ok := jsonvalue.ParseDecimal(node.Value)
		if !ok {
			return nil, fmt.Errorf("line %d: %q is not a decimal such as 12.50", node.Line, node.Value)
		}

		return decimal, nil
	}

	read, err := validation.Scalar(node)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", node.Line, err)
	}

	return read, nil
}
