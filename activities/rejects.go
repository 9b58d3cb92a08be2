package activities

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/jobwright/jobwright/source"
)

// rejects are the records of a load that could not be read. They wait in a file of this machine until the target is
// written, because a source may have but one writer at a time.
type rejects struct {
	file   *os.File // nil where there is no table for them.
	buffer *bufio.Writer
}

// rejects begins to collect, where the load has a table for it.
func (l *load) rejects() (*rejects, error) {
	if l.params.RejectTable == "" {
		return &rejects{}, nil
	}

	file, err := os.CreateTemp("", "jobwright-rejects-*")
	if err != nil {
		return nil, rejectError(err)
	}

	// It goes with its last user, also if that dies.
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(rejectError(err), file.Close())
	}

	return &rejects{file: file, buffer: bufio.NewWriter(file)}, nil
}

func rejectError(err error) error {
	return fmt.Errorf("rejected records can't be set aside: %w", withoutPath(err))
}

// withoutPath is an error of a file without the path, which is the machine's and not the caller's business.
func withoutPath(err error) error {
	if pathError, ok := errors.AsType[*os.PathError](err); ok {
		return pathError.Err
	}

	return err
}

// add returns what takes a rejected record, or nil where there is no table for them.
func (r *rejects) add() func(source.Reject) error {
	if r.file == nil {
		return nil
	}

	encoder := json.NewEncoder(r.buffer)

	return func(reject source.Reject) error {
		if err := encoder.Encode(reject); err != nil {
			return rejectError(err)
		}

		return nil
	}
}

// complete reads the records that the target did not ask for, because an earlier attempt has written them: what is rejected
// of them is still to be written.
func (r *rejects) complete(ctx context.Context, rows *countedRows) error {
	if r.file == nil || rows.ended {
		return nil
	}

	return each(ctx, rows, func(source.Record) error { return nil })
}

func (r *rejects) close() error {
	if r.file == nil {
		return nil
	}

	return r.file.Close()
}

// writeRejects makes the table of rejected records, also where there are none: what an earlier load rejected is past.
func (l *load) writeRejects(ctx context.Context, rejects *rejects) error {
	if rejects.file == nil {
		return nil
	}

	if err := rejects.buffer.Flush(); err != nil {
		return rejectError(err)
	}

	if _, err := rejects.file.Seek(0, io.SeekStart); err != nil {
		return rejectError(err)
	}

	to := l.target()
	to.write.Mode, to.write.Key = source.Replace, nil
	to.write.Table.Name = l.params.RejectTable
	to.part = "#rejects"

	_, err := l.write(ctx, to, &rejectRows{decoder: json.NewDecoder(bufio.NewReader(rejects.file))})

	return err
}

// rejectRows reads the rejected records back.
type rejectRows struct{ decoder *json.Decoder }

func (r *rejectRows) Schema() source.Schema {
	text := func(name string) source.Column {
		return source.Column{
			Name:     name,
			Native:   source.NativeType{Name: string(source.Text), TypeStr: string(source.Text), Precision: -1},
			Standard: source.Standard{Type: source.Text},
		}
	}

	return source.Schema{text("place"), text("mistake"), text("record")}
}

func (r *rejectRows) Next(ctx context.Context) (source.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	var reject source.Reject
	if err := r.decoder.Decode(&reject); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}

		return nil, rejectError(err)
	}

	return source.Record{reject.Location, reject.Message, reject.Text}, nil
}

func (r *rejectRows) Close() error { return nil }
