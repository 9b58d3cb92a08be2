package validation

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// position returns where the thing at path stands, or the nearest thing around it that stands in the file: a field's name,
// or a list's entry.
func (d *document) position(path string) (line, column int) {
	if d.root == nil {
		return 1, 1
	}

	where, value := d.root, d.root

	for rest := path; rest != "" && value != nil; {
		var at *yaml.Node
		if at, value, rest = inside(value, rest); at != nil {
			where = at
		}
	}

	return where.Line, where.Column
}

// inside goes one part of a path into a node. It returns what stands for the part in the file, the value, and the rest of
// the path; nil where the node has no such part.
func inside(node *yaml.Node, path string) (where, value *yaml.Node, rest string) {
	if node.Kind == yaml.SequenceNode {
		index, rest, _ := strings.Cut(strings.TrimPrefix(path, "["), "]")

		i, err := strconv.Atoi(index)
		if err != nil || i < 0 || i >= len(node.Content) {
			return nil, nil, ""
		}

		return node.Content[i], node.Content[i], rest
	}

	if node.Kind != yaml.MappingNode {
		return nil, nil, ""
	}

	path = strings.TrimPrefix(path, ".")

	// A name may hold what separates the parts of a path, so that of several names the longest is meant.
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := node.Content[i]

		left, found := strings.CutPrefix(path, name.Value)
		if found && (left == "" || left[0] == '.' || left[0] == '[') && (where == nil || len(left) < len(rest)) {
			where, value, rest = name, node.Content[i+1], left
		}
	}

	return where, value, rest
}

// fieldOrder returns the names of an object's fields in the order in which they stand in the file.
func (d *document) fieldOrder(path string) []string {
	value := d.root

	for rest := path; rest != "" && value != nil; {
		_, value, rest = inside(value, rest)
	}

	var names []string

	if value != nil && value.Kind == yaml.MappingNode {
		for pair := range slices.Chunk(value.Content, 2) { //nolint:mnd // Keys and values alternate.
			names = append(names, pair[0].Value)
		}
	}

	return names
}
