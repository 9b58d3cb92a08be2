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
	Type        string   // text or boolean.
	Description string   // The description of the field in the language.
	Default     string   // The value or the behavior if the field is missing.
	Formats     []string // The names of the types of files that have the field.
}

// fields are the fields of a [source.Format], in its order, except for the description and the type.
var fields = []struct {
	name, missing string
	formats       []string // Nil for every type.
	isSet         func(source.Format) bool
}{
	{"type", "by the extension of the file", nil, nil},
	{"compression", "by the extension of the file, or none", nil, nil},
	{"member", "all members, in the order of their names; when writing, the name of the zip file without .zip", nil, nil},
	{
		"encoding", "by the byte order mark, or utf-8",
		[]string{"csv", "json", "ndjson"},
		func(f source.Format) bool { return f.Encoding != "" },
	},
	{"separator", "a comma; in .tsv files, the tab character", []string{"csv"}, func(f source.Format) bool { return f.Separator != "" }},
	{"quote", `"`, []string{"csv"}, func(f source.Format) bool { return f.Quote != "" }},
	{"header", "true", []string{"csv", "xlsx"}, func(f source.Format) bool { return f.Header != nil }},
	{
		"null", "an empty field without quotes is NULL",
		[]string{"csv"},
		func(f source.Format) bool { return f.Null != "" },
	},
	{
		"records", "in json, the whole file; in xml, the children of the root, and records/record when writing",
		[]string{"json", "xml"},
		func(f source.Format) bool { return f.Records != "" },
	},
	{
		"sheet", "the first sheet when reading, Sheet1 when writing",
		[]string{"xlsx"},
		func(f source.Format) bool { return f.Sheet != "" },
	},
	{"range", "all cells", []string{"xlsx"}, func(f source.Format) bool { return f.Range != "" }},
}

// Fields returns the fields of a [source.Format], in its order.
func Fields() []Field {
	all := make([]Field, len(fields))
	described := reflect.TypeFor[source.Format]()

	for i, field := range fields {
		of := "text"
		if described.Field(i).Type.Kind() == reflect.Pointer {
			of = "boolean"
		}

		formats := field.formats
		if formats == nil {
			for _, one := range Types() {
				formats = append(formats, one.Name)
			}
		}

		all[i] = Field{field.name, of, described.Field(i).Tag.Get("description"), field.missing, slices.Clone(formats)}
	}

	return all
}

// check refuses fields that have no effect on files of the codec's type.
func (c codec) check(f source.Format) error {
	for _, field := range fields {
		if field.formats != nil && field.isSet(f) && !slices.Contains(field.formats, c.Name) {
			return content.Unsupported(
				fmt.Sprintf("the format's field %s has no effect on a file of type %s", field.name, c.Name),
				"remove the field, which belongs to "+strings.Join(field.formats, ", ")+", or give the format another type")
		}
	}

	return nil
}
