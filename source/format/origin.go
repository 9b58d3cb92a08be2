package format

import (
	"io"
	"sync"
)

// origin remembers what went wrong where a file's content comes from, because codecs can't tell that from what is wrong with
// the content.
type origin struct {
	mu      sync.Mutex // Decompression reads ahead.
	failure error
}

// fail remembers the first failure.
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

// see remembers what a file's reader returned, unless it is the end.
func (o *origin) see(n int, err error) (int, error) {
	if err != nil && err != io.EOF { //nolint:errorlint // What wraps the end is a failure.
		o.fail(err)
	}

	return n, err
}

// track returns a file whose failures the origin remembers.
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

func (t *tracked) Read(chunk []byte) (int, error) { return t.origin.see(t.File.Read(chunk)) }

// trackedRandom is a file that can be read at any place.
type trackedRandom struct {
	tracked
	Sizer

	content io.ReaderAt
}

func (t *trackedRandom) ReadAt(chunk []byte, offset int64) (int, error) {
	return t.origin.see(t.content.ReadAt(chunk, offset))
}
