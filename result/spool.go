package result

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// Bounds of a page of records. A job keeps the page that it works on.
const (
	maxPageRecords = 500
	maxPageBytes   = 128 << 10 // As JSON, with a line break after each record.
)

// ErrTooLarge is the error for a record that no page can hold.
var ErrTooLarge = errors.New("the record is too large to be set aside")

// Spool sets records aside, to be read in pages later. It stores them only if there are more than one page holds. Nobody
// sees any of it before [Spool.Commit].
type Spool struct {
	encoder *exactEncoder
	upload  upload
	line    []byte

	first     []byte // The first page.
	firstSize int    // The number of records in it.
	records   int64  // The number of all records.
}

// SetAside begins to set records of that schema aside under key. The caller ends it with [Spool.Commit] or [Spool.Abort].
func (s *Store) SetAside(ctx context.Context, key string, schema source.Schema) (*Spool, error) {
	encoder, err := newExactEncoder(schema)
	if err != nil {
		return nil, err
	}

	return &Spool{
		encoder: encoder,
		upload:  upload{ctx: ctx, bucket: s.bucket, key: key, contentType: "application/x-ndjson"},
	}, nil
}

// Append adds a record. The error is [ErrTooLarge] where no page can hold it, [ErrInvalid] where no job can, and [ErrFull]
// where the store has no space for it.
func (s *Spool) Append(record source.Record) error {
	var err error
	if s.line, err = s.encoder.appendRecord(s.line[:0], record); err != nil {
		return fmt.Errorf("record %d: %w", s.records+1, err)
	}

	s.records++
	s.line = append(s.line, '\n')

	if len(s.line) > maxPageBytes {
		return fmt.Errorf("record %d: %w: it has %d bytes as JSON, and %d is the most; select fewer or shorter columns",
			s.records, ErrTooLarge, len(s.line), maxPageBytes)
	}

	isFirst := s.records == int64(s.firstSize)+1
	if isFirst && s.firstSize < maxPageRecords && len(s.first)+len(s.line) <= maxPageBytes {
		s.first = append(s.first, s.line...)
		s.firstSize++

		return nil
	}

	if isFirst {
		s.upload.buffer = append(s.upload.buffer, s.first...)
	}

	s.upload.buffer = append(s.upload.buffer, s.line...)

	return s.upload.flushLarge()
}

// Commit makes what was set aside visible, and returns the first page. It has no key where it is all that there is.
func (s *Spool) Commit() (*job.RecordsPage, error) {
	if err := s.upload.ctx.Err(); err != nil {
		return nil, errors.Join(err, s.Abort())
	}

	page := &job.RecordsPage{}

	if s.records > int64(s.firstSize) {
		if err := s.upload.commit(); err != nil {
			return nil, err
		}

		page.Key, page.Next = s.upload.key, int64(len(s.first))
	}

	var err error

	page.Records, _, err = readPage(s.first)

	return page, err
}

// Abort throws away what was written.
func (s *Spool) Abort() error { return s.upload.abort() }

// Page reads the page that begins at an offset of what was set aside under key. The error is [ErrNotFound] when the store
// does not hold it.
func (s *Store) Page(ctx context.Context, key string, offset int64) (page *job.RecordsPage, err error) {
	reader, err := s.bucket.open(ctx, key, offset, maxPageBytes)
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, reader.Close()) }()

	text, err := io.ReadAll(reader)
	if err != nil {
		return nil, err
	}

	records, size, err := readPage(text)
	if err != nil {
		return nil, fmt.Errorf("at offset %d of what was set aside: %w", offset, err)
	}

	if size == 0 {
		return nil, fmt.Errorf("at offset %d of what was set aside, no record begins", offset)
	}

	page = &job.RecordsPage{Records: records, Key: key}
	if next := offset + int64(size); next < reader.Size() {
		page.Next = next
	}

	return page, nil
}

// readPage reads the whole lines at the beginning of text, as many as a page holds, and returns how long they are.
func readPage(text []byte) (records []scenario.Params, size int, err error) {
	records = []scenario.Params{}

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

// Drop removes what was set aside under key. That there is nothing is no error: it may have been dropped before.
func (s *Store) Drop(ctx context.Context, key string) error { return s.bucket.remove(ctx, key) }
