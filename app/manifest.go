package app

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
)

const manifestFile = "app.yaml"

// The fields of app.yaml.
const (
	fieldDescription = "description"
	fieldSources     = "sources"
	fieldVariables   = "variables"
	fieldAccess      = "access"
)

// manifest is the content of app.yaml.
type manifest struct {
	description string
	sources     map[string]source.Definition
	variables   []scenario.Parameter
	access      []Access
}

// readManifest reads the text of app.yaml. The error is a [problem.List] with every mistake, its line and its column.
func readManifest(text []byte) (manifest, error) {
	r := &manifestReader{places: map[string]*yaml.Node{}, read: manifest{sources: map[string]source.Definition{}}}

	var document yaml.Node
	if err := yaml.Load(text, &document); err != nil {
		r.addYAML(err)
	} else if len(document.Content) > 0 {
		r.document(resolveAlias(document.Content[0]))
	}

	return r.read, r.problems.Err()
}

// manifestReader reads app.yaml and collects its mistakes.
type manifestReader struct {
	read     manifest
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

// addYAML adds the errors of the YAML library.
func (r *manifestReader) addYAML(err error) {
	add := func(message string, at yaml.Mark) {
		r.addf(&yaml.Node{Line: max(at.Line, 1), Column: max(at.Column, 1)}, "", "%s", message)
	}

	several, isSeveral := errors.AsType[*yaml.LoadErrors](err)
	single, isSingle := errors.AsType[*yaml.LoadError](err)

	switch {
	case isSeveral:
		for _, found := range several.Errors {
			add(found.Message, found.Mark)
		}
	case isSingle:
		add(single.Message, single.Mark)
	default:
		add(err.Error(), yaml.Mark{})
	}
}

func (r *manifestReader) document(root *yaml.Node) {
	fields := r.object(root, "", []string{fieldDescription, fieldSources, fieldVariables, fieldAccess})

	if field, given := fields[fieldDescription]; given {
		r.read.description = r.text(field.value, fieldDescription)
	}

	if field, given := fields[fieldSources]; given {
		sources := r.object(field.value, fieldSources, nil)
		for _, name := range slices.Sorted(maps.Keys(sources)) {
			r.source(name, sources[name])
		}
	}

	if field, given := fields[fieldVariables]; given {
		r.variables(field.value)
	}

	if field, given := fields[fieldAccess]; given {
		for i, entry := range r.list(field.value, fieldAccess) {
			r.access(entry, fmt.Sprintf("%s[%d]", fieldAccess, i))
		}
	}
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

func (r *manifestReader) source(name string, declared field) {
	path := problem.JoinPath(fieldSources, name)
	fields := r.object(declared.value, path, nil)

	kind, given := fields["kind"]
	if !given || kind.value.ShortTag() != "!!str" {
		r.addf(declared.key, path, "the source %s has no kind", name)

		return
	}

	var options map[string]any
	if err := declared.value.Decode(&options); err != nil {
		r.addYAML(err)
	}

	delete(options, "kind")
	r.read.sources[name] = source.Definition{Name: name, Kind: kind.value.Value, Options: options}
}

func (r *manifestReader) access(node *yaml.Node, path string) {
	fields := r.object(node, path, []string{"name", "key", "rights"})
	text := func(name string) string {
		if _, given := fields[name]; !given {
			return ""
		}

		return r.text(fields[name].value, path+"."+name)
	}
	place := func(name string) *yaml.Node {
		if found, given := fields[name]; given {
			return found.value
		}

		return node
	}

	access := Access{Name: text("name"), Key: text("key")}

	if access.Name == job.AnyAccess {
		r.addf(place("name"), path+".name", "the name %q stands for every access; choose another name", access.Name)
	}

	if _, _, ok := access.reference(); !ok {
		r.addf(place("key"), path+".key", "the key of %q must be a reference, ${env:NAME} or ${file:path}", access.Name)
	}

	if rights, given := fields["rights"]; given {
		for i, entry := range r.list(rights.value, path+".rights") {
			at := fmt.Sprintf("%s.rights[%d]", path, i)
			right := Right(r.text(entry, at))

			if right != Execute && right != Status && right != Signal {
				r.addf(entry, at, "unknown right %q; there are %s, %s and %s", right, Execute, Status, Signal)
			}

			access.Rights = append(access.Rights, right)
		}
	}

	r.read.access = append(r.read.access, access)
}

// variables reads the declarations of the app's variables, whose values are as exact as those of scenarios.
func (r *manifestReader) variables(node *yaml.Node) {
	fields := r.object(node, fieldVariables, nil)
	declared := make(map[string]any, len(fields))

	for _, name := range slices.Sorted(maps.Keys(fields)) {
		declared[name] = r.value(fields[name].value, problem.JoinPath(fieldVariables, name))
	}

	parsed, err := validation.ParseVariables(fieldVariables, declared)
	r.read.variables = parsed

	mistakes, _ := errors.AsType[problem.List](err)
	for _, mistake := range mistakes {
		at := r.placeOf(mistake.Path)
		mistake.File, mistake.Line, mistake.Column = manifestFile, at.Line, at.Column
		mistake.Message = mistake.MessageWithPath()
		r.problems.Add(mistake)
	}
}

// placeOf returns the node of a path, or the nearest one around it.
func (r *manifestReader) placeOf(path string) *yaml.Node {
	for at := path; at != ""; at = problem.ParentPath(at) {
		if node, ok := r.places[at]; ok {
			return node
		}
	}

	return &yaml.Node{Line: 1, Column: 1}
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
