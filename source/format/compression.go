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
	"github.com/jobwright/jobwright/source/format/internal/content"
)

// zipped is the name of the compression whose files have members.
const zipped = "zip"

// compression is a compression of a stream of bytes.
type compression struct {
	source.FileType

	magic   string // The first bytes of a compressed file.
	extract func(io.Reader) (content io.Reader, free func(), err error)
	pack    func(io.Writer) (io.WriteCloser, error)
}

// maxWindow limits the memory that a zstd file may require. It is the default of the program zstd.
const maxWindow = 128 << 20

// compressions are the compressions of [source.Compressions], in the same order.
var compressions = []compression{
	{
		FileType: named(source.Compressions(), "gzip"), magic: "\x1f\x8b",
		extract: func(r io.Reader) (io.Reader, func(), error) {
			reader, err := gzip.NewReader(r)

			return reader, func() {}, err
		},
		pack: func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
	},
	{
		FileType: named(source.Compressions(), "zstd"), magic: "\x28\xb5\x2f\xfd",
		extract: func(r io.Reader) (io.Reader, func(), error) {
			reader, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(maxWindow))
			if err != nil {
				return nil, nil, err
			}

			return reader, reader.Close, nil
		},
		pack: func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
	},
	{FileType: named(source.Compressions(), zipped), magic: "PK\x03\x04"}, // Its members are read in zip.go.
}

// compressionOf returns the compression of a format, or that of a file name, and the name without the extension of the
// compression. The compression is nil if the file has none.
func compressionOf(name string, f source.Format) (*compression, string, error) {
	types := source.Compressions()
	inner, at := source.WithoutCompression(name)

	switch f.Compression {
	case "":
	case source.NoCompression:
		at = -1
	default:
		if at = source.TypeByName(types, f.Compression); at < 0 {
			return nil, "", content.Unsupported(fmt.Sprintf("%q is not a supported compression", f.Compression),
				"use "+list(append([]source.FileType{{Name: source.NoCompression}}, types...)))
		}
	}

	if f.Member != "" && (at < 0 || compressions[at].Name != zipped) {
		return nil, "", content.Unsupported("the format has a member, but the file is not a zip file",
			"remove the member, or set the compression to zip")
	}

	if at < 0 {
		return nil, inner, nil
	}

	return &compressions[at], inner, nil
}

// extracted is the uncompressed content of a file.
type extracted struct {
	io.Reader

	name     string // The name of the compression.
	location string // The member of a zip file.
	origin   *origin
	close    func() error
}

// from returns the uncompressed content of a file. It closes the file with the content, or if there is an error.
func (c *compression) from(file File, from *origin) (*extracted, error) {
	uncompressed := &extracted{name: c.Name, origin: from}

	// No compression writes an empty file, but an interrupted upload may leave one.
	buffered := bufio.NewReader(file)

	_, err := buffered.Peek(1)
	if err == io.EOF {
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
		return nil, errors.Join(uncompressed.broken(err), file.Close())
	}

	uncompressed.Reader = reader
	uncompressed.close = func() error {
		free()

		return file.Close()
	}

	return uncompressed, nil
}

// Read reads uncompressed content. Errors other than those of the file itself mean that the compression is broken.
func (e *extracted) Read(chunk []byte) (int, error) {
	n, err := e.Reader.Read(chunk)
	if err != nil && err != io.EOF {
		err = e.broken(err)
	}

	return n, err
}

func (e *extracted) broken(err error) error {
	e.origin.fail(&Problem{
		Location: e.location,
		Message:  fmt.Sprintf("the %s compression is broken: %v", e.name, err),
		Hint:     "the file was cut off or damaged, or it has another compression: set the format's compression",
	})

	return e.origin.failed()
}

// Close releases the decompressor and closes the file.
func (e *extracted) Close() error { return e.close() }

// checkUncompressed refuses text that is compressed although neither its name nor the format says so.
func checkUncompressed(text *bufio.Reader) error {
	start, _ := text.Peek(len("PK\x03\x04")) // Reading the text returns the error again.

	for _, c := range compressions {
		if strings.HasPrefix(string(start), c.magic) {
			return &Problem{
				Message: fmt.Sprintf("the file is compressed with %s, but its name does not say so", c.Name),
				Hint:    fmt.Sprintf("set the format's compression to %s, or to none if the file is not compressed", c.Name),
			}
		}
	}

	return nil
}
