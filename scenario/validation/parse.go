package validation

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/problem"
)

// document is a parsed YAML or JSON file: its values with their places.
type document struct {
	value     any
	root      *yaml.Node
	steps     map[string]int // The lines of the named steps.
	variables map[string]int // The lines of the steps that first set a variable.

	// The kinds of the expressions that are parameters of other scenarios, by their paths. They are checked when the other
	// scenario is loaded.
	arguments map[string]schema.Kind
}

// Limits of a file, so that the time to read it is proportional to its length.
const (
	maxNesting = 100   // The depth of nested lists and objects.
	maxPath    = 1_000 // Bytes of a path: every entry of a list has one.
)

// parseDocument parses text as one YAML document; JSON is valid YAML. Dates remain text. A value with a problem is nil; the
// document is nil if the text is not YAML.
func parseDocument(text []byte) (*document, problem.List) {
	var node yaml.Node
	if err := yaml.Load(text, &node); err != nil {
		return nil, problem.List{SyntaxProblem(text, err)}
	}

	parsed := &document{steps: map[string]int{}, variables: map[string]int{}, arguments: map[string]schema.Kind{}}
	if node.Kind != yaml.DocumentNode || len(node.Content) == 0 {
		return parsed, nil
	}

	var problems problem.List

	parsed.root = node.Content[0]
	parsed.value = parsed.read("", 0, parsed.root, &problems)

	return parsed, problems
}

// SyntaxProblem returns the problem of a text that the YAML library rejects with err: its place, and the probable mistake.
func SyntaxProblem(text []byte, err error) problem.Problem {
	found := problem.Problem{Code: problem.CodeSyntax, Line: 1, Column: 1, Message: err.Error()}

	if located, ok := errors.AsType[*yaml.LoadError](err); ok {
		found.Message = located.Message
		found.Line, found.Column = max(located.Mark.Line, 1), max(located.Mark.Column, 1)
	}

	found.Message = syntaxMessage(found.Message, lineOf(text, found.Line))

	return found
}

// syntaxMessage adds to a message of the YAML parser the probable mistake in the line.
func syntaxMessage(message, line string) string {
	indentation := line[:len(line)-len(strings.TrimLeft(line, " \t"))]

	switch {
	case strings.Contains(message, "no documents"):
		return "the file is empty"
	case strings.Contains(indentation, "\t"):
		return "YAML does not allow tabs for indentation; use spaces"
	case strings.Contains(message, "cannot start any token"):
		return "a text can't begin with this character; quote the text"
	case strings.Contains(message, "mapping values are not allowed"):
		return `a text with a colon and a space must be quoted: "a: b"`
	case strings.Contains(message, "expected ',' or"):
		return message + "; quote a text that contains a colon, a comma or a bracket"
	case strings.Contains(message, "expected key"):
		return message + "; check the indentation and the quotes"
	}

	return message
}

// lineOf returns a line of a text, from 1.
func lineOf(text []byte, number int) string {
	for line := range strings.Lines(string(text)) {
		number--
		if number == 0 {
			return line
		}
	}

	return ""
}

// read converts a node to a value.
func (d *document) read(path string, depth int, node *yaml.Node, problems *problem.List) any {
	if node.Anchor != "" || node.Style&yaml.TaggedStyle != 0 {
		d.complain(problems, path, node, "anchors and tags are not part of the language; write the value out")
	}

	if depth > maxNesting || len(path) > maxPath {
		d.complain(problems, path, node, "the value is nested too deeply, or its field names are too long")

		return nil
	}

	switch node.Kind {
	case yaml.MappingNode:
		return d.readMapping(path, depth, node, problems)
	case yaml.SequenceNode:
		list := make([]any, len(node.Content))
		for i, entry := range node.Content {
			list[i] = d.read(fmt.Sprintf("%s[%d]", path, i), depth+1, entry, problems)
		}

		return list
	case yaml.ScalarNode:
		value, err := Scalar(node)
		if err != nil {
			d.complain(problems, path, node, err.Error())
		}

		return value
	default:
		d.complain(problems, path, node, "aliases are not part of the language; write the value out")

		return nil
	}
}

func (d *document) readMapping(path string, depth int, node *yaml.Node, problems *problem.List) any {
	object := make(map[string]any, len(node.Content)/2) //nolint:mnd // Keys and values alternate.

	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Kind != yaml.ScalarNode {
			d.complain(problems, path, key, "the name of a field must be text")

			continue
		}

		at := problem.JoinPath(path, key.Value)

		if _, taken := object[key.Value]; taken {
			d.complain(problems, at, key, fmt.Sprintf("%s is a duplicate field", key.Value))

			continue
		}

		object[key.Value] = d.read(at, depth+1, node.Content[i+1], problems)
	}

	d.addNames(node, object)

	return object
}

// addNames records the names that a step declares, for messages about names that are used before their declaration.
func (d *document) addNames(node *yaml.Node, object map[string]any) {
	if _, isStep := object["opName"]; !isStep {
		return
	}

	name, _ := object["name"].(string)
	if _, noted := d.steps[name]; !noted {
		d.steps[name] = node.Line
	}

	params, _ := object["opParams"].(map[string]any)
	if name, _ := params["name"].(string); object["opName"] == scenario.OpSetVariable {
		if _, noted := d.variables[name]; !noted {
			d.variables[name] = node.Line
		}
	}
}

// stepLine returns the line of the step of that name, or 0.
func (d *document) stepLine(name string) int { return d.steps[name] }

// variableLine returns the line of the step that sets the variable of that name first, or 0.
func (d *document) variableLine(name string) int { return d.variables[name] }

func (d *document) complain(problems *problem.List, path string, node *yaml.Node, message string) {
	problems.Add(problem.Problem{Code: problem.CodeSyntax, Line: node.Line, Column: node.Column, Path: path, Message: message})
}

// Scalar converts a scalar by YAML's core schema to null, a boolean or a number. Everything else, such as a date, is text.
func Scalar(node *yaml.Node) (any, error) {
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

// yamlNumber parses a number; integers are exact. A number with a leading zero is an error: it may be meant as text, such as a
// postal code, and is octal in older YAML.
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
