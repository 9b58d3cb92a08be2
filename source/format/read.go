package format

import (
	"context"
	"errors"
	"io"

	"github.com/jobwright/jobwright/source"
)

// Read returns the records of the file of that name. Name and options decide on its codec, its compression and its
// encoding. The rows own the file and close it; when there is an error, it is closed already. Every error but a context's
// end, and those of the options' Reject, is a [*source.Error] that names the options' source and table; where the file's own
// Read returns one, it keeps its words. The rows also are a [source.Locator].
func Read(ctx context.Context, file File, name string, options Options) (source.Rows, error) {
	r := &rows{sourceName: options.Source, table: options.Table}

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
	refusal    error // What Reject returned.
	end        error // What ended the reading.
}

// open returns the records as they come, with errors as they come. It closes file where it returns one.
func (r *rows) open(ctx context.Context, file File, name string, options Options) (Reader, error) {
	content := r.origin.track(file)

	how, inner, err := compressionOf(name, options.Format)
	if err != nil {
		return nil, errors.Join(err, content.Close())
	}

	if how != nil && how.Name == zipped {
		return opened(openZip(ctx, content, &r.origin, inner, options))
	}

	c, err := choose(inner, options.Format)
	if err != nil {
		return nil, errors.Join(err, content.Close())
	}

	if how != nil {
		if content, err = how.from(content, &r.origin); err != nil {
			return nil, err
		}
	}

	return opened(openTable(ctx, content, c, options.Read))
}

// opened is the interface, which is nil where there is an error.
func opened[R Reader](rows R, err error) (Reader, error) {
	if err != nil {
		return nil, err
	}

	return rows, nil
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
	if err == nil {
		return record, nil
	}

	if r.end = err; err != io.EOF || r.origin.failed() != nil { //nolint:errorlint // What wraps the end is a failure.
		r.end = r.explained(ctx, err)
	}

	return nil, r.end
}

// explained is what the reader of the rows is told: what Reject returned, what is wrong with the place from which the file
// comes, or else with the file.
func (r *rows) explained(ctx context.Context, err error) error {
	switch failure := r.origin.failed(); {
	case ctx.Err() != nil:
		return ctx.Err()
	case r.refusal != nil:
		return r.refusal
	case failure != nil:
		err = failure
	}

	return Named(known(err), r.sourceName, r.table)
}
