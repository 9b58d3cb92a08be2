package format

import "strings"

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
