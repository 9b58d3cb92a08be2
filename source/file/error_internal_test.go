package file

import (
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// Most of these errors can't be provoked on a working disk, so the test passes them to the function.
func TestFailedExplainsErrorsOfTheSystem(t *testing.T) {
	t.Parallel()

	root, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, root.Close()) })

	folder := &store{root: root}

	for _, test := range []struct {
		done      string
		err       error
		code      source.Code
		retryable bool
		message   string
		hint      string
	}{
		{opened, syscall.ENOENT, source.CodeTableNotFound, false, "there is no such file", "the source is the folder"},
		{opened, syscall.ENOTDIR, source.CodeTableNotFound, false, "there is no such file", "the source is the folder"},
		{opened, syscall.EACCES, source.CodeUnavailable, false, "the file can't be opened: permission denied", "necessary permissions"},
		{opened, syscall.EMFILE, source.CodeUnavailable, true, "the file can't be opened: too many open files", ""},
		{opened, syscall.ELOOP, source.CodeUnavailable, false, "too many levels of symbolic links", "use the path of a file"},
		{opened, syscall.ENAMETOOLONG, source.CodeUnavailable, false, "file name too long", "use the path of a file"},
		{read, syscall.EIO, source.CodeUnavailable, true, "the file can't be read: input/output error", ""},
		{read, syscall.ESTALE, source.CodeUnavailable, true, "the file can't be read: stale", ""},
		{written, syscall.ENOSPC, source.CodeUnavailable, true, "no space left on device", "free some space"},
		{written, syscall.EDQUOT, source.CodeUnavailable, true, "disk quota exceeded", "free some space"},
		{written, syscall.EROFS, source.CodeUnavailable, false, "read-only file system", "necessary permissions"},
		{written, syscall.EPERM, source.CodeUnavailable, false, "operation not permitted", "necessary permissions"},
		{written, syscall.EISDIR, source.CodeUnavailable, false, "its name is that of a folder", "choose another name"},
		{written, syscall.ENOENT, source.CodeUnavailable, true, "the file can't be written: no such file or directory", ""},
		{written, errChanged, source.CodeUnavailable, true, "another process changed the file", "only one step at a time"},
		{listed, syscall.EACCES, source.CodeUnavailable, false, "the file can't be listed: permission denied", "necessary permissions"},
	} {
		for _, err := range []error{
			test.err,
			&fs.PathError{Op: "open", Path: "/secret/place", Err: test.err},
			&os.LinkError{Op: "rename", Old: "/secret/place", New: "/secret/other", Err: test.err},
		} {
			var problem *source.Error
			require.ErrorAs(t, folder.failed(test.done, err), &problem)
			require.Equal(t, test.code, problem.Code, "%v", err)
			require.Equal(t, test.retryable, problem.Retryable, "%v", err)
			require.Contains(t, problem.Message, test.message)
			require.Contains(t, problem.Hint, test.hint)
			require.NotContains(t, problem.Error(), "/secret")
			require.ErrorIs(t, problem, test.err)
		}
	}
}
