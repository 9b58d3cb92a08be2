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

// sweepBatch is the number of names that a sweep lists at a time.
const sweepBatch = 500

// folderSweep is a running sweep.
type folderSweep struct {
	folder  *folder
	isOld   func(key string, changed time.Time) bool
	removed int
	first   error // The first error of a removal.
}

func (f *folder) sweep(ctx context.Context, below string, isOld func(key string, changed time.Time) bool) (int, error) {
	if !f.exists() {
		return 0, f.explain(fs.ErrNotExist)
	}

	sweep := &folderSweep{folder: f, isOld: isOld}
	name := path.Join(".", below)

	empty, err := sweep.visit(ctx, name)
	if empty && err == nil && name != "." {
		_ = os.Remove(f.path(name)) // It fails if a writer has created a file meanwhile.
	}

	return sweep.removed, errors.Join(err, sweep.first)
}

// visit sweeps a folder and the folders in it, and reports whether it is empty afterwards.
func (s *folderSweep) visit(ctx context.Context, name string) (empty bool, err error) {
	entries, err := os.Open(s.folder.path(name))
	if errors.Is(err, fs.ErrNotExist) && name != "." {
		return false, nil // A concurrent sweep has removed it.
	}

	if err != nil {
		return false, s.folder.explain(err)
	}

	defer func() { err = errors.Join(err, entries.Close()) }()

	empty = true

	for {
		batch, err := entries.ReadDir(sweepBatch)
		if errors.Is(err, io.EOF) {
			return empty, nil
		}

		if errors.Is(err, fs.ErrNotExist) {
			return false, nil // A concurrent sweep has removed it.
		}

		if err != nil {
			return false, pathless(err)
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

// entry sweeps an entry of a folder, and reports whether the entry is gone.
func (s *folderSweep) entry(ctx context.Context, name string, entry fs.DirEntry) (gone bool, err error) {
	if entry.IsDir() {
		if !mayContainBlobs(name) {
			return false, nil
		}

		empty, err := s.visit(ctx, name)

		// os.Remove does not remove a folder with files, so a writer that has created its temporary file is safe.
		return err == nil && empty && os.Remove(s.folder.path(name)) == nil, err
	}

	info, err := entry.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}

	if err != nil {
		s.setError(err)

		return false, nil
	}

	if !info.Mode().IsRegular() || !s.isOld(name, info.ModTime()) {
		return false, nil
	}

	err = os.Remove(s.folder.path(name))

	switch {
	case err == nil:
		s.removed++
	case !errors.Is(err, fs.ErrNotExist):
		s.setError(err)

		return false, nil
	}

	return true, nil
}

func (s *folderSweep) setError(err error) {
	if s.first == nil {
		s.first = pathless(err)
	}
}
