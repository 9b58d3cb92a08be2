package format

import (
	"context"
	"io"
	"sync/atomic"
)

// interrupt ends the reads of a content when the context of the running call has ended: before it returns a record, a codec may
// skip, sample or decompress any number of bytes. It is checked once for each read of a buffer, which costs nothing.
type interrupt struct {
	ctx atomic.Pointer[context.Context] // Set by each call. A codec may read in goroutines of its own.
}

// set sets the context of the running call.
func (i *interrupt) set(ctx context.Context) { i.ctx.Store(&ctx) }

// err returns the error of the context of the running call.
func (i *interrupt) err() error { return (*i.ctx.Load()).Err() }

// reader returns content whose reads end with the context.
func (i *interrupt) reader(content io.Reader) io.Reader { return &interruptible{content, i} }

// readerAt returns content whose reads end with the context.
func (i *interrupt) readerAt(content io.ReaderAt) io.ReaderAt { return &interruptibleAt{content, i} }

type interruptible struct {
	io.Reader

	by *interrupt
}

func (r *interruptible) Read(chunk []byte) (int, error) {
	if err := r.by.err(); err != nil {
		return 0, err
	}

	return r.Reader.Read(chunk)
}

type interruptibleAt struct {
	io.ReaderAt

	by *interrupt
}

func (r *interruptibleAt) ReadAt(chunk []byte, offset int64) (int, error) {
	if err := r.by.err(); err != nil {
		return 0, err
	}

	return r.ReaderAt.ReadAt(chunk, offset)
}
