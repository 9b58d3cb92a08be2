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

// Delete removes a file, or the link that is called so.
func (s *store) Delete(_ context.Context, name string) error {
	native := filepath.FromSlash(name)

	info, err := s.root.Lstat(native)
	if err == nil && info.IsDir() {
		return &source.Error{
			Code: source.CodeOperationUnsupported, Message: "this is a folder, and only files are removed",
			Hint: "for the files in it, give a pattern such as " + name + "/*.csv",
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

// Version is what tells that the file was not changed since it was opened, and that it is no other one.
func (s *store) Version(file format.File) string {
	if opened, isContent := file.(*content); isContent {
		return versionOf(opened.info)
	}

	return ""
}

func versionOf(info fs.FileInfo) string {
	return fmt.Sprintf("%d-%d-%s", info.ModTime().UnixNano(), info.Size(), inode(info))
}

// DeleteVersion looks at the file, or at what the link leads to, right before it removes it: no system removes a file on a
// condition.
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
