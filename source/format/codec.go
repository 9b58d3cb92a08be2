package format

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/csv"
	"github.com/jobwright/jobwright/source/format/json"
	"github.com/jobwright/jobwright/source/format/parquet"
	"github.com/jobwright/jobwright/source/format/xlsx"
	"github.com/jobwright/jobwright/source/format/xml"
)

// Type is a type of files, or a way to compress them, with the ends of names by which it is found.
type Type struct {
	Name       string
	Extensions []string
}

// Types returns the types of files that can be read and written, in the order in which documentation lists them.
func Types() []Type {
	types := make([]Type, len(codecs))
	for i, c := range codecs {
		types[i] = c.Type
	}

	return types
}

// codec turns bytes into records, and records into bytes.
type codec struct {
	Type

	text   bool     // Its bytes are text, in any encoding.
	fields []string // The fields of a [source.Format] that mean something to it.

	// One of these reads: from the beginning to the end, or at any place.
	read   func(content io.Reader, read source.Read) (Reader, error)
	readAt func(content io.ReaderAt, size int64, read source.Read) (Reader, error)

	write func(w io.Writer, f source.Format, schema source.Schema) (Writer, error)
}

var codecs = []codec{
	{
		Type: Type{"csv", []string{".csv"}}, text: true, fields: []string{"encoding", "separator", "quote", "header", "null"},
		read: reading(csv.NewReader), write: writing(csv.NewWriter),
	},
	{
		Type: Type{"json", []string{".json"}}, text: true, fields: []string{"encoding", "records"},
		read: reading(json.NewReader), write: writing(json.NewWriter),
	},
	{
		Type: Type{"ndjson", []string{".ndjson", ".jsonl"}}, text: true, fields: []string{"encoding"},
		read: reading(json.NewReader), write: writing(json.NewWriter),
	},
	{
		Type: Type{"xml", []string{".xml"}}, fields: []string{"records"}, // It tells its encoding itself.
		read: reading(xml.NewReader), write: writing(xml.NewWriter),
	},
	{
		Type: Type{"xlsx", []string{".xlsx"}}, fields: []string{"header", "sheet", "range"},
		readAt: jumping(xlsx.NewReader), write: writing(xlsx.NewWriter),
	},
	{
		Type:   Type{"parquet", []string{".parquet"}},
		readAt: jumping(parquet.NewReader), write: writing(parquet.NewWriter),
	},
}

// reading is a codec's function that returns the interface, which is nil where there is an error.
func reading[R Reader](open func(io.Reader, source.Read) (R, error)) func(io.Reader, source.Read) (Reader, error) {
	return func(content io.Reader, read source.Read) (Reader, error) {
		rows, err := open(content, read)
		if err != nil {
			return nil, err
		}

		return rows, nil
	}
}

// jumping is [reading] for a codec that reads at any place.
func jumping[R Reader](open func(io.ReaderAt, int64, source.Read) (R, error)) func(
	io.ReaderAt, int64, source.Read) (Reader, error) {
	return func(content io.ReaderAt, size int64, read source.Read) (Reader, error) {
		rows, err := open(content, size, read)
		if err != nil {
			return nil, err
		}

		return rows, nil
	}
}

// writing is a codec's function that returns the interface, which is nil where there is an error.
func writing[W Writer](open func(io.Writer, source.Format, source.Schema) (W, error)) func(
	io.Writer, source.Format, source.Schema) (Writer, error) {
	return func(w io.Writer, f source.Format, schema source.Schema) (Writer, error) {
		writer, err := open(w, f, schema)
		if err != nil {
			return nil, err
		}

		return writer, nil
	}
}

// named finds a type by its name.
func named(types []Type, name string) int {
	return slices.IndexFunc(types, func(t Type) bool { return t.Name == name })
}

// ending finds the type of the files whose names end as this one.
func ending(types []Type, name string) int {
	extension := strings.ToLower(path.Ext(name))

	return slices.IndexFunc(types, func(t Type) bool { return slices.Contains(t.Extensions, extension) })
}

// choose returns the codec that a format names, or the name of a file without the end that tells its compression.
func choose(name string, f source.Format) (codec, error) {
	types := Types()

	if f.Type != "" {
		at := named(types, f.Type)
		if at < 0 {
			return codec{}, unsupported(fmt.Sprintf("there is no type of files named %q", f.Type), "there are "+list(types))
		}

		return codecs[at], nil
	}

	at := ending(types, name)
	if at < 0 {
		return codec{}, unsupported(fmt.Sprintf("the name %q does not tell the type of the file", path.Base(name)),
			"give the format a type: "+list(types))
	}

	return codecs[at], nil
}

// list names types in a sentence.
func list(types []Type) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name
	}

	last := len(names) - 1

	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// check finds the fields of a format that mean nothing to the codec, so that nobody waits in vain for what they should do.
func (c codec) check(f source.Format) error {
	for _, field := range []struct {
		name string
		set  bool
	}{
		{"encoding", f.Encoding != ""},
		{"separator", f.Separator != ""},
		{"quote", f.Quote != ""},
		{"header", f.Header != nil},
		{"null", f.Null != ""},
		{"records", f.Records != ""},
		{"sheet", f.Sheet != ""},
		{"range", f.Range != ""},
	} {
		if field.set && !slices.Contains(c.fields, field.name) {
			return unsupported(fmt.Sprintf("the format's field %s means nothing in a file of type %s", field.name, c.Name),
				"leave it out, or give the format another type")
		}
	}

	return nil
}
