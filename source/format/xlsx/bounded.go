package xlsx

import (
	"fmt"
	"io"

	"github.com/jobwright/jobwright/source"
)

// bounded is a part of a file whose rows and texts are limited to [source.MaxRecord] bytes, because the decoder of XML keeps a
// text in memory as a whole, and compressed text can be a thousand times as long as the file.
type bounded struct {
	from  io.Reader
	count int64 // The number of bytes that were read.
	begin int64 // The value of count at the last mark.
}

// mark begins a row or a text.
func (b *bounded) mark() { b.begin = b.count }

// Read implements [io.Reader].
func (b *bounded) Read(chunk []byte) (int, error) {
	if b.count-b.begin > source.MaxRecord {
		return 0, fmt.Errorf("a row or a text has more than %d MiB", source.MaxRecord>>20)
	}

	n, err := b.from.Read(chunk)
	b.count += int64(n)

	return n, err
}
