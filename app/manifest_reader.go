package app

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/problem"
)

// manifestReader reads app.yaml and collects its mistakes.
type manifestReader struct {
	app      *App
	secrets  Secrets
	all      []string // The IDs of all apps.
	problems problem.List
	places   map[string]*yaml.Node // The names of fields, by path.
	visited  int                   // Objects and values that were read, more than once if they have aliases.
}

// Bounds that end the reading of aliases that refer to each other.
const (
	maxVisited = 100_000
	maxPath    = 1_000 // Bytes.
)

// visit reports whether the bounds allow to read another node.
func (r *manifestReader) visit(node *yaml.Node, path string) bool {
	r.visited++

	allowed := r.visited < maxVisited && len(path) < maxPath
	if !allowed && r.visited <= maxVisited {
		r.addf(node, path[:min(len(path), maxPath)], "the values are nested too deeply")
	}

	return allowed
}

func (r *manifestReader) addf(node *yaml.Node, path, format string, arguments ...any) {
	r.problems.Add(problem.Problem{
		Code: job.CodeAppInvalid, File: manifestFile, Line: node.Line, Column: node.Column, Path: path,
		Message: fmt.Sprintf(format, arguments...),
	})
}

// field is a field of an object in app.yaml.
type field struct{ key, value *yaml.Node }

// object returns the fields of an object. It reports fields that are unknown, unless names is nil, and repeated ones. A
// field that is null counts as an empty object.
func (r *manifestReader) object(node *yaml.Node, path string, names []string) map[string]field {
	fields := map[string]field{}

	if isNull(node) || !r.visit(node, path) {
		return fields
	}

	if node.Kind != yaml.MappingNode {
		r.addf(node, path, "%sexpected an object", prefix(path))

		return fields
	}

	for pair := range slices.Chunk(node.Content, 2) { //nolint:mnd // Keys and values alternate.
		key, value := pair[0], resolveAlias(pair[1])
		name := key.Value
		at := problem.JoinPath(path, name)

		earlier, repeated := fields[name]

		switch {
		case key.Kind != yaml.ScalarNode:
			r.addf(key, path, "%sthe name of a field must be text", prefix(path))
		case key.ShortTag() == "!!merge":
			r.merge(fields, value, path)
		case repeated && !earlier.merged(node):
			r.addf(key, at, "the field %s is already in line %d", at, earlier.key.Line)
		case names != nil && !slices.Contains(names, name):
			r.addf(key, at, "unknown field %s; %s", at, problem.Suggest(name, names))
		default:
			fields[name] = field{key: key, value: value}
			r.places[at] = key
		}
	}

	return fields
}

// merge adds the fields of a YAML merge key that the object does not have itself.
func (r *manifestReader) merge(fields map[string]field, value *yaml.Node, path string) {
	merged := []*yaml.Node{value}
	if value.Kind == yaml.SequenceNode {
		merged = value.Content
	}

	for _, node := range merged {
		others := r.object(resolveAlias(node), path, nil)
		for _, name := range slices.Sorted(maps.Keys(others)) {
			if _, given := fields[name]; !given {
				fields[name] = others[name]
			}
		}
	}
}

// merged reports whether the field does not come from the node of the object itself.
func (f field) merged(node *yaml.Node) bool { return !slices.Contains(node.Content, f.key) }

func (r *manifestReader) list(node *yaml.Node, path string) []*yaml.Node {
	if isNull(node) {
		return nil
	}

	if node.Kind != yaml.SequenceNode {
		r.addf(node, path, "%s: expected a list", path)

		return nil
	}

	entries := make([]*yaml.Node, len(node.Content))
	for i, entry := range node.Content {
		entries[i] = resolveAlias(entry)
	}

	return entries
}

func (r *manifestReader) text(node *yaml.Node, path string) string {
	if isNull(node) {
		return ""
	}

	if node.Kind != yaml.ScalarNode {
		r.addf(node, path, "%s: expected text", path)

		return ""
	}

	return node.Value
}

// value returns a value as scenarios read it: an integer is an int64, and a date is text.
func (r *manifestReader) value(node *yaml.Node, path string) any {
	if !r.visit(node, path) {
		return nil
	}

	switch node.Kind {
	case yaml.MappingNode:
		fields := r.object(node, path, nil)
		object := make(map[string]any, len(fields))

		for _, name := range slices.Sorted(maps.Keys(fields)) {
			object[name] = r.value(fields[name].value, problem.JoinPath(path, name))
		}

		return object
	case yaml.SequenceNode:
		entries := r.list(node, path)
		list := make([]any, len(entries))

		for i, entry := range entries {
			list[i] = r.value(entry, fmt.Sprintf("%s[%d]", path, i))
		}

		return list
	default:
		value, mistake := scalar(node)
		if mistake != "" {
			r.addf(node, path, "the number %s %s; quote it if it is text", node.Value, mistake)
		}

		return value
	}
}

// scalar returns the value of a scalar, or the mistake in a number. A scalar other than null, booleans and numbers is text.
func scalar(node *yaml.Node) (value any, mistake string) {
	switch node.ShortTag() {
	case "!!null":
		return nil, ""
	case "!!bool":
		var value bool
		if node.Decode(&value) != nil {
			return node.Value, ""
		}

		return value, ""
	case "!!int":
		var value int64

		digits := strings.TrimLeft(node.Value, "+-")

		switch {
		case len(digits) > 1 && digits[0] == '0' && digits[1] <= '9':
			return nil, "begins with a zero"
		case node.Decode(&value) != nil:
			return nil, "does not fit into 64 bits"
		}

		return value, ""
	case "!!float":
		var value float64
		if node.Decode(&value) != nil || math.IsInf(value, 0) || math.IsNaN(value) {
			return nil, "is out of range"
		}

		return value, ""
	}

	return node.Value, ""
}

// number returns the value of a number, or 0 if it is none.
func (r *manifestReader) number(node *yaml.Node, path string) float64 {
	switch value := r.value(node, path).(type) {
	case int64:
		return float64(value)
	case float64:
		return value
	default:
		return 0
	}
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" }

// resolveAlias returns the node to which an alias refers, or the node itself.
func resolveAlias(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}

	return node
}

func prefix(path string) string {
	if path == "" {
		return ""
	}

	return path + ": "
}
