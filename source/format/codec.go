package format

import (
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/csv"
	"github.com/jobwright/jobwright/source/format/internal/content"
	"github.com/jobwright/jobwright/source/format/json"
	"github.com/jobwright/jobwright/source/format/parquet"
	"github.com/jobwright/jobwright/source/format/xlsx"
	"github.com/jobwright/jobwright/source/format/xml"
)

// codec converts between bytes and records.
type codec struct {
	source.FileType

	text  bool // Its content is text, in any encoding.
	named bool // Each record names its columns, so that their order has no meaning.

	// One of these functions reads: sequentially, or at random.
	read   func(content io.Reader, read source.Read) (Reader, error)
	readAt func(content io.ReaderAt, size int64, read source.Read) (Reader, error)

	write func(w io.Writer, f source.Format, schema source.Schema) (Writer, error)
}

// codecs are the codecs of [source.FileTypes], in the same order.
var codecs = []codec{
	{
		FileType: named(source.FileTypes(), "csv"), text: true,
		read: reading(csv.NewReader), write: writing(csv.NewWriter),
	},
	{
		FileType: named(source.FileTypes(), "json"), text: true, named: true,
		read: reading(json.NewReader), write: writing(json.NewWriter),
	},
	{
		FileType: named(source.FileTypes(), "ndjson"), text: true, named: true,
		read: reading(json.NewReader), write: writing(json.NewWriter),
	},
	{
		FileType: named(source.FileTypes(), "xml"), named: true, // The file declares its encoding.
		read: reading(xml.NewReader), write: writing(xml.NewWriter),
	},
	{
		FileType: named(source.FileTypes(), "xlsx"),
		readAt:   readingAt(xlsx.NewReader), write: writing(xlsx.NewWriter),
	},
	{
		FileType: named(source.FileTypes(), "parquet"),
		readAt:   readingAt(parquet.NewReader), write: writing(parquet.NewWriter),
	},
}

// named returns the type with a name.
func named(types []source.FileType, name string) source.FileType {
	return types[source.TypeByName(types, name)]
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

// WithSeparator returns a format with the separator that a file name implies, if the format has none.
func WithSeparator(f source.Format, name string) source.Format {
	_, inner, err := compressionOf(name, f)
	if err != nil || f.Separator != "" || !strings.EqualFold(path.Ext(inner), source.TabExtension) {
		return f
	}

	if c, err := choose(inner, f); err == nil && c.Name == "csv" {
		f.Separator = "tab"
	}

	return f
}

// choose returns the codec of a format, or that of a file name without the extension of a compression.
func choose(name string, f source.Format) (codec, error) {
	types := source.FileTypes()

	if f.Type != "" {
		at := source.TypeByName(types, f.Type)
		if at < 0 {
			return codec{}, content.Unsupported(fmt.Sprintf("%q is not a supported type of files", f.Type), "use "+list(types))
		}

		return codecs[at], nil
	}

	at := source.TypeByExtension(types, name)
	if at < 0 {
		return codec{}, content.Unsupported(fmt.Sprintf("the name %q does not determine the type of the file", path.Base(name)),
			"set the format's type to "+list(types))
	}

	return codecs[at], nil
}

// list joins the names of types for a message.
func list(types []source.FileType) string {
	names := source.TypeNames(types)
	last := len(names) - 1

	return strings.Join(names[:last], ", ") + " or " + names[last]
}
