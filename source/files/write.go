package files

import (
	"bufio"
	"context"
	"io"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// buffer is how much is handed to a draft at once, in bytes.
const buffer = 256 << 10

// WriteTable writes rows to one file, which takes the place of the file that is there, all at once. [source.Append] and
// [source.Insert] write the records that are there first. They and [source.Refill] keep the columns that are there, in their
// types and their order. The modes that tell records by a key are not supported.
func (s *Source) WriteTable(ctx context.Context, write source.Write, rows source.Rows) (source.Written, error) {
	name, err := s.file(write.Table)
	if err != nil {
		return source.Written{}, err
	}

	file := &target{source: s, name: name, write: write}

	switch write.Mode {
	case source.Replace:
		return file.replace(ctx, rows)
	case source.Append, source.Insert, source.Refill:
		return file.extend(ctx, rows)
	case source.Upsert, source.Update, source.Delete:
	}

	return source.Written{}, &source.Error{
		Code: source.CodeOperationUnsupported, Source: s.name, Table: write.Table.String(),
		Message: "a file has no keys by which its records could be told, so that they can't be changed one by one",
		Hint:    "load the file into a database, change the records there, and write them to the file again",
	}
}

// target is the file that a table is written to.
type target struct {
	source *Source
	name   string
	write  source.Write
}

// replace writes a file of its own.
func (t *target) replace(ctx context.Context, rows source.Rows) (source.Written, error) {
	draft, err := t.source.store.Create(ctx, t.name)
	if err != nil {
		return source.Written{}, t.named(err)
	}

	return t.fill(ctx, draft, rows)
}

// extend writes a file that has the columns of the one that is there. It begins one where none is there and may be missing.
func (t *target) extend(ctx context.Context, added source.Rows) (source.Written, error) {
	there := &rows{
		source: t.source, read: source.Read{Table: t.write.Table, Format: t.write.Format}, names: []string{t.name},
	}

	err := there.open(ctx)
	if isMissing(err) && there.file == nil && t.write.Mode != source.Insert {
		return t.supersede(ctx, nil, added)
	}

	if err != nil {
		return source.Written{}, err
	}
	defer there.Close() //nolint:errcheck // Only read.

	there.schema = there.current.Schema()
	if len(there.schema) == 0 { // It is empty, in a format whose columns are those of its records.
		return t.supersede(ctx, there.file, added)
	}

	matched, err := match(added, there.schema, t.source.name, t.write.Table)
	if err != nil {
		return source.Written{}, err
	}

	there.schema = matched.schema // Some columns may have got their types only now.

	streams := []source.Rows{there, matched}
	if t.write.Mode == source.Refill {
		streams = streams[1:]
	}

	written, err := t.supersede(ctx, there.file, streams...)
	if err != nil {
		return source.Written{}, err
	}

	written.Conversions = append(matched.conversions, written.Conversions...)

	return written, nil
}

// supersede writes the records of streams to a file whose content rests on the old one.
func (t *target) supersede(ctx context.Context, old format.File, streams ...source.Rows) (source.Written, error) {
	draft, err := t.source.store.Supersede(ctx, t.name, old)
	if err != nil {
		return source.Written{}, t.named(err)
	}

	return t.fill(ctx, draft, streams...)
}

// fill writes the records of streams with the same columns to a draft and commits it, or aborts it. The number that it tells
// is that of the last stream's records.
func (t *target) fill(ctx context.Context, draft Draft, streams ...source.Rows) (source.Written, error) {
	written, err := t.encode(ctx, draft, streams)
	if err == nil {
		err = t.named(draft.Commit())
	}

	if err != nil {
		return source.Written{}, t.source.aborted(draft, err, t.write.Table)
	}

	return written, nil
}

// encode writes the records of streams to a draft, all of them in one table.
func (t *target) encode(ctx context.Context, draft Draft, streams []source.Rows) (written source.Written, err error) {
	buffered := bufio.NewWriterSize(draft, buffer)

	writer, err := format.NewWriter(buffered, t.name, t.write.Format, streams[0].Schema())
	if err != nil {
		return written, t.named(err)
	}

	for _, stream := range streams {
		if written.Rows, err = t.pour(ctx, writer, stream); err != nil {
			_ = writer.Close() // Frees what it holds; what it writes is aborted.

			return written, err
		}
	}

	if err := writer.Close(); err != nil {
		return written, t.named(err)
	}

	if converter, converts := writer.(format.Converter); converts {
		written.Conversions = converter.Conversions()
	}

	return written, t.named(buffered.Flush())
}

func (t *target) named(err error) error { return t.source.named(err, t.write.Table) }

// pour appends the records of rows, up to their end, and returns how many there were. An error of rows is returned as it is.
func (t *target) pour(ctx context.Context, into format.Writer, rows source.Rows) (count int64, err error) {
	for ; ; count++ {
		record, err := rows.Next(ctx)
		if err == io.EOF { //nolint:errorlint // An error that has io.EOF as its cause is not the end.
			return count, nil
		}

		if err != nil {
			return count, err
		}

		if err := into.Append(record); err != nil {
			return count, t.named(err)
		}
	}
}
