package format

import (
	"context"
	"errors"
	"io"
	"os"
)

// Random returns the content of a file for random access, and its size. A file that is an [io.ReaderAt] and a [Sizer] is
// read in place. Others are copied to a temporary file, which is removed when cleanup is called or the process ends.
// Cleanup can be called repeatedly; it does not close the file itself. Errors of the file's Read are returned as they
// are.
func Random(ctx context.Context, file File) (content io.ReaderAt, size int64, cleanup func() error, err error) {
	if content, ok := file.(io.ReaderAt); ok {
		if sizer, ok := file.(Sizer); ok {
			return content, sizer.Size(), func() error { return nil }, nil
		}
	}

	temporary, err := createTemporary()
	if err != nil {
		return nil, 0, nil, notCopied(err)
	}

	if size, err = copyTo(ctx, temporary, file); err != nil {
		return nil, 0, nil, errors.Join(err, temporary.Close())
	}

	cleanup = func() error {
		if err := temporary.Close(); !errors.Is(err, os.ErrClosed) {
			return err
		}

		return nil
	}

	return temporary, size, cleanup, nil
}

// createTemporary returns a temporary file without a name, whose space is freed when it is closed or the process ends.
func createTemporary() (*os.File, error) {
	file, err := os.CreateTemp("", "jobwright-*")
	if err != nil {
		return nil, err
	}

	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}

	return file, nil
}

// copyTo copies a file until the context ends, and returns its size.
func copyTo(ctx context.Context, to io.Writer, from io.Reader) (size int64, err error) {
	chunk := make([]byte, 256<<10)

	for {
		if err := ctx.Err(); err != nil {
			return size, err
		}

		n, err := from.Read(chunk)
		size += int64(n)

		if _, full := to.Write(chunk[:n]); full != nil {
			return size, notCopied(full)
		}

		if err == io.EOF {
			return size, nil
		}

		if err != nil {
			return size, err
		}
	}
}
