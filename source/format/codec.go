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

	text   bool // Its content is text, in any encoding. XML is none, because it declares its encoding.
	named  bool // Each record names its columns, so that their order has no meaning.
	random bool // It is read with random access.
}

// codecs are the codecs of [source.FileTypes], in the same order.
var codecs = []codec{
	{FileType: named(source.FileTypes(), "csv"), text: true},
	{FileType: named(source.FileTypes(), "json"), text: true, named: true},
	{FileType: named(source.FileTypes(), "ndjson"), text: true, named: true},
	{FileType: named(source.FileTypes(), "xml"), named: true},
	{FileType: named(source.FileTypes(), "xlsx"), random: true},
	{FileType: named(source.FileTypes(), "parquet"), random: true},
}

// named returns the type with a name.
func named(types []source.FileType, name string) source.FileType {
	return types[source.TypeByName(types, name)]
}

// read returns the records of a content that is read sequentially.
func (c codec) read(from io.Reader, read source.Read) (Reader, error) {
	switch c.Name {
	case "csv":
		return opened[Reader](csv.NewReader(from, read))
	case "xml":
		return opened[Reader](xml.NewReader(from, read))
	}

	return opened[Reader](json.NewReader(from, read))
}

// readAt returns the records of a content that is read with random access.
func (c codec) readAt(from io.ReaderAt, size int64, read source.Read) (Reader, error) {
	if c.Name == "xlsx" {
		return opened[Reader](xlsx.NewReader(from, size, read))
	}

	return opened[Reader](parquet.NewReader(from, size, read))
}

// write returns a writer of records.
func (c codec) write(w io.Writer, f source.Format, schema source.Schema) (Writer, error) {
	switch c.Name {
	case "csv":
		return opened[Writer](csv.NewWriter(w, f, schema))
	case "xml":
		return opened[Writer](xml.NewWriter(w, f, schema))
	case "xlsx":
		return opened[Writer](xlsx.NewWriter(w, f, schema))
	case "parquet":
		return opened[Writer](parquet.NewWriter(w, f, schema))
	}

	return opened[Writer](json.NewWriter(w, f, schema))
}

// opened converts to the interface I, which is nil if there is an error.
func opened[I any](rows I, err error) (I, error) {
	if err != nil {
		var none I

		return none, err
	}

	return rows, nil
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
