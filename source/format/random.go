package format

import (
	"context"
	"errors"
	"io"
	"os"
)

// Random returns the content of file for access at any place, and its size. A file that is an [io.ReaderAt] and a [Sizer] is
// read in place; another one is read to its end, into a temporary file without a name. Cleanup frees that one, and may be
// called again; the file itself stays open. An error of the file's Read is returned as it is.
func Random(ctx context.Context, file File) (content io.ReaderAt, size int64, cleanup func() error, err error) {
	if content, ok := file.(io.ReaderAt); ok {
		if sizer, ok := file.(Sizer); ok {
			return content, sizer.Size(), func() error { return nil }, nil
		}
	}

	aside, err := nameless()
	if err != nil {
		return nil, 0, nil, notAside(err)
	}

	if size, err = setAside(ctx, aside, file); err != nil {
		return nil, 0, nil, errors.Join(err, aside.Close())
	}

	cleanup = func() error {
		if err := aside.Close(); !errors.Is(err, os.ErrClosed) {
			return err
		}

		return nil
	}

	return aside, size, cleanup, nil
}

// nameless opens a temporary file whose room is free again when it is closed, or its process ends, however that happens.
func nameless() (*os.File, error) {
	file, err := os.CreateTemp("", "jobwright-*")
	if err != nil {
		return nil, err
	}

	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}

	return file, nil
}

// setAside copies a file, and tells its size.
func setAside(ctx context.Context, to io.Writer, from io.Reader) (size int64, err error) {
	chunk := make([]byte, 256<<10)

	for {
		if err := ctx.Err(); err != nil {
			return size, err
		}

		n, err := from.Read(chunk)
		size += int64(n)

		if _, full := to.Write(chunk[:n]); full != nil {
			return size, notAside(full)
		}

		if err == io.EOF {
			return size, nil
		}

		if err != nil {
			return size, err
		}
	}
}
