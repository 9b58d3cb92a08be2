package file

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// Delete removes a file or a link.
func (s *store) Delete(_ context.Context, name string) error {
	native := filepath.FromSlash(name)

	info, err := s.root.Lstat(native)
	if err == nil && info.IsDir() {
		return &source.Error{
			Code: source.CodeOperationUnsupported, Message: "this is a folder, and only files can be removed",
			Hint: "to remove the files in it, use a pattern such as " + name + "/*.csv",
		}
	}

	if err == nil {
		err = s.root.Remove(native)
	}

	if isMissing(err) {
		return nil
	}

	if err == nil {
		err = s.sync(path.Dir(name))
	}

	return s.failed(removed, err)
}

// Version returns the modification time, the size and the inode of the file when it was opened, which change if the file is
// changed or replaced.
func (s *store) Version(file format.File) string {
	if opened, isContent := file.(*content); isContent {
		return versionOf(opened.info)
	}

	return ""
}

func versionOf(info fs.FileInfo) string {
	return fmt.Sprintf("%d-%d-%s", info.ModTime().UnixNano(), info.Size(), inode(info))
}

// DeleteVersion compares the version of the file, or of the target of a link, right before it removes the file. The two are
// not atomic: no operating system removes a file conditionally.
func (s *store) DeleteVersion(ctx context.Context, name, version string) (isOther bool, err error) {
	info, err := s.root.Stat(filepath.FromSlash(name))

	switch {
	case isMissing(err):
		return false, nil
	case err != nil:
		return false, s.failed(removed, err)
	case versionOf(info) != version:
		return true, nil
	}

	return false, s.Delete(ctx, name)
}
