package format

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/internal/content"
)

// Field describes a field of a [source.Format], for documentation.
type Field struct {
	Name        string
	Type        string   // The type of its values: text, boolean or another.
	Description string   // The description of the field in the language.
	Default     string   // The value or the behavior if the field is missing.
	Formats     []string // The names of the types of files that have the field.
	Written     []string // The types of files in which the field applies to writing too.
}

// fields are the fields of a [source.Format], in its order, with what its tags do not contain.
var fields = []struct {
	name, missing string
	written       []string // The types of files in which it applies to writing; nil for all that have it.
}{
	{"type", "by the extension of the file", nil},
	{"compression", "by the extension of the file, or none", nil},
	{"member", "all members, in the order of their names; when writing, the name of the zip file without .zip", nil},
	{"encoding", "by the byte order mark, or utf-8", nil},
	{"separator", "a comma; in .tsv files, the tab character", nil},
	{"quote", `"`, nil},
	{"header", "true", nil},
	{"null", "an empty field without quotes is NULL", nil},
	{"records", "in json, the whole file; in xml, the children of the root, and records/record when writing", nil},
	{"sheet", "the first sheet when reading, Sheet1 when writing", nil},
	{"range", "all cells", nil},
	{"dateFormat", "yyyy-MM-dd", onlyCSV},
	{
		"timestampFormat",
		"yyyy-MM-dd HH:mm:ss with any fraction, for timestamps followed by the offset, and T in place of the space",
		onlyCSV,
	},
	{"decimalSeparator", ".", onlyCSV},
	{"thousandsSeparator", "no character", onlyCSV},
	{"booleans", "[true, false]", onlyCSV},
	{"trim", "false", []string{}},
	{"columns", "the notation of the format", onlyCSV},
}

var onlyCSV = []string{"csv"}

// Fields returns the fields of a [source.Format], in its order.
func Fields() []Field {
	var all []Field

	for _, described := range reflect.VisibleFields(reflect.TypeFor[source.Format]()) {
		if described.Anonymous { // Its fields follow.
			continue
		}

		field := fields[len(all)]

		formats := strings.Fields(described.Tag.Get("formats"))
		if len(formats) == 0 {
			formats = source.FileTypes()
		}

		written := field.written
		if written == nil {
			written = formats
		}

		all = append(all, Field{
			field.name, typeName(described.Type), described.Tag.Get("description"), field.missing, formats, slices.Clone(written),
		})
	}

	return all
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

// purpose is what a format is used for.
type purpose string

const (
	reads  purpose = "reading"
	writes purpose = "writing"
)

// check refuses fields that have no effect on files of the codec's type, and a notation with mistakes.
func (c codec) check(f source.Format, use purpose) error {
	if wrong := f.WithoutEffect(c.Name); len(wrong) > 0 {
		return content.Unsupported(fmt.Sprintf("the format's field %s has no effect on a file of type %s", wrong[0], c.Name),
			"remove the field, or give the format another type")
	}

	if use == writes {
		for _, field := range fields {
			if field.written != nil && !slices.Contains(field.written, c.Name) && f.IsSet(field.name) {
				return content.Unsupported(
					fmt.Sprintf("the format's field %s applies to reading a file of type %s, not to writing it",
						field.name, c.Name),
					"remove the field from the format of the target")
			}
		}
	}

	if mistakes := f.NotationMistakes(); len(mistakes) > 0 {
		return content.Unsupported(
			fmt.Sprintf("the format's %s: %s", mistakes[0].Field, mistakes[0].Message), "correct the format")
	}

	return nil
}
