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

// rejects are the records of a load that could not be read. They are stored in a temporary file until the target is
// written, because a source may allow only one writer at a time.
type rejects struct {
	file   *os.File // nil if the load has no rejectTable.
	buffer *bufio.Writer
}

// createRejects creates the temporary file, if the load has a rejectTable.
func (l *load) createRejects() (*rejects, error) {
	if l.params.RejectTable == "" {
		return &rejects{}, nil
	}

	file, err := os.CreateTemp("", "jobwright-rejects-*")
	if err != nil {
		return nil, rejectError(err)
	}

	// An unlinked file disappears with the process that has it open, even if the process is killed.
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(rejectError(err), file.Close())
	}

	return &rejects{file: file, buffer: bufio.NewWriter(file)}, nil
}

// rejectError reports an error of the temporary file without the path, which is internal to this machine.
func rejectError(err error) error {
	if pathError, ok := errors.AsType[*os.PathError](err); ok {
		err = pathError.Err
	}

	return fmt.Errorf("rejected records can't be stored temporarily: %w", err)
}

// add returns a function that stores a rejected record, or nil if the load has no rejectTable.
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

// readRest reads the records that the target did not request because an earlier attempt has written them: their rejects
// are still to be written.
func (r *rejects) readRest(ctx context.Context, rows *countedRows) error {
	if r.file == nil || rows.ended {
		return nil
	}

	return forEach(ctx, rows, func(source.Record) error { return nil })
}

func (r *rejects) close() error {
	if r.file == nil {
		return nil
	}

	return r.file.Close()
}

// writeRejects replaces the rejectTable with the rejected records, even if there are none: the rejects of an earlier load
// are obsolete.
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
	to.suffix = "#rejects"

	_, err := l.step.write(ctx, to, &rejectRows{decoder: json.NewDecoder(bufio.NewReader(rejects.file))})

	return err
}

// rejectRows reads the rejected records from the temporary file.
type rejectRows struct{ decoder *json.Decoder }

func (r *rejectRows) Schema() source.Schema {
	text := source.Standard{Type: source.Text}

	return source.Schema{newColumn("place", text), newColumn("mistake", text), newColumn("record", text)}
}

func (r *rejectRows) Next(ctx context.Context) (source.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	var reject source.Reject
	if err := r.decoder.Decode(&reject); err != nil {
		if err == io.EOF {
			return nil, io.EOF
		}

		return nil, rejectError(err)
	}

	return source.Record{reject.Location, reject.Message, reject.Text}, nil
}

func (r *rejectRows) Close() error { return nil }
