package format

import (
	"context"
	"errors"
	"io"

	"github.com/jobwright/jobwright/source"
)

// Read returns the records of a file. Its name and the options determine codec, compression and encoding. The rows close
// the file; if Read returns an error, the file is closed. All errors are [*source.Error] with the source and the table of
// the options, except those of the context and of the options' Reject. A [*source.Error] of the file itself retains its
// message. The rows implement [source.Locator].
func Read(ctx context.Context, file File, name string, options Options) (source.Rows, error) {
	r := &rows{sourceName: options.Source, table: options.Table}
	options.Format = WithSeparator(options.Format, name)

	r.origin.size.Store(SizeOf(file))

	if reject := options.Reject; reject != nil {
		options.Reject = func(record source.Reject) error {
			r.refusal = reject(record)

			return r.refusal
		}
	}

	var err error
	if r.Reader, err = r.open(ctx, file, name, options); err != nil {
		return nil, r.explained(ctx, err)
	}

	return r, nil
}

// rows are the records of a file.
type rows struct {
	Reader

	origin     origin
	sourceName string
	table      source.Table
	refusal    error // The error of Reject.
	end        error // The error that ended reading.
}

// NamesColumns implements [ColumnNamer].
func (r *rows) NamesColumns() bool {
	named, ok := r.Reader.(ColumnNamer)

	return ok && named.NamesColumns()
}

// Extent returns the size of the file, and how much of it was read.
func (r *rows) Extent() source.Extent { return r.origin.extent() }

// open returns the records of the codec. If there is an error, it closes the file.
func (r *rows) open(ctx context.Context, file File, name string, options Options) (Reader, error) {
	content := r.origin.track(file)

	compression, inner, err := compressionOf(name, options.Format)
	if err != nil {
		return nil, errors.Join(err, content.Close())
	}

	if compression != nil && compression.Name == zipped {
		return opened[Reader](openZip(ctx, content, &r.origin, inner, options))
	}

	c, err := choose(inner, options.Format)
	if err != nil {
		return nil, errors.Join(err, content.Close())
	}

	if compression != nil {
		if content, err = compression.from(content, &r.origin); err != nil {
			return nil, err
		}
	}

	return opened[Reader](openTable(ctx, content, c, options.Read))
}

// Next returns the next record.
func (r *rows) Next(ctx context.Context) (source.Record, error) {
	if r.end != nil {
		return nil, r.end
	}

	if err := ctx.Err(); err != nil {
		return nil, err
	}

	record, err := r.Reader.Next(ctx)
	if err != nil {
		return nil, r.ended(ctx, err)
	}

	return record, nil
}

// ended returns the error of the reader for the caller, now and in later calls.
func (r *rows) ended(ctx context.Context, err error) error {
	if r.end = err; err != io.EOF || r.origin.failed() != nil {
		r.end = r.explained(ctx, err)
	}

	return r.end
}

// explained returns the error for the caller: that of the context, that of Reject, the failure to read the file, or the error
// in its content.
func (r *rows) explained(ctx context.Context, err error) error {
	switch failure := r.origin.failed(); {
	case ctx.Err() != nil:
		return ctx.Err()
	case r.refusal != nil:
		return r.refusal
	case failure != nil:
		err = failure
	}

	return Named(explained(err), r.sourceName, r.table)
}
