// Package file is the driver of FileSource: a folder whose files are tables.
package file

import (
	"context"
	"os"
	"path/filepath"
	"syscall"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/files"
)

// Kind is the name by which an app's definitions call this driver.
const Kind = "FileSource"

// options are the options of a FileSource in app.yaml.
type options struct {
	// The folder, relative to the app's own or absolute; the app's own folder by default. It must be there: a folder that a
	// misspelt path makes would take files that nobody finds again.
	Path string `json:"path"`
}

// Open opens the folder that definition names. Nothing outside of the folder can be reached through the source that it
// returns, whatever a table's name or a link in the folder says.
func Open(_ context.Context, definition source.Definition, place source.Place) (source.Source, error) {
	var opts options
	if err := definition.Decode(&opts); err != nil {
		return nil, err
	}

	folder := opts.Path
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(place.AppDir, folder)
	}

	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, &source.Error{
			Code: source.CodeUnavailable, Source: definition.Name,
			Message:   "its folder can't be opened: " + cause(err),
			Hint:      "create the folder, or correct the source's path in app.yaml",
			Retryable: isAny(err, syscall.EMFILE, syscall.ENFILE, syscall.EIO, syscall.ESTALE, syscall.ETIMEDOUT),
			Err:       err,
		}
	}

	return files.New(definition.Name, &store{root: root}), nil
}
