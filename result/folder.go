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

// leftover is how the name of a file ends that is being written, or whose writer died.
const leftover = ".tmp"

// folder is a bucket whose blobs are files. It finds them by their path each time, and so goes on working when its file
// system was away for a while and is mounted again.
type folder struct{ root string }

// openFolder opens a folder, which is created when it is missing.
func openFolder(root string) (*folder, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, plain(err)
	}

	var parents []string // Of the folders that are missing.

	for missing := root; missing != filepath.Dir(missing); missing = filepath.Dir(missing) {
		if _, err := os.Stat(missing); err == nil {
			break
		}

		parents = append(parents, filepath.Dir(missing))
	}

	//nolint:gosec // Who else may read results is the operator's choice, by the umask, as for every other file.
	if err := os.MkdirAll(root, 0o777); err != nil {
		return nil, plain(err)
	}

	for _, parent := range parents {
		if err := syncFolder(parent); err != nil {
			return nil, plain(err)
		}
	}

	return &folder{root}, nil
}

// syncFolder brings the names of what is in a folder to the disk.
func syncFolder(name string) error {
	opened, err := os.Open(name) //nolint:gosec // It is a folder of the store, or one that it is in.
	if err != nil {
		return err
	}

	return errors.Join(opened.Sync(), opened.Close())
}

func (f *folder) Close() error { return nil }

// path returns where the file of a key is.
func (f *folder) path(key string) string { return filepath.Join(f.root, filepath.FromSlash(key)) }

// ancestors returns the folders that the file of a key is in, from the one below the root to the innermost.
func ancestors(key string) []string {
	var folders []string

	for at := range len(key) {
		if key[at] == '/' {
			folders = append(folders, key[:at])
		}
	}

	return folders
}

// create makes the new file beside its place, because a rename from another file system is not atomic.
func (f *folder) create(_ context.Context, key, _ string) (blobWriter, error) {
	if !fs.ValidPath(key) || key == "." {
		return nil, fmt.Errorf("%w: %q is no key", ErrInvalid, key)
	}

	temporary := key + "." + strings.ToLower(rand.Text()) + leftover

	// A sweep may remove a folder that is still empty before the file is in it. No sweep can do that often.
	const attempts = 1_000

	var err error

	for range attempts {
		var file *os.File
		if file, err = f.makeFile(temporary); err == nil {
			return &fileWriter{folder: f, file: file, key: key, temporary: temporary}, nil
		}

		if !errors.Is(err, fs.ErrNotExist) || !f.isThere() {
			break
		}
	}

	return nil, f.explained(err)
}

// makeFile makes a new file, and the folders that it is in. It does not make the root, which may be a file system that is
// not mounted at the moment.
func (f *folder) makeFile(name string) (*os.File, error) {
	for _, ancestor := range ancestors(name) {
		//nolint:gosec // For the mode, see openFolder.
		if err := os.Mkdir(f.path(ancestor), 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}

	//nolint:gosec // It is below the root, as create has checked; for the mode, see openFolder.
	return os.OpenFile(f.path(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
}

// explained is an error of the file system for those who know nothing of this machine.
func (f *folder) explained(err error) error {
	if errors.Is(err, fs.ErrNotExist) && !f.isThere() {
		return errors.New("the result store's folder is not there")
	}

	return plain(err)
}

// isThere reports whether the root is there, so that a file that is missing in it is really missing.
func (f *folder) isThere() bool {
	_, err := os.Stat(f.root)

	return err == nil
}

// fileWriter writes a file that has another name until it is committed.
type fileWriter struct {
	folder         *folder
	file           *os.File
	key, temporary string
}

func (w *fileWriter) Write(text []byte) (int, error) {
	n, err := w.file.Write(text)

	return n, plain(err)
}

// commit brings the file to the disk before it gets its name, so that the name never stands for half a file, and then the
// name, so that a power cut does not take it away from a job that was told of it.
func (w *fileWriter) commit() error {
	if err := w.file.Sync(); err != nil {
		return errors.Join(plain(err), w.abort())
	}

	err := w.file.Close()
	if err == nil {
		err = os.Rename(w.folder.path(w.temporary), w.folder.path(w.key))
	}

	if err != nil {
		return errors.Join(w.folder.explained(err), w.folder.unlink(w.temporary))
	}

	if err := w.folder.sync(w.key); err != nil {
		return errors.Join(err, w.folder.unlink(w.key))
	}

	return nil
}

func (w *fileWriter) abort() error {
	return errors.Join(plain(w.file.Close()), w.folder.unlink(w.temporary))
}

// sync brings the names of the file of a key and of the folders around it to the disk. Each of the folders may be new,
// made by this writer or by another one that has not synced it yet.
func (f *folder) sync(key string) error {
	for name := key; name != "."; {
		name = path.Dir(name)

		if err := syncFolder(f.path(name)); err != nil {
			return f.explained(err)
		}
	}

	return nil
}

// fileReader reads a range of a file as long as a context lasts.
type fileReader struct {
	io.Reader

	ctx  context.Context //nolint:containedctx // A reader is bound to one call, and Read has no parameter for it.
	file *os.File
	size int64
}

func (f *folder) open(ctx context.Context, key string, offset, length int64) (blobReader, error) {
	file, err := os.Open(f.path(key))
	if errors.Is(err, fs.ErrNotExist) && f.isThere() {
		return nil, ErrNotFound
	}

	if err != nil {
		return nil, f.explained(err)
	}

	info, err := file.Stat()
	if err == nil {
		_, err = file.Seek(offset, io.SeekStart)
	}

	if err != nil {
		return nil, errors.Join(plain(err), plain(file.Close()))
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
		err = plain(err)
	}

	return n, err //nolint:wrapcheck // io.EOF has to stay itself.
}

func (r *fileReader) Close() error { return plain(r.file.Close()) }

func (r *fileReader) Size() int64 { return r.size }

func (f *folder) has(_ context.Context, key string) (bool, error) {
	info, err := os.Stat(f.path(key))
	if errors.Is(err, fs.ErrNotExist) && f.isThere() {
		return false, nil
	}

	if err != nil {
		return false, f.explained(err)
	}

	return info.Mode().IsRegular(), nil
}

func (f *folder) remove(_ context.Context, key string) error { return f.unlink(key) }

func (f *folder) unlink(key string) error {
	if err := os.Remove(f.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return plain(err)
	}

	return nil
}
