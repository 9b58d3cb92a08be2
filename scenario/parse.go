package scenario

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

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

	if strings.Contains(problem.Message, "no documents") {
		problem.Message = "the file holds nothing"
	}

	return problem
}

// read turns a node into a value and notes the positions of what it holds.
func (d *document) read(path string, node *yaml.Node, problems *Problems) any {
	if _, noted := d.positions[path]; !noted {
		d.positions[path] = position{node.Line, node.Column}
	}

	if node.Anchor != "" || node.Style&yaml.TaggedStyle != 0 {
		d.complain(problems, path, node, "anchors and tags are not part of the language; write the value out")

		return nil
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
		d.complain(problems, path, node, "aliases are not part of the language; write the value out")

		return nil
	}
}

func (d *document) readMapping(path string, node *yaml.Node, problems *Problems) any {
	object := make(map[string]any, len(node.Content)/2) //nolint:mnd // Keys and values alternate.

	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Kind != yaml.ScalarNode {
			d.complain(problems, path, key, "the name of a field must be text")

			continue
		}

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
	case "!!int", "!!float":
		return yamlNumber(node.Value)
	default:
		return node.Value, nil
	}
}

// yamlNumber reads a number, exactly if it is written as an integer. One with a zero before it is refused: what is meant
// may be text, such as a postal code, and older YAML takes it for octal.
func yamlNumber(text string) (any, error) {
	digits := strings.TrimLeft(text, "+-")
	if len(digits) > 1 && digits[0] == '0' && '0' <= digits[1] && digits[1] <= '9' {
		return nil, fmt.Errorf("the number %s begins with a zero; quote it if it is text", text)
	}

	if !strings.ContainsAny(text, ".eE") || strings.HasPrefix(digits, "0x") {
		value, err := strconv.ParseInt(text, 0, 64)
		if err != nil {
			return nil, fmt.Errorf("the number %s does not fit into 64 bits; quote it if it is text", text)
		}

		return value, nil
	}

	if unsigned := strings.ToLower(digits); unsigned == ".inf" || unsigned == ".nan" {
		return nil, fmt.Errorf("%s is no number; quote it if it is text", text)
	}

	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, fmt.Errorf("the number %s is out of range; quote it if it is text", text)
	}

	return value, nil
}

// join returns the path of a field of the object at path.
func join(path, field string) string {
	if path == "" {
		return field
	}

	return path + "." + field
}
