package format

import (
	"io"

	"github.com/jobwright/jobwright/source"
)

// File is a file to be read. Where it also is an [io.ReaderAt] and a Sizer, a codec that needs to jump about in it reads it
// in place; otherwise its content is set aside in a temporary file first.
type File interface {
	io.ReadCloser
}

// Sizer tells the size of a file in bytes.
type Sizer interface {
	Size() int64
}

// Writer writes the records of one table. What it was given stands in the file only when Close has returned.
type Writer interface {
	Append(record source.Record) error

	// Close completes the file's content. It does not close what the content was written to.
	Close() error
}

// Converter is implemented by writers that hold columns in other types than they have; those of [NewWriter] are.
type Converter interface {
	Conversions() []source.Conversion
}

// Problem is what is wrong in the content of a file; who knows the file makes a [source.Error] of it.
type Problem struct { //nolint:errname // It is named for what it is in a file.
	Location string // Where, "line 17" for example.
	Message  string
	Hint     string
}

func (p *Problem) Error() string {
	if p.Location == "" {
		return p.Message
	}

	return p.Location + ": " + p.Message
}

// Options say how a codec reads.
type Options struct {
	source.Read

	// Source is the name of the source that has the file, for errors.
	Source string
}

// Reader is implemented by the rows that codecs return; a context's end is checked by who wraps them.
type Reader interface {
	source.Rows
	source.Locator
}
