package files

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// tally counts the records of a file while it is copied: its Read passes the bytes of the file unchanged both to the caller and
// to a reader of the format. It ends at the end of the file or at the first invalid record.
type tally struct {
	file  io.Reader
	pipe  *io.PipeWriter
	ended chan struct{}

	rows atomic.Int64
	err  error // Why the count failed; valid after ended is closed.
}

func newTally(ctx context.Context, file io.Reader, name string, options format.Options) *tally {
	reader, writer := io.Pipe()
	t := &tally{file: io.TeeReader(file, writer), pipe: writer, ended: make(chan struct{})}

	go func() {
		defer close(t.ended)
		defer func() { _ = reader.CloseWithError(t.err) }() // It never fails.
		defer source.Recover(&t.err)

		if t.err = t.count(ctx, reader, name, options); t.err == nil {
			_, t.err = io.Copy(io.Discard, reader) // A format may end before its file does.
		}
	}()

	return t
}

func (t *tally) count(ctx context.Context, file io.Reader, name string, options format.Options) (err error) {
	rows, err := format.Read(ctx, io.NopCloser(file), name, options)
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, rows.Close()) }()

	for {
		if _, err := rows.Next(ctx); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}

		t.rows.Add(1)
	}
}

// Read reads from the file. It returns the end of the file after all records have been counted.
func (t *tally) Read(chunk []byte) (int, error) {
	length, err := t.file.Read(chunk)
	if err == io.EOF {
		if failed := t.close(); failed != nil {
			return 0, failed
		}
	}

	return length, err
}

// close ends the count, even in the middle of the file, and returns its error.
func (t *tally) close() error {
	_ = t.pipe.Close() // It never fails.
	<-t.ended

	return t.err
}
