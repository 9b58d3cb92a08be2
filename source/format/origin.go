package format

import (
	"io"
	"sync"
)

// origin records the first failure to read a file, because codecs cannot distinguish failures from errors in the content.
type origin struct {
	mu      sync.Mutex // Decompressors read ahead in goroutines of their own.
	failure error
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

// observe records the error of a read, unless it is the end of the file.
func (o *origin) observe(n int, err error) (int, error) {
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
