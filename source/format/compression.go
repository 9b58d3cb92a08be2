package format

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/jobwright/jobwright/source"
)

// Names of compressions that are no more than a stream.
const (
	uncompressed = "none"
	zipped       = "zip"
)

// compression is a way to compress a stream of bytes.
type compression struct {
	Type

	magic   string // The bytes with which everything begins that it made.
	extract func(io.Reader) (content io.Reader, free func(), err error)
	pack    func(io.Writer) (io.WriteCloser, error)
}

// maxWindow bounds the memory that a zstd file may ask for. It is what the program zstd allows without being told otherwise.
const maxWindow = 128 << 20

var compressions = []compression{
	{
		Type:  Type{"gzip", []string{".gz", ".gzip"}},
		magic: "\x1f\x8b",
		extract: func(r io.Reader) (io.Reader, func(), error) {
			reader, err := gzip.NewReader(r)

			return reader, func() {}, err
		},
		pack: func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
	},
	{
		Type:  Type{"zstd", []string{".zst", ".zstd"}},
		magic: "\x28\xb5\x2f\xfd",
		extract: func(r io.Reader) (io.Reader, func(), error) {
			reader, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(maxWindow))
			if err != nil {
				return nil, nil, err
			}

			return reader, reader.Close, nil
		},
		pack: func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
	},
	{Type: Type{zipped, []string{".zip"}}, magic: "PK\x03\x04"}, // Not a stream: see zip.go.
}

// Compressions returns the ways to compress files that are understood, in the order in which documentation lists them.
func Compressions() []Type {
	types := make([]Type, len(compressions))
	for i, c := range compressions {
		types[i] = c.Type
	}

	return types
}

// compressionOf returns the compression that a format names, or the name of a file, and the name without the end that tells
// it. It is nil where there is none.
func compressionOf(name string, f source.Format) (*compression, string, error) {
	types := Compressions()
	inner := name

	at := ending(types, name)
	if at >= 0 {
		inner = name[:strings.LastIndexByte(name, '.')]
	}

	switch f.Compression {
	case "":
	case uncompressed:
		at = -1
	default:
		if at = named(types, f.Compression); at < 0 {
			return nil, "", unsupported(fmt.Sprintf("there is no compression named %q", f.Compression),
				"there are "+list(append([]Type{{Name: uncompressed}}, types...)))
		}
	}

	if f.Member != "" && (at < 0 || compressions[at].Name != zipped) {
		return nil, "", unsupported("the format names a member, but the file is no zip file",
			"leave the member out, or give the compression zip")
	}

	if at < 0 {
		return nil, inner, nil
	}

	return &compressions[at], inner, nil
}

// extracted is the content of a compressed file.
type extracted struct {
	io.Reader

	how      string // The compression's name.
	location string // Where in the file the content stands, if it has several.
	origin   *origin
	close    func() error
}

// from returns what a file holds that was compressed in this way. It owns the file and closes it, also when there is an error.
func (c *compression) from(file File, from *origin) (*extracted, error) {
	content := &extracted{how: c.Name, origin: from}

	// An empty file is what no compression makes of an empty table, but what is left of an upload that failed.
	buffered := bufio.NewReader(file)

	_, err := buffered.Peek(1)
	if err == io.EOF { //nolint:errorlint // What wraps the end is a failure.
		err = io.ErrUnexpectedEOF
	}

	var (
		reader io.Reader
		free   func()
	)

	if err == nil {
		reader, free, err = c.extract(buffered)
	}

	if err != nil {
		return nil, errors.Join(content.broken(err), file.Close())
	}

	content.Reader = reader
	content.close = func() error {
		free()

		return file.Close()
	}

	return content, nil
}

// Read tells a failure to read the file, which the origin knows already, from content that can't be read.
func (e *extracted) Read(chunk []byte) (int, error) {
	n, err := e.Reader.Read(chunk)
	if err != nil && err != io.EOF { //nolint:errorlint // What wraps the end is a failure.
		err = e.broken(err)
	}

	return n, err
}

func (e *extracted) broken(err error) error {
	e.origin.fail(&Problem{
		Location: e.location,
		Message:  fmt.Sprintf("the %s compression is broken: %v", e.how, err),
		Hint:     "the file was cut off or changed, or it has another compression, which the format can name",
	})

	return e.origin.failed()
}

// Close frees what decompression holds, and closes what it reads.
func (e *extracted) Close() error { return e.close() }

// hidden finds text that is compressed, although neither its name nor the format tells it.
func hidden(text *bufio.Reader) error {
	start, _ := text.Peek(len("PK\x03\x04")) // Its error comes again when the text is read.

	for _, c := range compressions {
		if strings.HasPrefix(string(start), c.magic) {
			return &Problem{
				Message: fmt.Sprintf("the file is compressed with %s, which its name does not tell", c.Name),
				Hint:    fmt.Sprintf("give the format the compression %s, or none if it only looks like that", c.Name),
			}
		}
	}

	return nil
}
