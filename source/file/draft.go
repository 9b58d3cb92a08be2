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

// leftover is the age at which a draft is taken for what a crash left: as long as somebody writes to it, it is younger.
const leftover = 24 * time.Hour

// draft is a file that is being written, beside the one whose place it takes.
type draft struct {
	store *store
	file  *os.File
	name  string
	place func(draft string) error // Puts the file of that name at its place.
}

var _ files.Draft = (*draft)(nil)

// draft begins a file beside the one of that name, in a folder that is made where it is missing, and with its permissions.
func (s *store) draft(name string, place func(draft string) error) (files.Draft, error) {
	folder := path.Dir(name)

	// Whether others may read what is written here is up to the umask, as it is for every program that makes files for
	// others.
	if err := s.root.MkdirAll(filepath.FromSlash(folder), 0o777); err != nil {
		return nil, s.failed(written, err)
	}

	s.sweep(folder)

	begun := &draft{store: s, name: filepath.FromSlash(path.Join(folder, files.ReservedPrefix+rand.Text())), place: place}

	var err error
	if begun.file, err = s.root.OpenFile(begun.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666); err != nil {
		return nil, s.failed(written, err)
	}

	info, err := s.root.Stat(filepath.FromSlash(name))
	if err == nil && info.Mode().IsRegular() {
		if err := begun.file.Chmod(info.Mode().Perm()); err != nil {
			_ = begun.Abort() // The error tells enough.

			return nil, s.failed(written, err)
		}
	}

	return begun, nil
}

func (d *draft) Write(chunk []byte) (int, error) {
	length, err := d.file.Write(chunk)

	return length, d.store.failed(written, err)
}

// Commit makes the content survive a loss of power before the name stands for it, so that the name never stands for less.
func (d *draft) Commit() error {
	err := d.file.Sync()
	if err == nil {
		err = d.file.Close()
	}

	if err == nil {
		err = d.place(d.name)
	}

	if err != nil {
		_ = d.Abort() // The error tells enough.

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

// sweep removes what crashes left in a folder. What it can't remove is nobody's trouble but the next one's who sweeps.
func (s *store) sweep(folder string) {
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
		if info, err := s.root.Lstat(draft); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > leftover {
			_ = s.root.Remove(draft)
		}
	}
}
