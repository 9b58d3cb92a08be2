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

// store is a folder as a store of files. The root keeps every name in it, also where links lead.
type store struct {
	root *os.Root
}

var _ files.Store = (*store)(nil)

// String names the folder by its last part: the rest is the machine's business.
func (s *store) String() string { return fmt.Sprintf("the folder %q", filepath.Base(s.root.Name())) }

// Close closes the folder.
func (s *store) Close() error { return s.root.Close() }

// List goes through the folder that prefix ends in. Links to files are files, links to folders are not followed.
func (s *store) List(ctx context.Context, prefix string, deep bool) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		folder, start := path.Split(prefix)
		s.walk(ctx, folder, start, deep, yield)
	}
}

// walk yields the files of a folder whose names begin with start, and tells whether to go on.
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

	// A folder's files come where their whole names belong, between those of files beside the folder.
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

// isFile tells whether an entry is a file with content, or a link to one.
func (s *store) isFile(name string, entry fs.DirEntry) bool {
	if entry.Type()&fs.ModeSymlink == 0 {
		return entry.Type().IsRegular()
	}

	info, err := s.root.Stat(filepath.FromSlash(name))

	return err == nil && info.Mode().IsRegular()
}

// Open opens a file for reading.
func (s *store) Open(_ context.Context, name string) (format.File, error) {
	// Without O_NONBLOCK, opening a pipe would wait for somebody who writes to it.
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
			Code: source.CodeTableNotFound, Message: "there is a folder of this name, and no file",
			Hint: "for the files in it, give a pattern such as " + name + "/*.csv",
		}
	case !info.Mode().IsRegular():
		err = &source.Error{
			Code: source.CodeUnavailable, Message: "this is no regular file: it has no content of its own",
			Hint: "give a file, not a pipe or a device",
		}
	default:
		return &content{file: file, info: info, store: s}, nil
	}

	_ = file.Close() // Nothing was done with it.

	return nil, err
}

// Create begins a file beside the one of that name.
func (s *store) Create(_ context.Context, name string) (files.Draft, error) {
	return s.draft(name, func(draft string) error { return s.root.Rename(draft, filepath.FromSlash(name)) })
}

// Supersede begins a file beside old, or beside nothing.
func (s *store) Supersede(_ context.Context, name string, old format.File) (files.Draft, error) {
	was, isContent := old.(*content)

	return s.draft(name, func(draft string) error {
		to := filepath.FromSlash(name)

		if !isContent {
			return s.link(draft, to)
		}

		is, err := s.root.Stat(to)
		if isMissing(err) {
			return errChanged
		}

		if err != nil {
			return err
		}

		if !os.SameFile(was.info, is) || versionOf(is) != versionOf(was.info) {
			return errChanged
		}

		return s.root.Rename(draft, to)
	})
}

// link puts a draft where there must be no file: a link, other than a rename, takes no other's place.
func (s *store) link(draft, to string) error {
	err := s.root.Link(draft, to)
	if err == nil {
		return s.root.Remove(draft)
	}

	info, there := s.root.Stat(to)

	switch {
	case isMissing(there):
		return s.root.Rename(draft, to) // Some file systems have no links, and a link may lead to a file that is missing.
	case there == nil && info.IsDir():
		return syscall.EISDIR
	}

	return errors.Join(errChanged, err)
}

// sync makes a folder's entries survive a loss of power, and those of the folders that it lies in.
func (s *store) sync(folder string) error {
	for ; ; folder = path.Dir(folder) {
		entries, err := s.root.Open(filepath.FromSlash(folder))
		if err != nil {
			return err
		}

		err = entries.Sync()
		_ = entries.Close() // What counts is the Sync.

		if err != nil || folder == "." {
			return err
		}
	}
}
