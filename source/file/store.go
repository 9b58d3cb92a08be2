package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/files"
	"github.com/jobwright/jobwright/source/format"
)

// store is a folder. The root ensures that no name and no link leads outside of it.
type store struct {
	root *os.Root
}

var _ files.Store = (*store)(nil)

// String returns the last part of the folder's path. Callers must not see the rest.
func (s *store) String() string { return fmt.Sprintf("the folder %q", filepath.Base(s.root.Name())) }

// Close closes the folder.
func (s *store) Close() error { return s.root.Close() }

// List lists the files below the folder of prefix. Links to files are listed; links to folders are not followed.
func (s *store) List(ctx context.Context, prefix string, deep bool) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		folder, start := path.Split(prefix)
		s.walk(ctx, folder, start, deep, yield)
	}
}

// walk yields the files of a folder whose names begin with start, and reports whether to continue.
func (s *store) walk(ctx context.Context, folder, start string, deep bool, yield func(string, error) bool) bool {
	if err := ctx.Err(); err != nil {
		return yield("", err)
	}

	entries, err := fs.ReadDir(s.root.FS(), path.Clean(folder))
	if isMissing(err) {
		return true
	}

	if err != nil {
		return yield("", s.failed(listed, err))
	}

	// Sort by complete names: the files in a folder come between the files next to the folder.
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(sortName(a), sortName(b)) })

	for _, entry := range entries {
		name := folder + entry.Name()

		switch {
		case !strings.HasPrefix(entry.Name(), start):
		case entry.IsDir():
			if deep && !s.walk(ctx, name+"/", "", true, yield) {
				return false
			}
		case s.isFile(name, entry):
			if !yield(name, nil) {
				return false
			}
		}
	}

	return true
}

func sortName(entry fs.DirEntry) string {
	if entry.IsDir() {
		return entry.Name() + "/"
	}

	return entry.Name()
}

// isFile reports whether an entry is a regular file or a link to one.
func (s *store) isFile(name string, entry fs.DirEntry) bool {
	if entry.Type()&fs.ModeSymlink == 0 {
		return entry.Type().IsRegular()
	}

	info, err := s.root.Stat(filepath.FromSlash(name))

	return err == nil && info.Mode().IsRegular()
}

// Open opens a file for reading.
func (s *store) Open(_ context.Context, name string) (format.File, error) {
	// Without O_NONBLOCK, opening a pipe would wait for a writer.
	file, err := s.root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, s.failed(opened, err)
	}

	info, err := file.Stat()

	switch {
	case err != nil:
		err = s.failed(opened, err)
	case info.IsDir():
		err = &source.Error{
			Code: source.CodeTableNotFound, Message: "this is a folder, not a file",
			Hint: "to read the files in it, use a pattern such as " + name + "/*.csv",
		}
	case !info.Mode().IsRegular():
		err = &source.Error{
			Code: source.CodeUnavailable, Message: "this is not a regular file",
			Hint: "use a file, not a pipe or a device",
		}
	default:
		return &content{file: file, info: info, store: s}, nil
	}

	_ = file.Close() // It was not used.

	return nil, err
}

// Create starts a draft that replaces the named file.
func (s *store) Create(_ context.Context, name string) (files.Draft, error) {
	return s.draft(name, func(draft string) error { return s.root.Rename(draft, filepath.FromSlash(name)) })
}

// Supersede starts a draft that replaces the named file if it is old, or creates it if old is nil and it does not exist.
func (s *store) Supersede(_ context.Context, name string, old format.File) (files.Draft, error) {
	expected, isContent := old.(*content)

	return s.draft(name, func(draft string) error {
		to := filepath.FromSlash(name)

		if !isContent {
			return s.link(draft, to)
		}

		actual, err := s.root.Stat(to)
		if isMissing(err) {
			return errChanged
		}

		if err != nil {
			return err
		}

		if !os.SameFile(expected.info, actual) || versionOf(actual) != versionOf(expected.info) {
			return errChanged
		}

		return s.root.Rename(draft, to)
	})
}

// link puts a draft in place if no file exists there: unlike a rename, a link never replaces a file.
func (s *store) link(draft, to string) error {
	err := s.root.Link(draft, to)
	if err == nil {
		return s.root.Remove(draft)
	}

	info, statErr := s.root.Stat(to)

	switch {
	case isMissing(statErr):
		return s.root.Rename(draft, to) // The file system has no links, or an existing link points to a missing file.
	case statErr == nil && info.IsDir():
		return syscall.EISDIR
	}

	return errors.Join(errChanged, err)
}

// sync writes the entries of a folder and of its parents to disk, so that they survive a loss of power.
func (s *store) sync(folder string) error {
	for ; ; folder = path.Dir(folder) {
		entries, err := s.root.Open(filepath.FromSlash(folder))
		if err != nil {
			return err
		}

		err = entries.Sync()
		_ = entries.Close() // The result of Sync is decisive.

		if err != nil || folder == "." {
			return err
		}
	}
}
