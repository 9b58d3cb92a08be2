package scenarioschema

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/source"
)

// FormatField describes a field of a [source.Format], for documentation.
type FormatField struct {
	Name        string
	Type        string   // The type of its values: text, boolean or another.
	Description string   // The description of the field in the language.
	Default     string   // The value or the behavior if the field is missing.
	Formats     []string // The names of the types of files that have the field.
	Written     []string // The types of files in which the field applies to writing too.
}

// FormatFields returns the fields of a [source.Format], in its order.
func FormatFields() []FormatField {
	var all []FormatField

	for _, described := range reflect.VisibleFields(reflect.TypeFor[source.Format]()) {
		if described.Anonymous { // Its fields follow.
			continue
		}

		formats := typesIn(described.Tag, "formats", source.TypeNames(source.FileTypes()))
		name, _, _ := strings.Cut(described.Tag.Get("json"), ",")

		all = append(all, FormatField{
			Name: name, Type: typeName(described.Type), Description: described.Tag.Get("description"),
			Default: described.Tag.Get("default"), Formats: formats, Written: typesIn(described.Tag, "written", formats),
		})
	}

	return all
}

// typesIn returns the types of files that a tag lists, or others if there is no such tag.
func typesIn(tag reflect.StructTag, key string, others []string) []string {
	types, isListed := tag.Lookup(key)
	if !isListed {
		return slices.Clone(others)
	}

	return strings.Fields(types)
}

// typeName returns the name of the type of a field.
func typeName(of reflect.Type) string {
	switch of.Kind() { // A format has no fields of other kinds.
	case reflect.Pointer, reflect.Bool:
		return "boolean"
	case reflect.Slice:
		return "a list of texts"
	case reflect.Map:
		return "an object of objects with the fields dateFormat to trim"
	}

	return "text"
}

// IsCommon reports whether all formats have the field.
func (f FormatField) IsCommon() bool { return len(f.Formats) == len(source.FileTypes()) }

// formatFields returns the fields of a [source.Format], whose descriptions include the formats and the default.
func formatFields() []schema.Field {
	fields := schema.Fields[source.Format]()

	for i, described := range FormatFields() {
		if !described.IsCommon() {
			fields[i].Description += " Only in " + strings.Join(described.Formats, ", ") + "."
		}

		fields[i].Description += fmt.Sprintf(" Default: %s.", described.Default)
	}

	return fields
}
