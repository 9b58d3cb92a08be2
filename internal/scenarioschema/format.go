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

// defaults are the value or the behavior of each field of a [source.Format] that is missing, in its order.
var defaults = []string{
	"by the extension of the file",
	"by the extension of the file, or none",
	"all members, in the order of their names; when writing, the name of the zip file without .zip",
	"by the byte order mark, or utf-8",
	"a comma; in .tsv files, the tab character",
	`"`,
	"true",
	"an empty field without quotes is NULL",
	"in json, the whole file; in xml, the children of the root, and records/record when writing",
	"the first sheet when reading, Sheet1 when writing",
	"all cells",
	"yyyy-MM-dd",
	"yyyy-MM-dd HH:mm:ss with any fraction, for timestamps followed by the offset, and T in place of the space",
	".",
	"no character",
	"[true, false]",
	"false",
	"the notation of the format",
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
			Default: defaults[len(all)], Formats: formats, Written: typesIn(described.Tag, "written", formats),
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
