package check

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// row is a row of the table of values: a value that has a comment, or none but also no values below it.
type row struct{ name, standard, description string }

// rows returns the documented values of a mapping. A value without a comment has values below it that have comments.
func rows(t *testing.T, prefix string, mapping *yaml.Node) []row {
	t.Helper()

	var found []row

	for i := 0; i < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		name := prefix + key.Value

		// A comment with an empty line below it belongs to what follows, too.
		comments := strings.Split(key.HeadComment, "\n\n")
		description := strings.ReplaceAll(strings.TrimPrefix(comments[len(comments)-1], "# "), "\n# ", " ")

		if value.Kind == yaml.MappingNode && len(value.Content) > 0 && value.Style&yaml.FlowStyle == 0 && isDocumentedBelow(value) {
			if description != "" {
				found = append(found, row{name, "", description})
			}

			found = append(found, rows(t, name+".", value)...)

			continue
		}

		require.NotEmpty(t, description, "values.yaml does not describe %s", name)

		value.HeadComment, value.LineComment, value.FootComment = "", "", ""
		setFlow(value)

		text, err := yaml.Marshal(value)
		require.NoError(t, err)

		found = append(found, row{name, strings.Join(strings.Fields(string(text)), " "), description})
	}

	return found
}

// isDocumentedBelow reports whether the first value of a mapping has a comment, or one below it.
func isDocumentedBelow(mapping *yaml.Node) bool {
	first := mapping.Content[1]

	return mapping.Content[0].HeadComment != "" ||
		first.Kind == yaml.MappingNode && len(first.Content) > 0 && isDocumentedBelow(first)
}

// setFlow makes a value print in one line.
func setFlow(node *yaml.Node) {
	node.Style |= yaml.FlowStyle
	for _, inner := range node.Content {
		setFlow(inner)
	}
}

func TestReadmeListsTheValues(t *testing.T) {
	t.Parallel()

	const begin, end = "<!-- generated: values -->\n", "<!-- /generated -->\n"

	text, err := os.ReadFile(filepath.Join(chartDir, "values.yaml"))
	require.NoError(t, err)

	var document yaml.Node
	require.NoError(t, yaml.Unmarshal(text, &document))

	var table strings.Builder

	table.WriteString("\n| value | default | meaning |\n|---|---|---|\n")

	for _, found := range rows(t, "", document.Content[0]) {
		standard := ""
		if found.standard != "" {
			standard = "`" + found.standard + "`"
		}

		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", found.name, standard, found.description)
	}

	table.WriteString("\n")

	readme := filepath.Join(chartDir, "README.md")

	page, err := os.ReadFile(readme)
	require.NoError(t, err)

	before, rest, found := strings.Cut(string(page), begin)
	require.True(t, found)

	_, after, found := strings.Cut(rest, end)
	require.True(t, found)

	want := before + begin + table.String() + end + after
	if *update {
		require.NoError(t, os.WriteFile(readme, []byte(want), 0o600))
	} else {
		require.Equal(t, want, string(page), "run make chart-docs")
	}
}
