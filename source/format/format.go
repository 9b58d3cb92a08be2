package format

import (
	"io"

	"github.com/jobwright/jobwright/source"
)

// File is a file to read. If it also is an [io.ReaderAt] and a [Sizer], codecs with random access read it in place.
// Otherwise they read a temporary copy.
type File interface {
	io.ReadCloser
}

// Sizer is implemented by files that know their size in bytes.
type Sizer interface {
	Size() int64
}

// SizeOf returns the size of a file, or 0 if the file does not know it.
func SizeOf(file File) int64 {
	if sizer, isSized := file.(Sizer); isSized {
		return sizer.Size()
	}

	return 0
}

// Writer writes the records of a table. The file is complete when Close has returned.
type Writer interface {
	Append(record source.Record) error

	// Close completes the content of the file. It does not close the underlying writer.
	Close() error
}

// Converter is implemented by writers that report columns whose type they change. The writers of [NewWriter] implement it.
type Converter interface {
	Conversions() []source.Conversion
}

// Problem is an error in the content of a file. [Named] converts it to a [source.Error].
type Problem struct { //nolint:errname // The name is that of the concept.
	Location string // For example "line 17".
	Message  string
	Hint     string
}

func (p *Problem) Error() string {
	if p.Location == "" {
		return p.Message
	}

	return p.Location + ": " + p.Message
}

// Options control reading.
type Options struct {
	source.Read

	// Source is the name of the source of the file, for errors.
	Source string
}

// Reader is implemented by the rows of codecs. They need not check the context, which [Read] does.
type Reader interface {
	source.Rows
	source.Locator
}
