package result

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// MaxInline is how many bytes a result set has at most that is part of the reference to it.
const MaxInline = 16 << 10

// How a result set is written, around the schema and the records. After SchemaBytes bytes, all that a caller who wants no
// schema is to see is the rest, behind a brace. Each record has a line of its own, so that a reader finds the records
// without decoding them. For what stands behind it in the store, see indexStep.
const (
	schemaOpening  = `{"schema":`
	schemaClosing  = `,`
	recordsOpening = `"records":[`
	recordBreak    = ",\n"
	recordsClosing = `]}`
)

// Writer writes one result set. Nobody sees any of it before [Writer.Commit].
type Writer struct {
	encoder *encoder
	upload  upload
	result  job.Result
	index   []int64 // The byte at which each record begins that the index tells.
	inline  int     // How many bytes a result set has at most that is not stored.
}

// Create begins a result set with that schema under key. The caller ends it with [Writer.Commit] or [Writer.Abort].
func (s *Store) Create(ctx context.Context, key string, name *string, schema source.Schema) (*Writer, error) {
	encoder, err := newEncoder(schema)
	if err != nil {
		return nil, err
	}

	if schema == nil {
		schema = source.Schema{} // Which is a list in JSON, and nil is none.
	}

	head, err := json.Marshal(schema)
	if err != nil {
		return nil, err
	}

	opening := schemaOpening + string(head) + schemaClosing

	return &Writer{
		encoder: encoder,
		upload: upload{
			ctx: ctx, bucket: s.bucket, key: key, contentType: "application/json", buffer: []byte(opening + recordsOpening),
		},
		result: job.Result{Name: name, Key: key, SchemaBytes: int64(len(opening))},
		inline: MaxInline,
	}, nil
}

// LimitInline sets how many bytes the result set may have to be part of the reference to it, where [MaxInline] is too
// many. With 0, it is stored, however small it is.
func (w *Writer) LimitInline(most int) { w.inline = min(most, MaxInline) }

// Append adds a record. The error is [ErrInvalid] where the API can't answer it, and [ErrFull] where the store has no
// space for it.
func (w *Writer) Append(record source.Record) error {
	line := w.upload.buffer
	if w.result.Records > 0 {
		line = append(line, recordBreak...)
	}

	begin := w.upload.written + int64(len(line))

	line, err := w.encoder.appendRecord(line, record)
	if err != nil {
		return fmt.Errorf("record %d: %w", w.result.Records+1, err)
	}

	if w.result.Records > 0 && w.result.Records%indexStep == 0 {
		w.index = append(w.index, begin)
	}

	w.result.Records++
	w.upload.buffer = line

	return w.upload.flushLarge()
}

// Commit makes the result set visible, and returns the reference to it. A small one is part of the reference and nowhere
// else.
func (w *Writer) Commit() (*job.Result, error) {
	if err := w.upload.ctx.Err(); err != nil {
		return nil, errors.Join(err, w.Abort())
	}

	w.upload.buffer = append(w.upload.buffer, recordsClosing...)

	inline, err := w.asInline()
	if err != nil {
		return nil, err
	}

	if inline != nil {
		w.result.Key, w.result.Inline = "", inline

		return &w.result, nil
	}

	w.result.Bytes = w.upload.size()

	if err := w.writeIndex(); err != nil {
		return nil, errors.Join(err, w.Abort())
	}

	if err := w.upload.commit(); err != nil {
		return nil, err
	}

	return &w.result, nil
}

func (w *Writer) writeIndex() error {
	for _, at := range w.index {
		w.upload.buffer = appendEntry(w.upload.buffer, at)

		if err := w.upload.flushLarge(); err != nil {
			return err
		}
	}

	return nil
}

// asInline returns the result set in the form that it has as a part of a job, or nil where it is too large for that. The
// reference to it goes through [json.Marshal] on its way, which takes out the line breaks and escapes some letters; doing
// that here already keeps SchemaBytes true, and tells the size that it really takes.
func (w *Writer) asInline() (json.RawMessage, error) {
	if w.upload.blob != nil || len(w.upload.buffer) > w.inline {
		return nil, nil
	}

	inline, err := json.Marshal(json.RawMessage(w.upload.buffer))
	if err != nil || len(inline) > w.inline {
		return nil, err
	}

	return inline, nil
}

// Abort throws away what was written.
func (w *Writer) Abort() error { return w.upload.abort() }
