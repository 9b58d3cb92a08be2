package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/jobwright/jobwright/source"
)

// What can't be done with a file, as a message says it.
const (
	opened  = "opened"
	listed  = "listed"
	read    = "read"
	written = "written"
	removed = "removed"
)

// errChanged is the reason why a file does not take the place of another one than that on which it rests.
var errChanged = errors.New("the file was changed meanwhile")

// failed says what an error of the operating system means, without the path, which is the machine's and not the caller's
// business. What is not known here may go better the next time.
func (s *store) failed(done string, err error) error {
	if err == nil {
		return nil
	}

	problem := &source.Error{
		Code: source.CodeUnavailable, Message: fmt.Sprintf("the file can't be %s: %s", done, cause(err)), Err: err,
	}

	switch {
	case errors.Is(err, errChanged):
		problem.Retryable = true
		problem.Message = "somebody else changed the file while it was written anew, so that it stays as it is"
		problem.Hint = "let only one step at a time add to a file"
	case done == opened && isMissing(err):
		problem.Code, problem.Message = source.CodeTableNotFound, "there is no such file"
		problem.Hint = fmt.Sprintf("the source is %s", s)
	case isAny(err, syscall.ENOSPC, syscall.EDQUOT):
		problem.Retryable, problem.Hint = true, fmt.Sprintf("free some space on the disk of %s", s)
	case isAny(err, fs.ErrPermission, syscall.EROFS):
		problem.Hint = fmt.Sprintf("give the account of the worker the rights that it needs in %s", s)
	case isAny(err, syscall.ENOTDIR, syscall.EISDIR, syscall.ENOTEMPTY, fs.ErrExist):
		problem.Message = fmt.Sprintf("the file can't be %s: there is a folder of its name, or a file of its folder's name", done)
		problem.Hint = "choose another name"
	case isAny(err, syscall.ENXIO, syscall.ENODEV, syscall.ELOOP, syscall.EINVAL, syscall.ENAMETOOLONG), escapes(err):
		problem.Hint = fmt.Sprintf("give the path of a file in %s", s)
	default:
		problem.Retryable = true
	}

	return problem
}

func isAny(err error, others ...error) bool {
	return slices.ContainsFunc(others, func(other error) bool { return errors.Is(err, other) })
}

// isMissing tells whether there is no file of a name, or no folder in which it could be.
func isMissing(err error) bool { return isAny(err, fs.ErrNotExist, syscall.ENOTDIR) }

// escapes tells whether a name leads out of the folder. The error that [os.Root] has for it is known by its words only.
func escapes(err error) bool { return err != nil && strings.Contains(err.Error(), "escapes") }

// cause is what err says without the path.
func cause(err error) string {
	if pathError, isPath := errors.AsType[*fs.PathError](err); isPath {
		return pathError.Err.Error()
	}

	if linkError, isLink := errors.AsType[*os.LinkError](err); isLink {
		return linkError.Err.Error()
	}

	return err.Error()
}
