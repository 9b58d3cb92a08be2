package file

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/guard"
)

// The participles that complete "the file can't be …" in messages.
const (
	opened  = "opened"
	listed  = "listed"
	read    = "read"
	written = "written"
	removed = "removed"
)

// errChanged reports that the file from which a draft is derived has changed, so that the draft must not replace it.
var errChanged = errors.New("the file was changed meanwhile")

// failed explains an error of the operating system to the caller. It omits the path, which callers must not see. Unknown errors
// are retryable.
func (s *store) failed(done string, err error) error {
	if err == nil {
		return nil
	}

	problem := &source.Error{
		Code: source.CodeUnavailable, Message: fmt.Sprintf("the file can't be %s: %s", done, guard.WithoutPath(err)), Err: err,
	}

	switch {
	case errors.Is(err, errChanged):
		problem.Retryable = true
		problem.Message = "another process changed the file during the write, so the write was discarded"
		problem.Hint = "run only one step at a time that appends to a file"
	case done == opened && isMissing(err):
		problem.Code, problem.Message = source.CodeTableNotFound, "there is no such file"
		problem.Hint = fmt.Sprintf("the source is %s", s)
	case isAny(err, syscall.ENOSPC, syscall.EDQUOT):
		problem.Retryable, problem.Hint = true, fmt.Sprintf("free some space on the disk of %s", s)
	case isAny(err, fs.ErrPermission, syscall.EROFS):
		problem.Hint = fmt.Sprintf("give the worker's account the necessary permissions in %s", s)
	case isAny(err, syscall.ENOTDIR, syscall.EISDIR, syscall.ENOTEMPTY, fs.ErrExist):
		problem.Message = fmt.Sprintf(
			"the file can't be %s: its name is that of a folder, or its folder's name is that of a file", done)
		problem.Hint = "choose another name"
	case isAny(err, syscall.ENXIO, syscall.ENODEV, syscall.ELOOP, syscall.EINVAL, syscall.ENAMETOOLONG), escapes(err):
		problem.Hint = fmt.Sprintf("use the path of a file in %s", s)
	default:
		problem.Retryable = true
	}

	return problem
}

func isAny(err error, others ...error) bool {
	return slices.ContainsFunc(others, func(other error) bool { return errors.Is(err, other) })
}

// isMissing reports whether a file or its folder does not exist.
func isMissing(err error) bool { return isAny(err, fs.ErrNotExist, syscall.ENOTDIR) }

// escapes reports whether a name leads out of the folder. [os.Root] has no error value for this, only a text.
func escapes(err error) bool { return err != nil && strings.Contains(err.Error(), "escapes") }
