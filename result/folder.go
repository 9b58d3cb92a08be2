package result

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// temporarySuffix ends the name of a file that is being written, or whose writer was killed.
const temporarySuffix = ".tmp"

// The modes of new folders and files. Only the user and the group of the process can read results, also with a weaker umask.
const (
	folderMode = 0o750
	fileMode   = 0o640
)

// folder is a bucket whose blobs are files. It opens them by path each time, so that it continues to work after its file
// system was unmounted and mounted again.
type folder struct{ root string }

// openFolder opens a folder, which it creates if necessary.
func openFolder(root string) (*folder, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, pathless(err)
	}

	var parents []string // Of missing folders.

	for missing := root; missing != filepath.Dir(missing); missing = filepath.Dir(missing) {
		if _, err := os.Stat(missing); err == nil {
			break
		}

		parents = append(parents, filepath.Dir(missing))
	}

	if err := os.MkdirAll(root, folderMode); err != nil {
		return nil, pathless(err)
	}

	for _, parent := range parents {
		if err := syncFolder(parent); err != nil {
			return nil, pathless(err)
		}
	}

	return &folder{root}, nil
}

// syncFolder makes the names in a folder durable.
func syncFolder(name string) error {
	opened, err := os.Open(name) //nolint:gosec // The folder is in the store, or contains it.
	if err != nil {
		return err
	}

	return errors.Join(opened.Sync(), opened.Close())
}

func (f *folder) Close() error { return nil }

// path returns the path of the file for a key.
func (f *folder) path(key string) string { return filepath.Join(f.root, filepath.FromSlash(key)) }

// ancestors returns the folders of a key, from the outermost below the root to the innermost.
func ancestors(key string) []string {
	var folders []string

	for at := range len(key) {
		if key[at] == '/' {
			folders = append(folders, key[:at])
		}
	}

	return folders
}

// create creates the temporary file in the folder of the final one, because a rename between file systems is not atomic.
func (f *folder) create(_ context.Context, key, _ string) (blobWriter, error) {
	if !fs.ValidPath(key) || key == "." {
		return nil, fmt.Errorf("%w: %q is not a valid key", ErrInvalid, key)
	}

	temporary := key + "." + strings.ToLower(rand.Text()) + temporarySuffix

	// A concurrent sweep may remove an empty folder before the file is created in it. It happens rarely more than once.
	const attempts = 1_000

	var err error

	for range attempts {
		var file *os.File
		if file, err = f.createFile(temporary); err == nil {
			return &fileWriter{folder: f, file: file, key: key, temporary: temporary}, nil
		}

		if !errors.Is(err, fs.ErrNotExist) || !f.exists() {
			break
		}
	}

	return nil, f.explain(err)
}

// createFile creates a file and its folders. It does not create the root, which may be an unmounted file system.
func (f *folder) createFile(name string) (*os.File, error) {
	for _, ancestor := range ancestors(name) {
		if err := os.Mkdir(f.path(ancestor), folderMode); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}

	// create has verified that the file is below the root.
	return os.OpenFile(f.path(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
}

// explain returns an error of the file system without paths of this machine.
func (f *folder) explain(err error) error {
	if errors.Is(err, fs.ErrNotExist) && !f.exists() {
		return errors.New("the folder of the result store does not exist")
	}

	return pathless(err)
}

// exists reports whether the root exists. Otherwise its file system is not mounted, and a file that is not found may exist.
func (f *folder) exists() bool {
	_, err := os.Stat(f.root)

	return err == nil
}

// fileWriter writes a file that has a temporary name until it is committed.
type fileWriter struct {
	folder         *folder
	file           *os.File
	key, temporary string
}

func (w *fileWriter) Write(text []byte) (int, error) {
	n, err := w.file.Write(text)

	return n, pathless(err)
}

// commit makes the content of the file durable before it renames the file, so that the final name never refers to an
// incomplete file. Then it makes the name durable, so that a power failure does not remove a result that a job refers to.
func (w *fileWriter) commit() error {
	if err := w.file.Sync(); err != nil {
		return errors.Join(pathless(err), w.abort())
	}

	err := w.file.Close()
	if err == nil {
		err = os.Rename(w.folder.path(w.temporary), w.folder.path(w.key))
	}

	if err != nil {
		return errors.Join(w.folder.explain(err), w.folder.unlink(w.temporary))
	}

	if err := w.folder.sync(w.key); err != nil {
		return errors.Join(err, w.folder.unlink(w.key))
	}

	return nil
}

func (w *fileWriter) abort() error {
	return errors.Join(pathless(w.file.Close()), w.folder.unlink(w.temporary))
}

// sync makes the names of the file for a key and of its folders durable. Each of the folders may be new, created by this writer
// or by another one that has not synced it yet.
func (f *folder) sync(key string) error {
	for name := key; name != "."; {
		name = path.Dir(name)

		if err := syncFolder(f.path(name)); err != nil {
			return f.explain(err)
		}
	}

	return nil
}

// fileReader reads a range of a file until its context ends.
type fileReader struct {
	io.Reader

	ctx  context.Context //nolint:containedctx // A reader is bound to one call, and Read has no parameter for it.
	file *os.File
	size int64
}

func (f *folder) open(ctx context.Context, key string, offset, length int64) (blobReader, error) {
	file, err := os.Open(f.path(key))
	if errors.Is(err, fs.ErrNotExist) && f.exists() {
		return nil, ErrNotFound
	}

	if err != nil {
		return nil, f.explain(err)
	}

	info, err := file.Stat()
	if err == nil {
		_, err = file.Seek(offset, io.SeekStart)
	}

	if err != nil {
		return nil, errors.Join(pathless(err), pathless(file.Close()))
	}

	reader := &fileReader{Reader: file, ctx: ctx, file: file, size: info.Size()}
	if length >= 0 {
		reader.Reader = io.LimitReader(file, length)
	}

	return reader, nil
}

func (r *fileReader) Read(into []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}

	n, err := r.Reader.Read(into)
	if err != nil && !errors.Is(err, io.EOF) {
		err = pathless(err)
	}

	return n, err //nolint:wrapcheck // io.EOF must not be wrapped.
}

func (r *fileReader) Close() error { return pathless(r.file.Close()) }

func (r *fileReader) Size() int64 { return r.size }

func (f *folder) has(_ context.Context, key string) (bool, error) {
	info, err := os.Stat(f.path(key))
	if errors.Is(err, fs.ErrNotExist) && f.exists() {
		return false, nil
	}

	if err != nil {
		return false, f.explain(err)
	}

	return info.Mode().IsRegular(), nil
}

func (f *folder) remove(_ context.Context, key string) error { return f.unlink(key) }

func (f *folder) unlink(key string) error {
	if err := os.Remove(f.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return pathless(err)
	}

	return nil
}
