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

// ErrNotFound is the error for a blob that the store does not have or no longer has.
var ErrNotFound = errors.New("the result is not in the result store")

// ErrFull is the error for a store without free space. It is temporary: the same call succeeds after space was freed.
var ErrFull = errors.New("the result store is full until space is freed")

// bucket is the storage of a store's blobs. Its errors contain no path of this machine. The error for a missing blob is
// [ErrNotFound], and the error for a lack of space is [ErrFull].
type bucket interface {
	io.Closer

	// create begins a blob, which is invisible until it is committed.
	create(ctx context.Context, key, contentType string) (blobWriter, error)

	// open reads length bytes of a blob from an offset, or all the rest if length is negative.
	open(ctx context.Context, key string, offset, length int64) (blobReader, error)

	has(ctx context.Context, key string) (bool, error)

	// remove removes a blob. A missing blob is no error.
	remove(ctx context.Context, key string) error

	// sweep calls isOld with the key and the last modification time of every blob whose key begins with below and a slash, or
	// of all blobs if below is empty, and of what killed writers left, and removes those for which isOld returns true. If a
	// removal fails, sweep continues, and finally returns the first error.
	sweep(ctx context.Context, below string, isOld func(key string, changed time.Time) bool) (removed int, err error)
}

// blobWriter writes a blob to a bucket. Either commit or abort ends it.
type blobWriter interface {
	io.Writer

	// commit makes the blob visible and durable.
	commit() error

	// abort discards what was written.
	abort() error
}

// blobReader reads a blob.
type blobReader interface {
	io.ReadCloser

	// Size returns the size of the whole blob in bytes.
	Size() int64
}

// pathless returns an error of the file system without the paths of this machine, as [ErrFull] if it reports a lack of space:
// of the disk, a quota, or the limit of a file's size.
func pathless(err error) error {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathError.Err
	}

	if linkError, ok := errors.AsType[*os.LinkError](err); ok {
		err = linkError.Err
	}

	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}

	return err
}

// blobBuffer is the size of the pieces that are written to a bucket.
const blobBuffer = 256 << 10

// BlobWriter writes a blob beside the result sets in large pieces. It creates the blob with the first piece, so that a writer
// that is aborted early leaves no trace. The blob is invisible until it is committed.
type BlobWriter struct {
	ctx         context.Context //nolint:containedctx // Writing takes many calls, and a blob is bound to one context.
	bucket      bucket
	key         string
	contentType string
	blob        blobWriter // nil until the buffer is flushed for the first time.
	buffer      []byte
	flushed     int64 // Number of bytes written to the blob.
}

// CreateBlob begins a blob. The caller ends it with [BlobWriter.Commit] or [BlobWriter.Abort].
func (s *Store) CreateBlob(ctx context.Context, key, contentType string) *BlobWriter {
	return &BlobWriter{ctx: ctx, bucket: s.bucket, key: key, contentType: contentType}
}

// Append appends text to the blob. The error is [ErrFull] if the store has no space for it.
func (w *BlobWriter) Append(text []byte) error {
	w.buffer = append(w.buffer, text...)

	return w.flushLarge()
}

// size returns the number of bytes appended so far.
func (w *BlobWriter) size() int64 { return w.flushed + int64(len(w.buffer)) }

// flush writes the buffer to the blob.
func (w *BlobWriter) flush() error {
	if w.blob == nil {
		blob, err := w.bucket.create(w.ctx, w.key, w.contentType)
		if err != nil {
			return err
		}

		w.blob = blob
	}

	_, err := w.blob.Write(w.buffer)
	w.flushed += int64(len(w.buffer))
	w.buffer = w.buffer[:0]

	return err
}

// flushLarge writes the buffer to the blob if the buffer is large enough.
func (w *BlobWriter) flushLarge() error {
	if len(w.buffer) < blobBuffer {
		return nil
	}

	return w.flush()
}

// Commit makes the blob visible and durable.
func (w *BlobWriter) Commit() error {
	if err := w.flush(); err != nil {
		return errors.Join(err, w.Abort())
	}

	blob := w.blob
	w.blob = nil

	return blob.commit()
}

// Abort discards what was written.
func (w *BlobWriter) Abort() error {
	blob := w.blob
	w.blob, w.buffer = nil, nil

	if blob == nil {
		return nil
	}

	return blob.abort()
}

// ReadBlob reads up to length bytes of a blob from an offset, or all the rest if length is negative, and returns the size of
// the whole blob. The error is [ErrNotFound] if the store does not have the blob.
func (s *Store) ReadBlob(ctx context.Context, key string, offset, length int64) (text []byte, size int64, err error) {
	reader, err := s.bucket.open(ctx, key, offset, length)
	if err != nil {
		return nil, 0, err
	}

	defer func() { err = errors.Join(err, reader.Close()) }()

	text, err = io.ReadAll(reader)

	return text, reader.Size(), err
}

// RemoveBlob removes a blob. A missing blob is no error.
func (s *Store) RemoveBlob(ctx context.Context, key string) error { return s.bucket.remove(ctx, key) }
