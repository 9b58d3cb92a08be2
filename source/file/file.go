// Package file is the driver of FileSource: a folder whose files are tables.
package file

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/jobwright/jobwright/source"
)

// Kind is the name by which an app's definitions call this driver.
const Kind = "FileSource"

// options are the options of a FileSource in app.yaml.
type options struct {
	Path string `json:"path"` // The folder, relative to the app's own; the app's own folder by default.
}

// Source is a folder whose files are tables. Nothing outside of the folder can be reached through it, whatever a
// table's name or a link in the folder says.
type Source struct {
	name string
	root *os.Root
}

var _ source.Reader = (*Source)(nil)

// Open opens the folder that definition names.
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
			Message: "its folder can't be opened: " + cause(err),
			Hint:    "create the folder, or correct the source's path in app.yaml",
			Curable: !errors.Is(err, fs.ErrNotExist),
			Err:     err,
		}
	}

	return &Source{name: definition.Name, root: root}, nil
}

// Close closes the folder.
func (s *Source) Close() error { return s.root.Close() }

// ReadTable streams the records of one file, whose path is relative to the folder. Its format follows from the file
// name's extension; CSV is the one there is.
func (s *Source) ReadTable(_ context.Context, table string) (source.Rows, error) {
	if extension := path.Ext(table); !strings.EqualFold(extension, ".csv") {
		return nil, &source.Error{
			Code: source.CodeOperationUnsupported, Source: s.name, Table: table,
			Message: fmt.Sprintf("files ending in %q can't be read as tables", extension),
			Hint:    "give a .csv file",
		}
	}

	file, err := s.root.Open(filepath.FromSlash(table))
	if err != nil {
		return nil, s.openError(table, err)
	}

	if info, err := file.Stat(); err != nil || info.IsDir() {
		return nil, errors.Join(s.openError(table, cmp.Or(err, fs.ErrNotExist)), file.Close())
	}

	rows, err := readCSV(s.name, table, file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}

	return rows, nil
}

func (s *Source) openError(table string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return &source.Error{
			Code: source.CodeTableNotFound, Source: s.name, Table: table,
			Message: "there is no such file", Hint: "the source's folder is " + filepath.Base(s.root.Name()), Err: err,
		}
	}

	return &source.Error{
		Code: source.CodeUnavailable, Source: s.name, Table: table,
		Message: "the file can't be opened: " + cause(err),
		Curable: !errors.Is(err, fs.ErrPermission) && !strings.Contains(err.Error(), "escapes"),
		Err:     err,
	}
}

// cause is what err says without the path, which is the machine's and not the caller's business.
func cause(err error) string {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err.Error()
	}

	return err.Error()
}
