package scenariotest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/problem"
)

// fieldChecker compares the nodes of a test file with the types that they are loaded into. The errors of the YAML library
// would name Go types, and only the first mistake.
type fieldChecker struct {
	file     string
	mistakes []error
}

// checkFields returns every unknown field and every value of a wrong type below the node, with its line.
func checkFields(file string, node *yaml.Node, fields reflect.Type) error {
	checker := &fieldChecker{file: file}
	checker.check(node, "", fields)

	return errors.Join(checker.mistakes...)
}

func (c *fieldChecker) addf(node *yaml.Node, format string, arguments ...any) {
	c.mistakes = append(c.mistakes, fmt.Errorf("%s:%d: %s", c.file, node.Line, fmt.Sprintf(format, arguments...)))
}

func (c *fieldChecker) check(node *yaml.Node, path string, want reflect.Type) {
	if want.Kind() == reflect.Pointer {
		want = want.Elem()
	}

	if node.Kind == yaml.AliasNode || node.ShortTag() == "!!null" {
		return
	}

	switch want {
	case reflect.TypeFor[yaml.Node](), reflect.TypeFor[value]():
		return
	case reflect.TypeFor[object]():
		c.isKind(node, path, yaml.MappingNode)

		return
	case reflect.TypeFor[scenario.Duration]():
		var duration scenario.Duration
		if c.isKind(node, path, yaml.ScalarNode) && duration.UnmarshalText([]byte(node.Value)) != nil {
			c.addf(node, "%s: must be a duration such as 90s or 5h, not %q", path, node.Value)
		}

		return
	}

	switch want.Kind() {
	case reflect.Struct:
		c.checkStruct(node, path, want)
	case reflect.Map:
		if c.isKind(node, path, yaml.MappingNode) {
			for pair := range slices.Chunk(node.Content, 2) { //nolint:mnd // Keys and values alternate.
				c.check(pair[1], problem.JoinPath(path, pair[0].Value), want.Elem())
			}
		}
	case reflect.Slice:
		if c.isKind(node, path, yaml.SequenceNode) {
			for i, entry := range node.Content {
				c.check(entry, fmt.Sprintf("%s[%d]", path, i), want.Elem())
			}
		}
	case reflect.Bool:
		if c.isKind(node, path, yaml.ScalarNode) && node.ShortTag() != "!!bool" {
			c.addf(node, "%s: must be true or false, not %q", path, node.Value)
		}
	case reflect.Int, reflect.Int32, reflect.Int64:
		if c.isKind(node, path, yaml.ScalarNode) && node.ShortTag() != "!!int" {
			c.addf(node, "%s: must be an integer, not %q", path, node.Value)
		}
	default:
		c.isKind(node, path, yaml.ScalarNode)
	}
}

func (c *fieldChecker) checkStruct(node *yaml.Node, path string, want reflect.Type) {
	if !c.isKind(node, path, yaml.MappingNode) {
		return
	}

	var names []string

	types := map[string]reflect.Type{}

	for _, field := range reflect.VisibleFields(want) {
		if name, _, _ := strings.Cut(field.Tag.Get("yaml"), ","); name != "" {
			names, types[name] = append(names, name), field.Type
		}
	}

	for pair := range slices.Chunk(node.Content, 2) { //nolint:mnd // Keys and values alternate.
		name := pair[0].Value
		if fieldType, known := types[name]; known {
			c.check(pair[1], problem.JoinPath(path, name), fieldType)
		} else {
			c.addf(pair[0], "unknown field %s; %s", problem.JoinPath(path, name), problem.Suggest(name, names))
		}
	}
}

// isKind reports whether the node is of the kind, and records a mistake otherwise.
func (c *fieldChecker) isKind(node *yaml.Node, path string, kind yaml.Kind) bool {
	if node.Kind == kind {
		return true
	}

	if path != "" {
		path += ": "
	}

	c.addf(node, "%smust be %s, not %s", path, nameOf(kind), nameOf(node.Kind))

	return false
}

func nameOf(kind yaml.Kind) string {
	switch kind {
	case yaml.MappingNode:
		return "an object"
	case yaml.SequenceNode:
		return "a list"
	default:
		return "a single value"
	}
}
