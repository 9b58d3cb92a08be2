package scenario

import (
	"errors"
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// position is a place in a file, from 1.
type position struct{ line, column int }

// document is a YAML or JSON file as values, with the position of each: of a field's key, or of a list's entry.
type document struct {
	value     any
	positions map[string]position // By path: steps[0].opParams.source.
}

// parseDocument reads text as one YAML document; JSON is YAML too. A date stays the text that it was written as.
func parseDocument(text []byte) (*document, Problems) {
	var node yaml.Node
	if err := yaml.Load(text, &node); err != nil {
		return nil, Problems{syntaxProblem(err)}
	}

	parsed := &document{positions: map[string]position{}}
	if node.Kind != yaml.DocumentNode || len(node.Content) == 0 {
		return parsed, nil
	}

	var problems Problems

	parsed.value = parsed.read("", node.Content[0], &problems)

	return parsed, problems
}

func syntaxProblem(err error) Problem {
	problem := Problem{Code: CodeSyntax, Line: 1, Column: 1, Message: err.Error()}

	if located, ok := errors.AsType[*yaml.LoadError](err); ok {
		problem.Message = located.Message
		problem.Line, problem.Column = max(located.Mark.Line, 1), max(located.Mark.Column, 1)
	}

	return problem
}

// read turns a node into a value and notes the positions of what it holds.
func (d *document) read(path string, node *yaml.Node, problems *Problems) any {
	if _, noted := d.positions[path]; !noted {
		d.positions[path] = position{node.Line, node.Column}
	}

	switch node.Kind {
	case yaml.MappingNode:
		return d.readMapping(path, node, problems)
	case yaml.SequenceNode:
		list := make([]any, len(node.Content))
		for i, entry := range node.Content {
			list[i] = d.read(fmt.Sprintf("%s[%d]", path, i), entry, problems)
		}

		return list
	case yaml.ScalarNode:
		value, err := scalar(node)
		if err != nil {
			d.complain(problems, path, node, err.Error())
		}

		return value
	default:
		d.complain(problems, path, node, "aliases and anchors are not part of the language; write the value out")

		return nil
	}
}

func (d *document) readMapping(path string, node *yaml.Node, problems *Problems) any {
	object := make(map[string]any, len(node.Content)/2) //nolint:mnd // Keys and values alternate.

	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		at := join(path, key.Value)

		if _, taken := object[key.Value]; taken {
			d.complain(problems, at, key, fmt.Sprintf("%s stands here twice", key.Value))

			continue
		}

		d.positions[at] = position{key.Line, key.Column}
		object[key.Value] = d.read(at, node.Content[i+1], problems)
	}

	return object
}

func (d *document) complain(problems *Problems, path string, node *yaml.Node, message string) {
	*problems = append(*problems, Problem{
		Code: CodeSyntax, Line: node.Line, Column: node.Column, Path: path, Message: message,
	})
}

// scalar reads a scalar by YAML's core schema. What is neither null, boolean nor number is text, also a date.
func scalar(node *yaml.Node) (any, error) {
	switch node.ShortTag() {
	case "!!null":
		return nil, nil //nolint:nilnil // A null is a value.
	case "!!bool":
		return strconv.ParseBool(node.Value)
	case "!!int":
		value, err := strconv.ParseInt(node.Value, 0, 64)
		if err != nil {
			return nil, fmt.Errorf("the number %s does not fit into 64 bits; quote it if it is text", node.Value)
		}

		return value, nil
	case "!!float":
		value, err := strconv.ParseFloat(node.Value, 64)
		if err != nil {
			return nil, fmt.Errorf("the number %s is out of range; quote it if it is text", node.Value)
		}

		return value, nil
	default:
		return node.Value, nil
	}
}

// join returns the path of a field of the object at path.
func join(path, field string) string {
	if path == "" {
		return field
	}

	return path + "." + field
}
