// Package file is the driver of FileSource: a folder whose files are tables.
package file

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/files"
	"github.com/jobwright/jobwright/source/guard"
	"github.com/jobwright/jobwright/source/kind"
)

// Kind is the kind of source in app.yaml that selects this driver.
const Kind = kind.FileSource

// options are the options of a FileSource in app.yaml.
type options kind.File

// Open opens the folder that the definition names. Neither the name of a table nor a link in the folder leads outside of it.
func Open(_ context.Context, definition source.Definition, place source.Place) (source.Source, error) {
	var opts options
	if err := definition.Decode(&opts); err != nil {
		return nil, err
	}

	folder := opts.Path
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(place.AppDir, folder)
	}

	if opts.Path == "" {
		return nil, definition.Refuse(errors.New("its path is missing"), guard.Hint)
	}

	if err := guard.Folder(place, folder); err != nil {
		return nil, definition.Refuse(err, guard.Hint)
	}

	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, &source.Error{
			Code: source.CodeUnavailable, Source: definition.Name,
			Message:   "its folder can't be opened: " + guard.WithoutPath(err).Error(),
			Hint:      "create the folder, or correct the source's path in app.yaml",
			Retryable: isAny(err, syscall.EMFILE, syscall.ENFILE, syscall.EIO, syscall.ESTALE, syscall.ETIMEDOUT),
			Err:       err,
		}
	}

	return files.New(definition.Name, &store{root: root}), nil
}
