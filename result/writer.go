package result

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"gocloud.dev/blob"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// Writer writes one result set. Nobody sees any of it before [Writer.Commit].
type Writer struct {
	ctx     context.Context //nolint:containedctx // Writing takes many calls, and the blob's writer is bound to one context.
	cancel  context.CancelFunc
	blob    *blob.Writer
	encoder *encoder
	result  job.Result
	line    []byte
}

// Create begins a result set with that schema under key. The caller ends it with [Writer.Commit] or [Writer.Abort].
func (s *Store) Create(ctx context.Context, key string, name *string, schema source.Schema) (*Writer, error) {
	encoder, err := newEncoder(schema)
	if err != nil {
		return nil, err
	}

	head, err := json.Marshal(schema)
	if err != nil {
		return nil, err
	}

	ctx, cancel := context.WithCancel(ctx)

	blobWriter, err := s.bucket.NewWriter(ctx, key, &blob.WriterOptions{ContentType: "application/json"})
	if err != nil {
		cancel()

		return nil, err
	}

	// After SchemaBytes bytes, all that a caller who wants no schema is to see is the rest, behind a brace.
	opening := fmt.Sprintf(`{"schema":%s,`, head)
	writer := &Writer{
		ctx: ctx, cancel: cancel, blob: blobWriter, encoder: encoder,
		result: job.Result{Name: name, Key: key, SchemaBytes: int64(len(opening))},
	}

	if _, err := blobWriter.Write([]byte(opening + `"records":[`)); err != nil {
		return nil, errors.Join(err, writer.Abort())
	}

	return writer, nil
}

// Append adds a record.
func (w *Writer) Append(record source.Record) error {
	w.line = w.line[:0]
	if w.result.Records > 0 {
		w.line = append(w.line, ',')
	}

	var err error
	if w.line, err = w.encoder.appendRecord(w.line, record); err != nil {
		return fmt.Errorf("record %d: %w", w.result.Records+1, err)
	}

	w.result.Records++
	_, err = w.blob.Write(w.line)

	return err
}

// Commit makes the result set visible and returns the reference to it.
func (w *Writer) Commit() (*job.Result, error) {
	defer w.cancel()

	if err := w.ctx.Err(); err != nil {
		return nil, errors.Join(err, w.Abort())
	}

	if _, err := w.blob.Write([]byte("]}")); err != nil {
		return nil, errors.Join(err, w.Abort())
	}

	if err := w.blob.Close(); err != nil {
		return nil, err
	}

	return &w.result, nil
}

// Abort throws away what was written.
func (w *Writer) Abort() error {
	w.cancel()

	// With its context cancelled, closing the blob's writer discards the blob and says that it did.
	if err := w.blob.Close(); err != nil && w.ctx.Err() == nil {
		return err
	}

	return nil
}
