package format

import (
	"mime"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// WithContentType returns a format whose missing fields are those of the HTTP content type of a file: the type, and the encoding
// of CSV. The encoding of JSON is always UTF-8 (RFC 8259, section 11), and XML declares its encoding.
func WithContentType(f source.Format, name, contentType string) source.Format {
	if f.Type == "" {
		f.Type = TypeOf(contentType)
	}

	kind, parameters, err := mime.ParseMediaType(contentType)
	if kind == tabbed && f.Separator == "" && isCSV(name, f) {
		f.Separator = "tab"
	}

	if err == nil && f.Encoding == "" && isCSV(name, f) {
		f.Encoding = parameters["charset"]
	}

	return f
}

// tabbed is the content type of CSV whose separator is the tab character.
const tabbed = "text/tab-separated-values"

func isCSV(name string, f source.Format) bool {
	_, inner, err := compressionOf(name, f)
	if err != nil {
		return false
	}

	c, err := choose(inner, f)

	return err == nil && c.Name == "csv"
}

// TypeOf returns the type of a [source.Format] for an HTTP content type, or "".
func TypeOf(contentType string) string {
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")

	switch kind = strings.TrimSpace(kind); kind {
	case "text/csv", "application/csv", tabbed:
		return "csv"
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines":
		return "ndjson"
	case "application/json":
		return "json"
	case "application/xml", "text/xml":
		return "xml"
	case "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":
		return "xlsx"
	case "application/vnd.apache.parquet", "application/x-parquet":
		return "parquet"
	}

	switch {
	case strings.HasSuffix(kind, "+json"):
		return "json"
	case strings.HasSuffix(kind, "+xml"):
		return "xml"
	}

	return ""
}
