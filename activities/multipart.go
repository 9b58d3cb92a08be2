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

// fileForm is the body of a request that streams a file: the file alone, or a form with the file as its last field.
type fileForm struct {
	contentType   string
	before, after []byte // The parts of the form around the content of the file.
}

// escaped matches a character with a backslash before it, which is how the name of a file contains a character of patterns.
var escaped = regexp.MustCompile(`\\(.)`)

// fileForm returns the form of the request. Its fields are sorted by name, so that every attempt sends the same bytes.
func (c *call) fileForm() (fileForm, error) {
	if c.params.Form == nil && c.params.FileField == "" {
		return fileForm{contentType: "application/octet-stream"}, nil
	}

	fields, err := values(c.params.Form)
	if err != nil {
		return fileForm{}, err
	}

	var around bytes.Buffer

	form := multipart.NewWriter(&around)

	for _, name := range slices.Sorted(maps.Keys(fields)) {
		for _, text := range fields[name] {
			if err := form.WriteField(name, text); err != nil {
				return fileForm{}, err
			}
		}
	}

	name := path.Base(escaped.ReplaceAllString(c.params.File, "$1"))
	if _, err := form.CreateFormFile(cmp.Or(c.params.FileField, "file"), name); err != nil {
		return fileForm{}, err
	}

	start := around.Len()
	err = form.Close()

	return fileForm{form.FormDataContentType(), around.Bytes()[:start], around.Bytes()[start:]}, err
}

// size returns the size of the form without the file, in bytes.
func (f fileForm) size() int64 { return int64(len(f.before) + len(f.after)) }

// body returns the form with the content of the file.
func (f fileForm) body(content io.Reader) io.Reader {
	return io.MultiReader(bytes.NewReader(f.before), content, bytes.NewReader(f.after))
}
