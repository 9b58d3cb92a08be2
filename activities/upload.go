package activities

import (
	"bytes"
	"cmp"
	"io"
	"maps"
	"mime/multipart"
	"path"
	"regexp"
	"slices"
)

// envelope is what a body has around a file, which itself passes through.
type envelope struct {
	contentType   string
	before, after []byte
}

// aroundFile returns what the request has around its file: nothing, or the other fields of a form. The fields are in the order
// of their names, so that each attempt sends the same.
func (c *call) aroundFile() (envelope, error) {
	if c.params.Form == nil && c.params.FileField == "" {
		return envelope{contentType: "application/octet-stream"}, nil
	}

	fields, err := values(c.params.Form)
	if err != nil {
		return envelope{}, err
	}

	var around bytes.Buffer

	form := multipart.NewWriter(&around)

	for _, name := range slices.Sorted(maps.Keys(fields)) {
		for _, text := range fields[name] {
			if err := form.WriteField(name, text); err != nil {
				return envelope{}, err
			}
		}
	}

	name := path.Base(escaped.ReplaceAllString(c.params.File, "$1"))
	if _, err := form.CreateFormFile(cmp.Or(c.params.FileField, "file"), name); err != nil {
		return envelope{}, err
	}

	start := around.Len()
	err = form.Close()

	return envelope{form.FormDataContentType(), around.Bytes()[:start], around.Bytes()[start:]}, err
}

// escaped matches a character of a file's name that a backslash protects from being read as part of a pattern.
var escaped = regexp.MustCompile(`\\(.)`)

// length is that of what is around the file, in bytes.
func (e envelope) length() int64 { return int64(len(e.before) + len(e.after)) }

// with returns the body with the file in it.
func (e envelope) with(file io.Reader) io.Reader {
	return io.MultiReader(bytes.NewReader(e.before), file, bytes.NewReader(e.after))
}
