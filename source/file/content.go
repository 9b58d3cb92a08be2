package file

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/jobwright/jobwright/source/format"
)

// content is a file that is being read.
type content struct {
	file  *os.File
	info  fs.FileInfo
	store *store
}

var (
	_ format.File  = (*content)(nil)
	_ format.Sizer = (*content)(nil)
	_ io.ReaderAt  = (*content)(nil)
)

func (c *content) Read(chunk []byte) (int, error) {
	length, err := c.file.Read(chunk)

	return length, c.failed(err)
}

// ReadAt reads at any offset: some formats have a table of contents at the end.
func (c *content) ReadAt(chunk []byte, offset int64) (int, error) {
	length, err := c.file.ReadAt(chunk, offset)

	return length, c.failed(err)
}

// Size returns the size of the file at the time when it was opened.
func (c *content) Size() int64 { return c.info.Size() }

// Close closes the file. It may be called again.
func (c *content) Close() error {
	if err := c.file.Close(); !errors.Is(err, fs.ErrClosed) {
		return c.failed(err)
	}

	return nil
}

func (c *content) failed(err error) error {
	if err == io.EOF {
		return err
	}

	return c.store.failed(read, err)
}
