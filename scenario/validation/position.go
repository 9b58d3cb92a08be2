package validation

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// position returns the place of the value at path or, if the file has none, of the nearest value around it. The place of a
// field is that of its name.
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

// inside resolves the first part of a path in a node. It returns the node with the part's place, its value and the rest of the
// path; the nodes are nil if there is no such part.
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

	// A name may contain the separators of a path: the longest matching name wins.
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := node.Content[i]

		left, found := strings.CutPrefix(path, name.Value)
		if found && (left == "" || left[0] == '.' || left[0] == '[') && (where == nil || len(left) < len(rest)) {
			where, value, rest = name, node.Content[i+1], left
		}
	}

	return where, value, rest
}

// fieldOrder returns the names of an object's fields in the order of the file.
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
