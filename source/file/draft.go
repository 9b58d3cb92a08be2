package file

import (
	"crypto/rand"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/jobwright/jobwright/source/files"
)

// maxDraftAge is the time since the last write after which a draft is considered to be left behind by a crash.
const maxDraftAge = 24 * time.Hour

// draft is a file that is being written, in the folder of the file that it replaces.
type draft struct {
	store *store
	file  *os.File
	name  string
	place func(draft string) error // Puts the draft in place.
}

var _ files.Draft = (*draft)(nil)

// draft starts writing a file in the folder of the named one, with the permissions of the named one if it exists. It creates
// missing folders.
func (s *store) draft(name string, place func(draft string) error) (files.Draft, error) {
	folder := path.Dir(name)

	// Only the worker's user and group can read new files, also with a weaker umask.
	if err := s.root.MkdirAll(filepath.FromSlash(folder), 0o750); err != nil {
		return nil, s.failed(written, err)
	}

	s.removeOldDrafts(folder)

	started := &draft{store: s, name: filepath.FromSlash(path.Join(folder, files.ReservedPrefix+rand.Text())), place: place}

	var err error
	if started.file, err = s.root.OpenFile(started.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640); err != nil {
		return nil, s.failed(written, err)
	}

	info, err := s.root.Stat(filepath.FromSlash(name))
	if err == nil && info.Mode().IsRegular() {
		if err := started.file.Chmod(info.Mode().Perm()); err != nil {
			_ = started.Abort() // The first error is the cause.

			return nil, s.failed(written, err)
		}
	}

	return started, nil
}

func (d *draft) Write(chunk []byte) (int, error) {
	length, err := d.file.Write(chunk)

	return length, d.store.failed(written, err)
}

// Commit syncs the content to disk before it puts the file in place, so that the name never refers to incomplete content, even
// after a loss of power.
func (d *draft) Commit() error {
	err := d.file.Sync()
	if err == nil {
		err = d.file.Close()
	}

	if err == nil {
		err = d.place(d.name)
	}

	if err != nil {
		_ = d.Abort() // The first error is the cause.

		return d.store.failed(written, err)
	}

	d.file = nil

	return d.store.failed(written, d.store.sync(path.Dir(filepath.ToSlash(d.name))))
}

// Abort removes the file.
func (d *draft) Abort() error {
	if d.file == nil {
		return nil
	}

	_ = d.file.Close() // It may be closed already.
	d.file = nil

	if err := d.store.root.Remove(d.name); !isMissing(err) {
		return d.store.failed(removed, err)
	}

	return nil
}

// removeOldDrafts removes the drafts that crashes left in a folder. It ignores errors: the next write tries again.
func (s *store) removeOldDrafts(folder string) {
	entries, err := s.root.Open(filepath.FromSlash(folder))
	if err != nil {
		return
	}
	defer entries.Close() //nolint:errcheck // Only read.

	names, _ := entries.Readdirnames(-1)

	for _, name := range names {
		if !strings.HasPrefix(name, files.ReservedPrefix) {
			continue
		}

		draft := filepath.Join(filepath.FromSlash(folder), name)
		if info, err := s.root.Lstat(draft); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > maxDraftAge {
			_ = s.root.Remove(draft)
		}
	}
}
