package activities

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"go.temporal.io/sdk/activity"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// rejects are the records of a load that could not be read. They are stored in a temporary file until the target is
// written, because a source may allow only one writer at a time.
type rejects struct {
	load   *load
	limit  scenario.RejectLimit
	file   *os.File // nil if the load has no rejectTable.
	buffer *bufio.Writer

	count    int64
	accepted int64         // Records that were read and not rejected.
	first    source.Reject // The first of them, for the message.
	exceeded *failure      // Set once there are too many.
}

// createRejects creates the temporary file, if the load has a rejectTable.
func (l *load) createRejects() (*rejects, error) {
	if l.params.RejectTable == "" {
		return &rejects{}, nil
	}

	limit, err := l.params.MaxRejected.Limit()
	if err != nil {
		return nil, err
	}

	file, err := os.CreateTemp("", "jobwright-rejects-*")
	if err != nil {
		return nil, rejectError(err)
	}

	// An unlinked file disappears with the process that has it open, even if the process is killed.
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(rejectError(err), file.Close())
	}

	return &rejects{load: l, limit: limit, file: file, buffer: bufio.NewWriter(file)}, nil
}

// rejectError reports an error of the temporary file without the path, which is internal to this machine.
func rejectError(err error) error {
	if pathError, ok := errors.AsType[*os.PathError](err); ok {
		err = pathError.Err
	}

	return fmt.Errorf("rejected records can't be stored temporarily: %w", err)
}

// add returns a function that stores a rejected record, or nil if the load has no rejectTable. The function returns an error
// after it has stored a record that exceeds the limit.
func (r *rejects) add() func(source.Reject) error {
	if r.file == nil {
		return nil
	}

	encoder := json.NewEncoder(r.buffer)

	return func(reject source.Reject) error {
		if err := encoder.Encode(reject); err != nil {
			return rejectError(err)
		}

		r.count++
		if r.count == 1 {
			r.first = source.Reject{Location: reject.Location, Message: reject.Message}
		}

		r.load.step.progress.rejected.Add(1)

		if r.limit.ExceededBy(r.count) {
			return r.exceed(fmt.Sprintf("more than %s records were rejected (maxRejected)", r.limit))
		}

		return nil
	}
}

// exceed returns the error of a load that has rejected too many records, unless an earlier attempt has written the target:
// the input may have changed since.
func (r *rejects) exceed(message string) error {
	if r.load.isWritten {
		return nil
	}

	params := r.load.params
	problem := source.Error{
		Source: params.Source, Table: r.load.read.Table.String(),
		Message: fmt.Sprintf("%s; the first: %s, %s", message, r.first.Location, r.first.Message),
		Hint:    "correct the records, which the table " + params.RejectTable + " contains, or increase maxRejected",
	}
	r.exceeded = &failure{code: job.CodeRejectedExceeded, rejected: r.count, err: errors.New(problem.Error())}

	return r.exceeded
}

// number returns the number of rejected records.
func (r *rejects) number() int64 { return r.count }

// report adds the rejected records to the worker's metrics.
func (r *rejects) report(ctx context.Context) {
	if r.count == 0 {
		return
	}

	tags := map[string]string{"app": r.load.step.app.ID, "operation": scenario.OpLoadTableFromSource}
	activity.GetMetricsHandler(ctx).WithTags(tags).Counter("jobwright_records_rejected").Inc(r.count)
}

// check returns rows whose end is an error if too many records were rejected, so that the target is not written.
func (r *rejects) check(rows source.Rows) source.Rows {
	if r.file == nil {
		return rows
	}

	return &checkedRows{rows, r}
}

type checkedRows struct {
	source.Rows

	rejects *rejects
}

func (c *checkedRows) Next(ctx context.Context) (source.Record, error) {
	record, err := c.Rows.Next(ctx)
	if err == nil {
		c.rejects.accepted++
	}

	return record, c.rejects.checkEnd(err)
}

// checkEnd returns the error of a read, or at the end of the records the error of a load that has rejected too many.
func (r *rejects) checkEnd(err error) error {
	read := r.accepted + r.count
	if err != io.EOF || !r.limit.ExceededAtEnd(r.count, read) {
		return err
	}

	message := fmt.Sprintf("%d of %d records were rejected, and maxRejected is %s", r.count, read, r.limit)
	if r.count == read {
		message = fmt.Sprintf("all records were rejected (%d)", read)
	}

	return cmp.Or(r.exceed(message), err)
}

func (c *checkedRows) Location() string { return source.Location(c.Rows, c.rejects.accepted) }

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

// The suffixes distinguish the idempotency key of the table of rejected records from that of the target. The key of a load that
// fails is another one, so that the next attempt, if there is one and it succeeds, writes the table again.
const (
	rejectsSuffix       = "#rejects"
	failedRejectsSuffix = "#rejects of a failed load"
)

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
	to.suffix = rejectsSuffix

	if rejects.exceeded != nil {
		to.suffix = failedRejectsSuffix
	}

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
