package result

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jobwright/jobwright/job"
)

// copyBuffer is how many bytes are on their way from the store to an answer.
const copyBuffer = 256 << 10

// Copy writes the result set to w as the API answers it, a JSON object with schema and records, or with the records
// alone. The error is [ErrNotFound] when the store does not hold it; nothing was written then.
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

	// A reader of the cloud's that copies by itself would take a buffer of a megabyte for each answer.
	_, err = io.CopyBuffer(w, struct{ io.Reader }{reader}, make([]byte, copyBuffer))

	return errors.Join(err, reader.Close())
}

// CopyLines writes the records of the result set to w, each as a JSON object on a line of its own: NDJSON. The error is
// [ErrNotFound] when the store does not hold it; nothing was written then.
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

// CopyCSV writes the result set to w as CSV in the form of RFC 4180, with the names of its columns in the first line. What
// is NULL is empty, and empty text is "". The error is [ErrNotFound] when the store does not hold it; nothing was written
// then.
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

// copyRecords writes what write makes of the result set.
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

// Range is a part of the records of a result set.
type Range struct {
	First int64 // The number of the first record, from 0.
	Limit int64 // How many records it has at most.
}

// ErrNoRange is the error for a range that no result set can have.
var ErrNoRange = errors.New("the result has no such range of records")

// CopyRange writes a part of the result set to w, in the form of [Store.Copy], and returns the range that follows it, or
// nil where there are no more records. However many there are before the part, it goes over fewer than 1,000 of them. The
// error is [ErrNotFound] when the store does not hold the result set, and [ErrNoRange] when part is none of its parts;
// nothing was written then.
func (s *Store) CopyRange(
	ctx context.Context, w io.Writer, result job.Result, part Range, withSchema bool,
) (next *Range, err error) {
	if part.First < 0 || part.Limit < 1 {
		return nil, fmt.Errorf("%w: it begins at record %d and has at most %d", ErrNoRange, part.First, part.Limit)
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

// writeRange writes an object with the next records, as many as there are up to a limit.
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
