package format_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source/format"
)

func TestWithContentTypeSetsTypeAndEncoding(t *testing.T) {
	t.Parallel()

	for contentType, want := range map[string]string{
		"text/csv; charset=utf-8":  "csv",
		"Application/JSON":         "json",
		"application/hal+json":     "json",
		"application/x-ndjson":     "ndjson",
		"application/atom+xml":     "xml",
		"text/xml;charset=utf-8":   "xml",
		"text/html":                "",
		"":                         "",
		"application/octet-stream": "",
	} {
		require.Equal(t, want, format.TypeOf(contentType), contentType)
	}
}
