package result

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jobwright/jobwright/job"
)

// copyBuffer is the size of the buffer between the store and a response.
const copyBuffer = 256 << 10

// Copy writes the result set to w as a JSON object with schema and records, or with the records only. If the store does not
// have the result set, the error is [ErrNotFound] and nothing is written.
func (s *Store) Copy(ctx context.Context, w io.Writer, result job.Result, withSchema bool) error {
	offset := int64(0)
	if !withSchema {
		offset = result.SchemaBytes
	}

	reader, err := s.open(ctx, result, offset, -1)
	if err != nil {
		return err
	}

	if !withSchema {
		if _, err := io.WriteString(w, "{"); err != nil {
			return errors.Join(err, reader.Close())
		}
	}

	size := copyBuffer
	if result.Inline != nil {
		size = min(size, len(result.Inline)) // A whole buffer took half of the time of a status of an ended job.
	}

	// Without the wrapper, io.Copy would call WriteTo of the cloud's reader, which allocates a megabyte per response.
	_, err = io.CopyBuffer(w, struct{ io.Reader }{reader}, make([]byte, size))

	return errors.Join(err, reader.Close())
}

// CopyLines writes the records of the result set to w as NDJSON: one JSON object per line. If the store does not have the
// result set, the error is [ErrNotFound] and nothing is written.
func (s *Store) CopyLines(ctx context.Context, w io.Writer, result job.Result) error {
	return s.copyRecords(ctx, w, result, func(out *bufio.Writer, records *recordReader) error {
		return records.each(func(record []byte) error {
			if _, err := out.Write(record); err != nil {
				return err
			}

			return out.WriteByte('\n')
		})
	})
}

// CopyCSV writes the result set to w as CSV according to RFC 4180, with the names of the columns in the first line. NULL is an
// empty field, and empty text is "". If the store does not have the result set, the error is [ErrNotFound] and nothing is
// written.
func (s *Store) CopyCSV(ctx context.Context, w io.Writer, result job.Result) error {
	return s.copyRecords(ctx, w, result, func(out *bufio.Writer, records *recordReader) error {
		schema, err := records.schema()
		if err != nil {
			return err
		}

		line := appendCSVNames(nil, schema)
		if _, err := out.Write(line); err != nil {
			return err
		}

		return records.each(func(record []byte) error {
			if line, err = appendCSVRecord(line[:0], schema, record); err != nil {
				return err
			}

			_, err = out.Write(line)

			return err
		})
	})
}

// copyRecords calls write with a buffered w and the records of the result set.
func (s *Store) copyRecords(
	ctx context.Context, w io.Writer, result job.Result, write func(*bufio.Writer, *recordReader) error,
) (err error) {
	records, err := s.records(ctx, result, Range{})
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, records.close()) }()

	out := bufio.NewWriterSize(w, copyBuffer)
	if err := write(out, records); err != nil {
		return err
	}

	return out.Flush()
}

// Range is a range of the records of a result set.
type Range struct {
	First int64 // The number of the first record, from 0.
	Limit int64 // The largest number of records in the range.
}

// ErrNoRange is the error for an invalid range.
var ErrNoRange = errors.New("the range of records is invalid")

// CopyRange writes a range of the result set to w in the form of [Store.Copy], and returns the range that follows it, or nil
// if there are no more records. It skips fewer than 1,000 records to find the range. The error is [ErrNotFound] if the store
// does not have the result set, and [ErrNoRange] if the range is invalid. Nothing is written then.
func (s *Store) CopyRange(
	ctx context.Context, w io.Writer, result job.Result, part Range, withSchema bool,
) (next *Range, err error) {
	if part.First < 0 || part.Limit < 1 {
		return nil, fmt.Errorf("%w: it begins at record %d and has up to %d records", ErrNoRange, part.First, part.Limit)
	}

	records, err := s.records(ctx, result, part)
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, records.close()) }()

	head := []byte("{")
	if withSchema {
		head = records.head
	}

	out := bufio.NewWriterSize(w, copyBuffer)
	if err := writeRange(out, head, records, part.Limit); err != nil {
		return nil, err
	}

	if err := out.Flush(); err != nil {
		return nil, err
	}

	return records.rest(part.Limit), nil
}

// writeRange writes an object with the next records, up to a limit.
func writeRange(out *bufio.Writer, head []byte, records *recordReader, limit int64) error {
	if _, err := fmt.Fprintf(out, "%s%s", head, recordsOpening); err != nil {
		return err
	}

	for n := range limit {
		record, err := records.next()
		if errors.Is(err, io.EOF) {
			break
		}

		if err != nil {
			return err
		}

		if n > 0 {
			if _, err := out.WriteString(recordBreak); err != nil {
				return err
			}
		}

		if _, err := out.Write(record); err != nil {
			return err
		}
	}

	_, err := out.WriteString(recordsClosing)

	return err
}
