package result

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// errDamaged is the error for a result set that differs from what a [Writer] has written.
var errDamaged = errors.New("the result in the result store is damaged")

// recordReader reads the text of a result set record by record, with one record in memory.
type recordReader struct {
	open  func(offset, length int64) (blobReader, error)
	total int64  // The number of records of the result set.
	size  int64  // The size of its text if it is stored with an index; 0 if it is inline.
	head  []byte // The text before the records: the opening brace and the schema.

	blob   blobReader
	lines  *bufio.Reader
	number int64  // The number of the next record, from 0.
	ended  bool   // Whether all records were read.
	long   []byte // A line that exceeds the buffer of lines.
}

// records opens a result set and positions the reader at the first record of a range. The caller closes the reader.
func (s *Store) records(ctx context.Context, result job.Result, part Range) (*recordReader, error) {
	open := func(offset, length int64) (blobReader, error) { return s.open(ctx, result, offset, length) }

	if result.Inline != nil {
		text, unfolded, err := unfold(result)
		if err != nil {
			return nil, err
		}

		result = unfolded
		open = func(offset, _ int64) (blobReader, error) { return openText(text, offset), nil }
	}

	head := result.SchemaBytes + int64(len(recordsOpening))
	isFar := result.Bytes > 0 && part.First >= indexStep

	length := int64(-1)
	if isFar {
		length = head
	}

	blob, err := open(0, length)
	if err != nil {
		return nil, err
	}

	r := &recordReader{
		open: open, total: result.Records, size: result.Bytes, blob: blob, lines: bufio.NewReaderSize(blob, copyBuffer),
	}
	if err := r.seek(head, part, isFar); err != nil {
		return nil, errors.Join(err, r.close())
	}

	return r, nil
}

func (r *recordReader) close() error { return r.blob.Close() }

// seek reads the head and moves to the first record of a range.
func (r *recordReader) seek(head int64, part Range, isFar bool) error {
	if err := r.readHead(head); err != nil {
		return err
	}

	if isFar {
		if err := r.jump(part); err != nil {
			return err
		}
	}

	return r.skip(part.First - r.number)
}

// readHead reads the text before the first record.
func (r *recordReader) readHead(size int64) error {
	head, err := io.ReadAll(io.LimitReader(r.lines, size))
	if err != nil {
		return err
	}

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

// jump moves to the last record in the index that is not behind the first record of a range.
func (r *recordReader) jump(part Range) error {
	if part.First >= r.total {
		r.ended = true

		return nil
	}

	first, from, to, err := r.find(part)
	if err != nil {
		return err
	}

	// A damaged index must not lead into the middle of a record, so the break before the record is read, too.
	from -= int64(len(recordBreak))
	if from < 0 || to <= from || to > r.size {
		return errDamaged
	}

	blob, err := r.open(from, to-from)
	if err != nil {
		return err
	}

	err = r.blob.Close()
	r.blob = blob
	r.lines.Reset(blob)

	if err != nil {
		return err
	}

	text := make([]byte, len(recordBreak))
	if _, err := io.ReadFull(r.lines, text); err != nil {
		return err
	}

	if string(text) != recordBreak {
		return errDamaged
	}

	r.number = first

	return nil
}

// skip skips count records, or all remaining ones if there are fewer.
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

// each calls visit with the JSON of each remaining record.
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

// next returns the JSON of the next record, which is valid until the next call, or io.EOF after the last record.
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

	if r.number > r.total || (r.ended && r.number < r.total) {
		return nil, errDamaged
	}

	if len(record) == 0 {
		return nil, io.EOF
	}

	return record, nil
}

// line returns the next line with its break, or the last line and io.EOF.
func (r *recordReader) line() ([]byte, error) {
	r.long = r.long[:0]

	for {
		part, err := r.lines.ReadSlice('\n')

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

// rest returns the range that follows the records read so far, or nil if no records remain.
func (r *recordReader) rest(limit int64) *Range {
	if r.ended {
		return nil
	}

	return &Range{First: r.number, Limit: limit}
}
