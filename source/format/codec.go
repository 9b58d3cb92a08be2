package format

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/csv"
	"github.com/jobwright/jobwright/source/format/internal/content"
	"github.com/jobwright/jobwright/source/format/json"
	"github.com/jobwright/jobwright/source/format/parquet"
	"github.com/jobwright/jobwright/source/format/xlsx"
	"github.com/jobwright/jobwright/source/format/xml"
)

// Type is a type of files, or a compression, with the file name extensions that identify it.
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

// codec converts between bytes and records.
type codec struct {
	Type

	text  bool // Its content is text, in any encoding.
	named bool // Each record names its columns, so that their order has no meaning.

	// One of these functions reads: sequentially, or at random.
	read   func(content io.Reader, read source.Read) (Reader, error)
	readAt func(content io.ReaderAt, size int64, read source.Read) (Reader, error)

	write func(w io.Writer, f source.Format, schema source.Schema) (Writer, error)
}

var codecs = []codec{
	{
		Type: Type{"csv", []string{".csv", tabExtension}}, text: true,
		read: reading(csv.NewReader), write: writing(csv.NewWriter),
	},
	{
		Type: Type{"json", []string{".json"}}, text: true, named: true,
		read: reading(json.NewReader), write: writing(json.NewWriter),
	},
	{
		Type: Type{"ndjson", []string{".ndjson", ".jsonl"}}, text: true, named: true,
		read: reading(json.NewReader), write: writing(json.NewWriter),
	},
	{
		Type: Type{"xml", []string{".xml"}}, named: true, // The file declares its encoding.
		read: reading(xml.NewReader), write: writing(xml.NewWriter),
	},
	{
		Type:   Type{"xlsx", []string{".xlsx"}},
		readAt: readingAt(xlsx.NewReader), write: writing(xlsx.NewWriter),
	},
	{
		Type:   Type{"parquet", []string{".parquet"}},
		readAt: readingAt(parquet.NewReader), write: writing(parquet.NewWriter),
	},
}

// reading adapts the constructor of a sequential reader. The interface is nil if there is an error.
func reading[R Reader](open func(io.Reader, source.Read) (R, error)) func(io.Reader, source.Read) (Reader, error) {
	return func(content io.Reader, read source.Read) (Reader, error) {
		rows, err := open(content, read)
		if err != nil {
			return nil, err
		}

		return rows, nil
	}
}

// readingAt adapts the constructor of a reader with random access.
func readingAt[R Reader](open func(io.ReaderAt, int64, source.Read) (R, error)) func(
	io.ReaderAt, int64, source.Read) (Reader, error) {
	return func(content io.ReaderAt, size int64, read source.Read) (Reader, error) {
		rows, err := open(content, size, read)
		if err != nil {
			return nil, err
		}

		return rows, nil
	}
}

// writing adapts the constructor of a writer. The interface is nil if there is an error.
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

// indexByName returns the index of the type with a name, or -1.
func indexByName(types []Type, name string) int {
	return slices.IndexFunc(types, func(t Type) bool { return t.Name == name })
}

// indexByExtension returns the index of the type of a file name, or -1.
func indexByExtension(types []Type, name string) int {
	extension := strings.ToLower(path.Ext(name))

	return slices.IndexFunc(types, func(t Type) bool { return slices.Contains(t.Extensions, extension) })
}

// tabExtension is the extension of CSV files whose separator is the tab character.
const tabExtension = ".tsv"

// WithSeparator returns a format with the separator that a file name implies, if the format has none.
func WithSeparator(f source.Format, name string) source.Format {
	_, inner, err := compressionOf(name, f)
	if err != nil || f.Separator != "" || !strings.EqualFold(path.Ext(inner), tabExtension) {
		return f
	}

	if c, err := choose(inner, f); err == nil && c.Name == "csv" {
		f.Separator = "tab"
	}

	return f
}

// choose returns the codec of a format, or that of a file name without the extension of a compression.
func choose(name string, f source.Format) (codec, error) {
	types := Types()

	if f.Type != "" {
		at := indexByName(types, f.Type)
		if at < 0 {
			return codec{}, content.Unsupported(fmt.Sprintf("%q is not a supported type of files", f.Type), "use "+list(types))
		}

		return codecs[at], nil
	}

	at := indexByExtension(types, name)
	if at < 0 {
		return codec{}, content.Unsupported(fmt.Sprintf("the name %q does not determine the type of the file", path.Base(name)),
			"set the format's type to "+list(types))
	}

	return codecs[at], nil
}

// list joins the names of types for a message.
func list(types []Type) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name
	}

	last := len(names) - 1

	return strings.Join(names[:last], ", ") + " or " + names[last]
}
