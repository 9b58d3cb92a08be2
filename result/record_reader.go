package result

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// errDamaged is the error for a result set that is not what a [Writer] has written.
var errDamaged = errors.New("what the result store holds is not the result that was put there")

// recordReader reads the text of a result set record by record. It holds one record at a time.
type recordReader struct {
	open  func(offset int64) (blobReader, error)
	total int64  // How many records the result set has, or -1 where not all of them are gone over.
	head  []byte // What comes before the records' name: the opening brace and the schema.
	begin int64  // The byte at which the first record begins.

	blob   blobReader
	lines  *bufio.Reader
	at     int64 // The byte at which the next record begins.
	number int64 // The number of the next record, from 0.
	ended  bool
	long   []byte // A line that does not fit into the buffer of lines.
}

// records opens a result set. The caller closes it.
func (s *Store) records(ctx context.Context, result job.Result) (*recordReader, error) {
	open := func(offset int64) (blobReader, error) { return s.bucket.open(ctx, result.Key, offset, -1) }

	if result.Inline != nil {
		text, unfolded, err := unfold(result)
		if err != nil {
			return nil, err
		}

		result = unfolded
		open = func(offset int64) (blobReader, error) { return openText(text, offset), nil }
	}

	blob, err := open(0)
	if err != nil {
		return nil, err
	}

	r := &recordReader{open: open, total: result.Records, blob: blob, lines: bufio.NewReaderSize(blob, copyBuffer)}
	if err := r.readHead(result.SchemaBytes); err != nil {
		return nil, errors.Join(err, r.close())
	}

	return r, nil
}

func (r *recordReader) close() error { return r.blob.Close() }

// readHead reads what comes before the first record.
func (r *recordReader) readHead(size int64) error {
	head, err := io.ReadAll(io.LimitReader(r.lines, size+int64(len(recordsOpening))))
	if err != nil {
		return err
	}

	r.begin = int64(len(head))
	r.at = r.begin

	var isWhole bool
	if r.head, isWhole = bytes.CutSuffix(head, []byte(recordsOpening)); !isWhole {
		return errDamaged
	}

	return nil
}

// schema returns the schema of the records.
func (r *recordReader) schema() (source.Schema, error) {
	var schema source.Schema

	text, opens := bytes.CutPrefix(r.head, []byte(schemaOpening))
	text, closes := bytes.CutSuffix(text, []byte(schemaClosing))

	if !opens || !closes || json.Unmarshal(text, &schema) != nil {
		return nil, errDamaged
	}

	return schema, nil
}

// seek goes to the first record of a part.
func (r *recordReader) seek(part Range) error {
	if part.At == 0 {
		return r.skip(part.First)
	}

	// The byte comes from a caller, and must not lead into the middle of a record.
	before := part.At - int64(len(recordBreak))

	if part.At != r.begin && (before <= r.begin || part.At >= r.blob.Size()) {
		return noRecord(part.At)
	}

	if part.At != r.begin {
		if err := r.reopen(before); err != nil {
			return err
		}

		text := make([]byte, len(recordBreak))
		if _, err := io.ReadFull(r.lines, text); err != nil {
			return err
		}

		if string(text) != recordBreak {
			return noRecord(part.At)
		}
	}

	r.at, r.number, r.total = part.At, part.First, -1

	return nil
}

func noRecord(at int64) error {
	return fmt.Errorf("%w: none of its records begins at byte %d", ErrNoRange, at)
}

// reopen goes to a byte of the blob.
func (r *recordReader) reopen(at int64) error {
	blob, err := r.open(at)
	if err != nil {
		return err
	}

	err = r.blob.Close()
	r.blob = blob
	r.lines.Reset(blob)

	return err
}

// skip goes over some records, or all if there are fewer.
func (r *recordReader) skip(count int64) error {
	for range count {
		if _, err := r.next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}

	return nil
}

// each calls visit with the JSON of each record that is left.
func (r *recordReader) each(visit func(record []byte) error) error {
	for {
		record, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}

		if err != nil {
			return err
		}

		if err := visit(record); err != nil {
			return err
		}
	}
}

// next returns the JSON of the next record, which is the caller's until the next call, or io.EOF after the last one.
func (r *recordReader) next() ([]byte, error) {
	if r.ended {
		return nil, io.EOF
	}

	line, err := r.line()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}

	ending := recordBreak
	if err != nil {
		r.ended = true
		ending = recordsClosing
	}

	record, isWhole := bytes.CutSuffix(line, []byte(ending))
	if !isWhole {
		return nil, errDamaged
	}

	if len(record) > 0 {
		r.number++
	}

	// A blob of another number of records is not the one that was written.
	if r.total >= 0 && (r.number > r.total || (r.ended && r.number < r.total)) {
		return nil, errDamaged
	}

	if len(record) == 0 {
		return nil, io.EOF
	}

	return record, nil
}

// line returns the next line with its break, or the last one and io.EOF.
func (r *recordReader) line() ([]byte, error) {
	r.long = r.long[:0]

	for {
		part, err := r.lines.ReadSlice('\n')
		r.at += int64(len(part))

		isWhole := !errors.Is(err, bufio.ErrBufferFull)
		if isWhole && len(r.long) == 0 {
			return part, err
		}

		r.long = append(r.long, part...)

		if isWhole {
			return r.long, err
		}
	}
}

// rest is the part that follows what was read, or nil where there is none.
func (r *recordReader) rest(limit int64) *Range {
	if r.ended {
		return nil
	}

	return &Range{First: r.number, Limit: limit, At: r.at}
}
