package result

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// remote is a bucket of a cloud, whose service guarantees that blobs become visible as a whole and are durable.
type remote struct{ *blob.Bucket }

// remoteWriter uploads a blob.
type remoteWriter struct {
	*blob.Writer

	ctx    context.Context //nolint:containedctx // An upload takes many calls and is bound to one context.
	cancel context.CancelFunc
}

func (r remote) create(ctx context.Context, key, contentType string) (blobWriter, error) {
	ctx, cancel := context.WithCancel(ctx)

	writer, err := r.NewWriter(ctx, key, &blob.WriterOptions{ContentType: contentType})
	if err != nil {
		cancel()

		return nil, explain(ctx, err)
	}

	return &remoteWriter{Writer: writer, ctx: ctx, cancel: cancel}, nil
}

// explain returns the context's error if its end is the reason for err, and [ErrNotFound] for a missing blob.
func explain(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case gcerrors.Code(err) == gcerrors.NotFound:
		return ErrNotFound
	}

	return pathless(err)
}

func (w *remoteWriter) Write(text []byte) (int, error) {
	n, err := w.Writer.Write(text)

	return n, explain(w.ctx, err)
}

func (w *remoteWriter) commit() error {
	defer w.cancel()

	return explain(w.ctx, w.Close())
}

func (w *remoteWriter) abort() error {
	w.cancel()

	// After its context is canceled, Close discards the blob and returns an error that says so.
	_ = w.Close()

	return nil
}

func (r remote) open(ctx context.Context, key string, offset, length int64) (blobReader, error) {
	reader, err := r.NewRangeReader(ctx, key, offset, length, nil)
	if err != nil {
		return nil, explain(ctx, err)
	}

	return reader, nil
}

func (r remote) has(ctx context.Context, key string) (bool, error) {
	has, err := r.Exists(ctx, key)

	return has, explain(ctx, err)
}

func (r remote) remove(ctx context.Context, key string) error {
	if err := explain(ctx, r.Delete(ctx, key)); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}

	return nil
}

func (r remote) sweep(
	ctx context.Context, below string, isOld func(key string, changed time.Time) bool,
) (removed int, err error) {
	var (
		first   error
		options blob.ListOptions
	)

	if below != "" {
		options.Prefix = below + "/"
	}

	for token := blob.FirstPageToken; ; {
		var objects []*blob.ListObject

		objects, token, err = r.ListPage(ctx, token, sweepBatch, &options)
		if errors.Is(err, io.EOF) {
			return removed, first
		}

		if err != nil {
			return removed, fmt.Errorf("the results can't be listed: %w", explain(ctx, err))
		}

		for _, object := range objects {
			if object.IsDir || !isOld(object.Key, object.ModTime) {
				continue
			}

			if err := r.remove(ctx, object.Key); err == nil {
				removed++
			} else if first == nil {
				first = err
			}
		}
	}
}
