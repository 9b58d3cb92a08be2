package validation

import (
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario/problem"
)

// encodings are the labels of encodings that a message suggests.
var encodings = []string{
	"utf-8", "utf-16", "utf-16le", "utf-16be", "windows-1250", "windows-1251", "windows-1252", "iso-8859-1", "iso-8859-2",
	"iso-8859-15", "us-ascii", "shift_jis", "euc-jp", "gb18030", "big5", "euc-kr", "koi8-r",
}

// encoding checks that the encoding of a format exists.
func (c *checker) encoding(path string, field schema.Field, value any) bool {
	format, _ := value.(map[string]any)

	name, isText := format["encoding"].(string)
	if field.Form != schema.Format || !isText || name == "" {
		return true
	}

	if found, err := htmlindex.Get(name); err == nil && found != encoding.Replacement {
		return true
	}

	suggestion := problem.Suggest(name, encodings)
	if strings.EqualFold(name, "ansi") {
		suggestion = "Windows calls windows-1252 so in Western Europe and America"
	}

	c.Addf(problem.JoinPath(path, "encoding"), problem.CodeValueInvalid, "%q is not a supported encoding; %s", name, suggestion)

	return false
}
