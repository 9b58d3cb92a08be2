package format

import (
	"mime"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// WithContentType returns a format with what it leaves out and a content type of HTTP tells of a file of that name: the type,
// and the encoding of CSV. JSON is UTF-8 whatever its server says (RFC 8259, section 11), and XML tells its encoding itself.
func WithContentType(f source.Format, name, contentType string) source.Format {
	if f.Type == "" {
		f.Type = TypeOf(contentType)
	}

	_, parameters, err := mime.ParseMediaType(contentType)
	if err == nil && f.Encoding == "" && isCSV(name, f) {
		f.Encoding = parameters["charset"]
	}

	return f
}

func isCSV(name string, f source.Format) bool {
	_, inner, err := compressionOf(name, f)
	if err != nil {
		return false
	}

	c, err := choose(inner, f)

	return err == nil && c.Name == "csv"
}

// TypeOf returns the type of a [source.Format] that a content type of HTTP stands for, or "" where it stands for none.
func TypeOf(contentType string) string {
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")

	switch kind = strings.TrimSpace(kind); kind {
	case "text/csv", "application/csv":
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
