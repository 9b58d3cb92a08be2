package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// Limits of a page of records. A job holds one page at a time in its state.
const (
	maxPageRecords = 500
	maxPageBytes   = 128 << 10 // As JSON, with a line break after each record.
)

// ErrTooLarge is the error for a record that exceeds the size of a page.
var ErrTooLarge = errors.New("the record is too large for a loop")

// Writer spools records. It writes them to the store only if they exceed one page. They are invisible until [Writer.Commit].
type Writer struct {
	ctx     context.Context //nolint:containedctx // Spooling takes many calls, and a blob is bound to one context.
	encoder *encoder
	blob    *result.BlobWriter
	key     string
	line    []byte

	first     []byte // The first page.
	firstSize int    // The number of records in it.
	records   int64  // The number of all records.
}

// Create begins to spool records of that schema under key. The caller ends it with [Writer.Commit] or [Writer.Abort]. The
// error is [result.ErrInvalid] if an object can't have those columns.
func Create(ctx context.Context, store *result.Store, key string, schema source.Schema) (*Writer, error) {
	encoder, err := newEncoder(schema)
	if err != nil {
		return nil, err
	}

	return &Writer{ctx: ctx, encoder: encoder, blob: store.CreateBlob(ctx, key, "application/x-ndjson"), key: key}, nil
}

// Append adds a record. The error is [ErrTooLarge] if the record exceeds the size of a page, [result.ErrInvalid] if a scenario
// has no such values, and [result.ErrFull] if the store has no space for it.
func (w *Writer) Append(record source.Record) error {
	var err error
	if w.line, err = w.encoder.appendRecord(w.line[:0], record); err != nil {
		return fmt.Errorf("record %d: %w", w.records+1, err)
	}

	w.records++
	w.line = append(w.line, '\n')

	if len(w.line) > maxPageBytes {
		return fmt.Errorf("record %d: %w: it has %d bytes as JSON, and the limit is %d; select fewer or shorter columns",
			w.records, ErrTooLarge, len(w.line), maxPageBytes)
	}

	isFirst := w.records == int64(w.firstSize)+1
	if isFirst && w.firstSize < maxPageRecords && len(w.first)+len(w.line) <= maxPageBytes {
		w.first = append(w.first, w.line...)
		w.firstSize++

		return nil
	}

	if isFirst {
		if err := w.blob.Append(w.first); err != nil {
			return err
		}
	}

	return w.blob.Append(w.line)
}

// Commit makes the records visible, and returns the first page. The page has no key if it contains all records.
func (w *Writer) Commit() (*job.RecordsPage, error) {
	if err := w.ctx.Err(); err != nil {
		return nil, errors.Join(err, w.Abort())
	}

	page := &job.RecordsPage{Total: w.records}

	if w.records > int64(w.firstSize) {
		if err := w.blob.Commit(); err != nil {
			return nil, err
		}

		page.Key, page.Next = w.key, int64(len(w.first))
	}

	var err error

	page.Records, _, err = decodePage(w.first)

	return page, err
}

// Abort discards what was written.
func (w *Writer) Abort() error { return w.blob.Abort() }

// ReadPage reads the page that begins at an offset of the records spooled under key. The error is [result.ErrNotFound] if the
// store does not have them.
func ReadPage(ctx context.Context, store *result.Store, key string, offset int64) (*job.RecordsPage, error) {
	text, total, err := store.ReadBlob(ctx, key, offset, maxPageBytes)
	if err != nil {
		return nil, err
	}

	records, size, err := decodePage(text)
	if err != nil {
		return nil, fmt.Errorf("at offset %d of the spooled records: %w", offset, err)
	}

	if size == 0 {
		return nil, fmt.Errorf("no record begins at offset %d of the spooled records", offset)
	}

	page := &job.RecordsPage{Records: records, Key: key}
	if next := offset + int64(size); next < total {
		page.Next = next
	}

	return page, nil
}

// decodePage decodes the complete lines at the beginning of text, up to the limit of a page, and returns their size.
func decodePage(text []byte) (records []jsonvalue.Object, size int, err error) {
	records = []jsonvalue.Object{}

	for len(records) < maxPageRecords {
		length := bytes.IndexByte(text[size:], '\n')
		if length < 0 {
			break
		}

		record, err := decodeRecord(text[size : size+length])
		if err != nil {
			return nil, 0, err
		}

		records = append(records, record)
		size += length + 1
	}

	return records, size, nil
}

// Remove removes the records spooled under key. Missing records are no error, since they may have been removed before.
func Remove(ctx context.Context, store *result.Store, key string) error {
	return store.RemoveBlob(ctx, key)
}
