package result

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// The text of a result set around its schema and its records. A response without the schema consists of a brace and the text
// after SchemaBytes. Each record is one line, so that a reader finds the records without decoding them. In the store, an
// index follows the text; see indexStep.
const (
	schemaOpening  = `{"schema":`
	schemaClosing  = `,`
	recordsOpening = `"records":[`
	recordBreak    = ",\n"
	recordsClosing = `]}`
)

// Writer writes one result set, which is invisible until [Writer.Commit].
type Writer struct {
	encoder *Encoder
	blob    *BlobWriter
	result  job.Result
	index   []int64 // The offsets of the records that the index contains.
	inline  int     // The largest size of a result set that is not stored, in bytes.
}

// Create begins a result set with that schema under key. The caller ends it with [Writer.Commit] or [Writer.Abort]. The error
// is [ErrInvalid] if an object can't have those columns.
func (s *Store) Create(ctx context.Context, key string, name *string, schema source.Schema) (*Writer, error) {
	encoder, err := NewEncoder(schema, appendAPIValue)
	if err != nil {
		return nil, err
	}

	if schema == nil {
		schema = source.Schema{} // In JSON, nil would be null.
	}

	head, err := json.Marshal(schema)
	if err != nil {
		return nil, err
	}

	opening := schemaOpening + string(head) + schemaClosing
	blob := s.CreateBlob(ctx, key, "application/json")
	blob.buffer = []byte(opening + recordsOpening)

	return &Writer{
		encoder: encoder, blob: blob, result: job.Result{Name: name, Key: key, SchemaBytes: int64(len(opening))},
	}, nil
}

// InlineUpTo makes [Writer.Commit] return a result set of at most that many bytes within its reference, instead of storing
// it. The default is to store every result set.
func (w *Writer) InlineUpTo(bytes int) { w.inline = bytes }

// Append adds a record. The error is [ErrInvalid] if the API can't represent it, and [ErrFull] if the store has no space for
// it.
func (w *Writer) Append(record source.Record) error {
	line := w.blob.buffer
	if w.result.Records > 0 {
		line = append(line, recordBreak...)
	}

	begin := w.blob.flushed + int64(len(line))

	line, err := w.encoder.AppendRecord(line, record)
	if err != nil {
		return fmt.Errorf("record %d: %w", w.result.Records+1, err)
	}

	if w.result.Records > 0 && w.result.Records%indexStep == 0 {
		w.index = append(w.index, begin)
	}

	w.result.Records++
	w.blob.buffer = line

	return w.blob.flushLarge()
}

// Commit makes the result set visible, and returns the reference to it.
func (w *Writer) Commit() (*job.Result, error) {
	if err := w.blob.ctx.Err(); err != nil {
		return nil, errors.Join(err, w.Abort())
	}

	w.blob.buffer = append(w.blob.buffer, recordsClosing...)

	inline, err := w.asInline()
	if err != nil {
		return nil, err
	}

	if inline != nil {
		w.result.Key, w.result.Inline = "", inline

		return &w.result, nil
	}

	w.result.Bytes = w.blob.size()

	if err := w.writeIndex(); err != nil {
		return nil, errors.Join(err, w.Abort())
	}

	if err := w.blob.Commit(); err != nil {
		return nil, err
	}

	return &w.result, nil
}

func (w *Writer) writeIndex() error {
	for _, at := range w.index {
		w.blob.buffer = appendEntry(w.blob.buffer, at)

		if err := w.blob.flushLarge(); err != nil {
			return err
		}
	}

	return nil
}

// asInline returns the result set as JSON within a job, or nil if it is too large. [json.Marshal] of the reference removes
// line breaks and escapes some characters. asInline does so in advance, so that SchemaBytes and the size are correct.
func (w *Writer) asInline() (json.RawMessage, error) {
	if w.blob.blob != nil || len(w.blob.buffer) > w.inline {
		return nil, nil
	}

	inline, err := json.Marshal(json.RawMessage(w.blob.buffer))
	if err != nil || len(inline) > w.inline {
		return nil, err
	}

	return inline, nil
}

// Abort discards what was written.
func (w *Writer) Abort() error { return w.blob.Abort() }
