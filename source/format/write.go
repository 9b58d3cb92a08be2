package format

import (
	"errors"
	"io"
	"slices"

	"golang.org/x/text/transform"

	"github.com/jobwright/jobwright/source"
)

// NewWriter returns a writer that writes a table to w, as the file with a name. The name and the format determine codec,
// compression and encoding. The writer implements [Converter]. Errors about format, name and values are [*source.Error]
// without source and table, which [Named] adds; errors of w are returned as they are.
func NewWriter(w io.Writer, name string, f source.Format, schema source.Schema) (Writer, error) {
	f = WithSeparator(f, name)

	compression, inner, err := compressionOf(name, f)
	if err != nil {
		return nil, err
	}

	isZip := compression != nil && compression.Name == zipped
	if isZip {
		if inner, err = memberName(inner, f); err != nil {
			return nil, err
		}
	}

	c, err := choose(inner, f)
	if err != nil {
		return nil, err
	}

	if err := c.check(f, writes); err != nil {
		return nil, err
	}

	into := &writer{target: target{to: w}}

	out, err := into.compress(compression, inner)
	if err == nil {
		f.Type = c.Name
		err = into.open(out, c, f, schema)
	}

	if err != nil {
		return nil, into.explained(errors.Join(err, into.free()))
	}

	return into, nil
}

// writer writes through the layers of a file: codec, encoding and compression.
type writer struct {
	Writer

	target    target
	layers    []io.Closer // The layers below the codec, the lowest first.
	converter Converter
}

// target is the underlying writer of a file. It records its failure, because codecs cannot distinguish it from errors in the
// records.
type target struct {
	to      io.Writer
	failure error
}

func (t *target) Write(chunk []byte) (int, error) {
	n, err := t.to.Write(chunk)
	if err != nil && t.failure == nil {
		t.failure = err
	}

	return n, err
}

// compress returns a writer that compresses its input.
func (w *writer) compress(by *compression, member string) (io.Writer, error) {
	switch {
	case by == nil:
		return &w.target, nil
	case by.Name == zipped:
		out, archive, err := newMember(&w.target, member)
		w.layers = append(w.layers, archive)

		return out, err
	}

	out, err := by.pack(&w.target)
	if err != nil {
		return nil, err
	}

	w.layers = append(w.layers, out)

	return out, nil
}

// open opens the codec, and the encoding below it.
func (w *writer) open(out io.Writer, c codec, f source.Format, schema source.Schema) error {
	var check *encodable

	if c.text {
		encode, limited, err := encoder(f.Encoding)
		if err != nil {
			return err
		}

		if limited != nil {
			if check, err = newEncodable(f.Encoding, limited, schema); err != nil {
				return err
			}
		}

		if encode != nil {
			encoded := transform.NewWriter(out, encode)
			w.layers, out = append(w.layers, encoded), encoded
		}
	}

	var err error
	if w.Writer, err = c.write(out, f, schema); err != nil {
		return err
	}

	w.converter, _ = w.Writer.(Converter)

	if check != nil {
		check.Writer, w.Writer = w.Writer, check
	}

	return nil
}

// Append writes a record.
func (w *writer) Append(record source.Record) error {
	if err := w.Writer.Append(record); err != nil {
		return w.explained(err)
	}

	return nil
}

// Close completes the file.
func (w *writer) Close() error {
	if err := errors.Join(w.Writer.Close(), w.free()); err != nil {
		return w.explained(err)
	}

	return nil
}

// free closes the layers, from the codec down.
func (w *writer) free() error {
	var err error
	for _, layer := range slices.Backward(w.layers) {
		err = errors.Join(err, layer.Close())
	}

	w.layers = nil

	return err
}

// Conversions returns the columns that have another type in the file.
func (w *writer) Conversions() []source.Conversion {
	if w.converter == nil {
		return nil
	}

	return w.converter.Conversions()
}

// explained returns the failure of the underlying writer, or else the error of the codec.
func (w *writer) explained(err error) error {
	if w.target.failure != nil {
		return w.target.failure
	}

	return err
}
