package format

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"github.com/jobwright/jobwright/source"
)

// origin records the first failure to read a file, because codecs cannot distinguish failures from errors in the content. It
// also counts the bytes that were read.
type origin struct {
	mu      sync.Mutex // Decompressors read ahead in goroutines of their own.
	failure error

	read atomic.Int64 // How many bytes were read.
	size atomic.Int64 // The size of the file; 0 if it is unknown, or if the count does not show how far it was read.
}

// extent returns how far the file was read. A format with random access may read some bytes twice.
func (o *origin) extent() source.Extent {
	size := o.size.Load()
	if size == 0 {
		return source.Extent{}
	}

	return source.Extent{Bytes: min(o.read.Load(), size), TotalBytes: size}
}

// fail records a failure, unless there was one before.
func (o *origin) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()

	if o.failure == nil {
		o.failure = err
	}
}

func (o *origin) failed() error {
	o.mu.Lock()
	defer o.mu.Unlock()

	return o.failure
}

// observe counts the bytes of a read, and records its error unless that is the end of the file.
func (o *origin) observe(n int, err error) (int, error) {
	o.read.Add(int64(n))

	if err != nil && err != io.EOF {
		o.fail(err)
	}

	return n, err
}

// track returns a file whose failures the origin records.
func (o *origin) track(file File) File {
	content, isRandom := file.(io.ReaderAt)
	sizer, isSized := file.(Sizer)

	if isRandom && isSized {
		return &trackedRandom{tracked{file, o}, sizer, content}
	}

	return &tracked{file, o}
}

// random is [Random] of a content whose extent the origin knows: reading a temporary copy counts instead of making it.
func random(ctx context.Context, content File) (at io.ReaderAt, size int64, cleanup func() error, err error) {
	if at, size, cleanup, err = Random(ctx, content); err != nil {
		return nil, 0, nil, err
	}

	switch of := content.(type) {
	case *tracked:
		of.origin.read.Store(0)

		at = &countedAt{at, of.origin}
	case *extracted:
		of.origin.size.Store(0)
	}

	return at, size, cleanup, nil
}

// countedAt counts the bytes that are read of a temporary copy.
type countedAt struct {
	io.ReaderAt

	origin *origin
}

func (c *countedAt) ReadAt(chunk []byte, offset int64) (int, error) {
	length, err := c.ReaderAt.ReadAt(chunk, offset)
	c.origin.read.Add(int64(length))

	return length, err
}

type tracked struct {
	File

	origin *origin
}

func (t *tracked) Read(chunk []byte) (int, error) { return t.origin.observe(t.File.Read(chunk)) }

// trackedRandom is a tracked file with random access.
type trackedRandom struct {
	tracked
	Sizer

	content io.ReaderAt
}

func (t *trackedRandom) ReadAt(chunk []byte, offset int64) (int, error) {
	return t.origin.observe(t.content.ReadAt(chunk, offset))
}
