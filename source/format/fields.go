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

// fields are the fields of a [source.Format], in its order, except for the description and the type.
var fields = []struct {
	name, missing string
	formats       []string // Nil for every type.
	isSet         func(source.Format) bool
	written       []string // The types of files in which it applies to writing; nil for all in formats.
}{
	{"type", "by the extension of the file", nil, nil, nil},
	{"compression", "by the extension of the file, or none", nil, nil, nil},
	{"member", "all members, in the order of their names; when writing, the name of the zip file without .zip", nil, nil, nil},
	{
		"encoding", "by the byte order mark, or utf-8",
		[]string{"csv", "json", "ndjson"},
		func(f source.Format) bool { return f.Encoding != "" }, nil,
	},
	{
		"separator", "a comma; in .tsv files, the tab character",
		[]string{"csv"},
		func(f source.Format) bool { return f.Separator != "" }, nil,
	},
	{"quote", `"`, []string{"csv"}, func(f source.Format) bool { return f.Quote != "" }, nil},
	{"header", "true", []string{"csv", "xlsx"}, func(f source.Format) bool { return f.Header != nil }, nil},
	{
		"null", "an empty field without quotes is NULL",
		[]string{"csv"},
		func(f source.Format) bool { return f.Null != "" }, nil,
	},
	{
		"records", "in json, the whole file; in xml, the children of the root, and records/record when writing",
		[]string{"json", "xml"},
		func(f source.Format) bool { return f.Records != "" }, nil,
	},
	{
		"sheet", "the first sheet when reading, Sheet1 when writing",
		[]string{"xlsx"},
		func(f source.Format) bool { return f.Sheet != "" }, nil,
	},
	{"range", "all cells", []string{"xlsx"}, func(f source.Format) bool { return f.Range != "" }, nil},
	{"dateFormat", "yyyy-MM-dd", notated, func(f source.Format) bool { return f.DateFormat != "" }, onlyCSV},
	{
		"timestampFormat", "yyyy-MM-dd HH:mm:ss with any fraction, for timestamps followed by the offset, and T in place of the space",
		notated, func(f source.Format) bool { return f.TimestampFormat != "" }, onlyCSV,
	},
	{"decimalSeparator", ".", notated, func(f source.Format) bool { return f.DecimalSeparator != "" }, onlyCSV},
	{"thousandsSeparator", "no character", notated, func(f source.Format) bool { return f.ThousandsSeparator != "" }, onlyCSV},
	{"booleans", "[true, false]", notated, func(f source.Format) bool { return f.Booleans != nil }, onlyCSV},
	{"trim", "false", notated, func(f source.Format) bool { return f.Trim }, []string{}},
	{"columns", "the notation of the format", notated, func(f source.Format) bool { return len(f.Columns) > 0 }, onlyCSV},
}

var (
	notated = []string{"csv", "json", "ndjson", "xml", "xlsx"} // Texts in them are converted to other types.
	onlyCSV = []string{"csv"}
)

// Fields returns the fields of a [source.Format], in its order.
func Fields() []Field {
	var all []Field

	for _, described := range reflect.VisibleFields(reflect.TypeFor[source.Format]()) {
		if described.Anonymous { // Its fields follow.
			continue
		}

		field := fields[len(all)]

		formats := field.formats
		if formats == nil {
			for _, one := range Types() {
				formats = append(formats, one.Name)
			}
		}

		written := field.written
		if written == nil {
			written = formats
		}

		all = append(all, Field{
			field.name, typeName(described.Type), described.Tag.Get("description"), field.missing, slices.Clone(formats),
			slices.Clone(written),
		})
	}

	return all
}

// typeName returns the name of the type of a field.
func typeName(of reflect.Type) string {
	switch of.Kind() { //nolint:exhaustive // A format has no other fields.
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
	for _, field := range fields {
		switch {
		case field.formats == nil || !field.isSet(f):
		case !slices.Contains(field.formats, c.Name):
			return content.Unsupported(
				fmt.Sprintf("the format's field %s has no effect on a file of type %s", field.name, c.Name),
				"remove the field, which belongs to "+strings.Join(field.formats, ", ")+", or give the format another type")
		case use == writes && field.written != nil && !slices.Contains(field.written, c.Name):
			return content.Unsupported(
				fmt.Sprintf("the format's field %s applies to reading a file of type %s, not to writing it", field.name, c.Name),
				"remove the field from the format of the target")
		}
	}

	if mistakes := f.NotationMistakes(); len(mistakes) > 0 {
		return content.Unsupported(fmt.Sprintf("the format's %s: %s", mistakes[0].Field, mistakes[0].Message), "correct the format")
	}

	return nil
}
