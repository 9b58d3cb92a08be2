package reference

import (
	"slices"
	"strings"

	"github.com/jobwright/jobwright/internal/scenarioschema"
	"github.com/jobwright/jobwright/source"
)

// FormatSections returns the generated sections of docs/formats.md, in the order of the page.
func FormatSections() []Section {
	sections := []Section{
		{"formats", typeTable("format", source.FileTypes())},
		{"common", formatTable(scenarioschema.FormatField.IsCommon)},
		{"notation", formatTable(isNotation)},
		{"compressions", typeTable("compression", source.Compressions())},
	}

	for _, of := range source.FileTypes() {
		sections = append(sections, Section{of.Name, formatTable(func(f scenarioschema.FormatField) bool {
			return !f.IsCommon() && !isNotation(f) && slices.Contains(f.Formats, of.Name)
		})})
	}

	return sections
}

// isNotation reports whether a field describes how texts represent values of other types, in all formats with texts.
func isNotation(field scenarioschema.FormatField) bool {
	return slices.Equal(field.Written, []string{"csv"}) && len(field.Formats) > 1 || field.Name == "trim"
}

// typeTable returns the table of the extensions of formats or compressions.
func typeTable(kind string, types []source.FileType) string {
	rows := make([][]string, len(types))
	for i, of := range types {
		rows[i] = []string{"`" + of.Name + "`", "`" + strings.Join(of.Extensions, "`, `") + "`"}
	}

	return table([]string{kind, "extensions of files"}, rows)
}

// formatTable returns the table of the fields that are selected, or a sentence if there are none.
func formatTable(selected func(scenarioschema.FormatField) bool) string {
	var rows [][]string

	for _, field := range scenarioschema.FormatFields() {
		if !selected(field) {
			continue
		}

		missing := field.Default
		if !strings.Contains(missing, " ") {
			missing = "`" + missing + "`"
		}

		rows = append(rows, []string{"`" + field.Name + "`", field.Type, missing, field.Description})
	}

	if rows == nil {
		return "The format has no further fields.\n"
	}

	return table([]string{"field", "type", "default", "meaning"}, rows)
}
