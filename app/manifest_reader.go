package app

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
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

// field is a field of an object in app.yaml, or an entry of a list. A missing field has neither a key nor a value.
type field struct {
	key, value *yaml.Node
	path       string
}

func (f field) isGiven() bool { return f.value != nil }

// isMissing reports whether the field has no value, which may be null.
func (f field) isMissing() bool { return f.value == nil || isNull(f.value) }

// wrongf adds a mistake in the value of a field.
func (r *manifestReader) wrongf(f field, format string, arguments ...any) {
	r.addf(f.value, f.path, format, arguments...)
}

// wrongKeyf adds a mistake that concerns a field as a whole.
func (r *manifestReader) wrongKeyf(f field, format string, arguments ...any) {
	r.addf(f.key, f.path, format, arguments...)
}

// addAll adds the mistakes that package validation has found in values.
func (r *manifestReader) addAll(err error) {
	mistakes, _ := errors.AsType[problem.List](err)
	for _, mistake := range mistakes {
		at := nearest(r.places, mistake.Path)
		mistake.File, mistake.Line, mistake.Column = manifestFile, at.Line, at.Column
		mistake.Message = mistake.MessageWithPath()
		r.problems.Add(mistake)
	}
}

// object returns the fields of an object. It reports fields that are unknown, unless there are no names, and repeated ones. A
// field that is missing or null counts as an empty object.
func (r *manifestReader) object(of field, names ...string) map[string]field {
	fields := map[string]field{}
	node, path := of.value, of.path

	if of.isMissing() || !r.visit(node, path) {
		return fields
	}

	if node.Kind != yaml.MappingNode {
		r.wrongf(of, "%sexpected an object", prefix(path))

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
		case len(names) > 0 && !slices.Contains(names, name):
			r.addf(key, at, "unknown field %s; %s", at, problem.Suggest(name, names))
		default:
			fields[name] = field{key: key, value: value, path: at}
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
		others := r.object(field{value: resolveAlias(node), path: path})
		for _, name := range slices.Sorted(maps.Keys(others)) {
			if _, given := fields[name]; !given {
				fields[name] = others[name]
			}
		}
	}
}

// merged reports whether the field does not come from the node of the object itself.
func (f field) merged(node *yaml.Node) bool { return !slices.Contains(node.Content, f.key) }

func (r *manifestReader) list(of field) []field {
	if of.isMissing() {
		return nil
	}

	if of.value.Kind != yaml.SequenceNode {
		r.wrongf(of, "%s: expected a list", of.path)

		return nil
	}

	entries := make([]field, len(of.value.Content))
	for i, entry := range of.value.Content {
		entries[i] = field{key: entry, value: resolveAlias(entry), path: fmt.Sprintf("%s[%d]", of.path, i)}
	}

	return entries
}

// names reads a list of names, each of which check checks. It returns nil if the field is missing.
func (r *manifestReader) names(of field, check func(entry field, name string)) []string {
	if !of.isGiven() {
		return nil
	}

	names := []string{}

	for _, entry := range r.list(of) {
		name := r.text(entry)

		check(entry, name)
		names = append(names, name)
	}

	return names
}

func (r *manifestReader) text(of field) string {
	if of.isMissing() {
		return ""
	}

	if of.value.Kind != yaml.ScalarNode {
		r.wrongf(of, "%s: expected text", of.path)

		return ""
	}

	return of.value.Value
}

// integer reads a number of things, or 0 if it is missing. Messages contain the label.
func (r *manifestReader) integer(of field, label string, most int64) int {
	if !of.isGiven() {
		return 0
	}

	number, isInteger := r.value(of).(int64)
	if !isInteger || number < 1 || number > most {
		r.wrongf(of, "%s must be an integer between 1 and %d", label, most)

		return 0
	}

	return int(number)
}

// number reads a number, or 0 if it is missing. Messages contain the label.
func (r *manifestReader) number(of field, label string, least float64, most int) float64 {
	if !of.isGiven() {
		return 0
	}

	var number float64

	switch value := r.value(of).(type) {
	case int64:
		number = float64(value)
	case float64:
		number = value
	}

	if number < least || number > float64(most) {
		r.wrongf(of, "%s must be a number between %v and %d", label, least, most)

		return 0
	}

	return number
}

// value returns a value as scenarios read it: an integer is an int64, and a date is text.
func (r *manifestReader) value(of field) any {
	if !r.visit(of.value, of.path) {
		return nil
	}

	switch of.value.Kind {
	case yaml.MappingNode:
		return r.values(r.object(of))
	case yaml.SequenceNode:
		entries := r.list(of)
		list := make([]any, len(entries))

		for i, entry := range entries {
			list[i] = r.value(entry)
		}

		return list
	default:
		value, err := validation.Scalar(of.value)
		if err != nil {
			r.wrongf(of, "%v", err)
		}

		return value
	}
}

// values returns the values of fields.
func (r *manifestReader) values(fields map[string]field) map[string]any {
	object := make(map[string]any, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		object[name] = r.value(fields[name])
	}

	return object
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
