package result

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// ErrNotFound is the error for a result that the store does not hold, or holds no more.
var ErrNotFound = errors.New("the result is not in the result store")

// ErrFull is the error for a store that has no space left. The same call succeeds once there is space again.
var ErrFull = errors.New("the result store is full, and takes results again as soon as somebody makes space there")

// bucket is where a store keeps its blobs. Its errors hold no path of this machine; a blob that it does not have is
// [ErrNotFound], and a lack of space is [ErrFull].
type bucket interface {
	io.Closer

	// create begins a blob, which nobody sees before it is committed.
	create(ctx context.Context, key, contentType string) (blobWriter, error)

	// open reads a blob from an offset on, length bytes of it, or all the rest where length is negative.
	open(ctx context.Context, key string, offset, length int64) (blobReader, error)

	has(ctx context.Context, key string) (bool, error)

	// remove removes a blob. That there is none is no error.
	remove(ctx context.Context, key string) error

	// sweep shows every blob, and what writers that died left behind, to old, with the moment of its last change, and
	// removes what that says is old. It goes on when one can't be removed, and tells of the first such error.
	sweep(ctx context.Context, old func(key string, changed time.Time) bool) (removed int, err error)
}

// blobWriter writes a blob. One of commit and abort ends it.
type blobWriter interface {
	io.Writer

	// commit makes the blob visible, and lasting.
	commit() error

	// abort throws away what was written.
	abort() error
}

// blobReader reads a blob.
type blobReader interface {
	io.ReadCloser

	// Size is how many bytes the whole blob has.
	Size() int64
}

// plain is an error of the file system without the path of this machine that it names.
func plain(err error) error {
	if ofPath, ok := errors.AsType[*fs.PathError](err); ok {
		err = ofPath.Err
	}

	if ofLink, ok := errors.AsType[*os.LinkError](err); ok {
		err = ofLink.Err
	}

	if isFull(err) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}

	return err
}

// isFull reports whether an error tells of a lack of space: of the disk, of a quota, or of the largest file that is
// allowed.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
