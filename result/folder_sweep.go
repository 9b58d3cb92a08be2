package result

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"time"
)

// sweepBatch is how many names of a folder, or blobs of a cloud, a sweep holds at once.
const sweepBatch = 500

// folderSweep is a sweep that goes on.
type folderSweep struct {
	folder  *folder
	old     func(key string, changed time.Time) bool
	removed int
	first   error // The first error of something that could not be removed.
}

func (f *folder) sweep(ctx context.Context, old func(key string, changed time.Time) bool) (int, error) {
	sweep := &folderSweep{folder: f, old: old}
	_, err := sweep.visit(ctx, ".")

	return sweep.removed, errors.Join(err, sweep.first)
}

// visit sweeps one folder and those within, and reports whether it is empty now.
func (s *folderSweep) visit(ctx context.Context, name string) (empty bool, err error) {
	entries, err := os.Open(s.folder.path(name))
	if errors.Is(err, fs.ErrNotExist) && name != "." {
		return false, nil // Another sweep was faster.
	}

	if err != nil {
		return false, s.folder.explained(err)
	}

	defer func() { err = errors.Join(err, entries.Close()) }()

	empty = true

	for {
		batch, err := entries.ReadDir(sweepBatch)
		if errors.Is(err, io.EOF) {
			return empty, nil
		}

		if errors.Is(err, fs.ErrNotExist) {
			return false, nil // Another sweep has removed it meanwhile.
		}

		if err != nil {
			return false, plain(err)
		}

		for _, entry := range batch {
			if err := ctx.Err(); err != nil {
				return false, err
			}

			gone, err := s.entry(ctx, path.Join(name, entry.Name()), entry)
			if err != nil {
				return false, err
			}

			empty = empty && gone
		}
	}
}

// entry sweeps what is in a folder, and reports whether it is gone.
func (s *folderSweep) entry(ctx context.Context, name string, entry fs.DirEntry) (gone bool, err error) {
	if entry.IsDir() {
		if !mayHoldKeys(name) {
			return false, nil
		}

		empty, err := s.visit(ctx, name)

		// A folder is not removed as long as there is anything in it, and so not under the hands of a writer.
		return err == nil && empty && os.Remove(s.folder.path(name)) == nil, err
	}

	info, err := entry.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}

	if err != nil {
		s.note(err)

		return false, nil
	}

	if !info.Mode().IsRegular() || !s.old(name, info.ModTime()) {
		return false, nil
	}

	err = os.Remove(s.folder.path(name))

	switch {
	case err == nil:
		s.removed++
	case !errors.Is(err, fs.ErrNotExist):
		s.note(err)

		return false, nil
	}

	return true, nil
}

func (s *folderSweep) note(err error) {
	if s.first == nil {
		s.first = plain(err)
	}
}
