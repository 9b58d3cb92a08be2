package files

import (
	"bufio"
	"context"
	"io"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// buffer is the size of the chunks that are written to a draft, in bytes.
const buffer = 256 << 10

// WriteTable writes rows to a file, which replaces an existing one atomically. [source.Append] and [source.Insert] copy the
// existing records first. They and [source.Refill] preserve the existing columns with their types and order. Modes with a key
// are not supported.
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
		Message: "a file has no keys, so single records can't be changed",
		Hint:    "load the file into a database, change the records there, and write them back to the file",
	}
}

// target is the file to which a table is written.
type target struct {
	source *Source
	name   string
	write  source.Write
}

// replace writes a new file.
func (t *target) replace(ctx context.Context, rows source.Rows) (source.Written, error) {
	draft, err := t.source.store.Create(ctx, t.name)
	if err != nil {
		return source.Written{}, t.named(err)
	}

	return t.fill(ctx, draft, rows)
}

// extend writes a file with the columns of the existing one. If none exists, it creates the file, unless the mode is Insert.
func (t *target) extend(ctx context.Context, added source.Rows) (source.Written, error) {
	existing := &rows{
		source: t.source, read: source.Read{Table: t.write.Table, Format: t.write.Format}, names: []string{t.name},
	}

	err := existing.open(ctx)
	if isMissing(err) && existing.file == nil && t.write.Mode != source.Insert {
		return t.supersede(ctx, nil, added)
	}

	if err != nil {
		return source.Written{}, err
	}
	defer existing.Close() //nolint:errcheck // Only read.

	existing.schema = existing.current.Schema()
	if len(existing.schema) == 0 { // An empty file, in a format that stores the columns with the records.
		return t.supersede(ctx, existing.file, added)
	}

	matched, err := match(added, existing.schema, t.source.name, t.write)
	if err != nil {
		return source.Written{}, err
	}

	existing.schema = matched.schema // match determines the types of columns that contain only null.

	streams := []source.Rows{existing, matched}
	if t.write.Mode == source.Refill {
		streams = streams[1:]
	}

	written, err := t.supersede(ctx, existing.file, streams...)
	if err != nil {
		return source.Written{}, err
	}

	written.Conversions = append(matched.conversions, written.Conversions...)

	return written, nil
}

// supersede writes the records of streams to a file whose content is derived from old.
func (t *target) supersede(ctx context.Context, old format.File, streams ...source.Rows) (source.Written, error) {
	draft, err := t.source.store.Supersede(ctx, t.name, old)
	if err != nil {
		return source.Written{}, t.named(err)
	}

	return t.fill(ctx, draft, streams...)
}

// fill writes the records of streams, which have the same columns, to a draft, and commits or aborts it. It returns the number
// of records of the last stream.
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

// encode writes the records of streams to a draft as one table.
func (t *target) encode(ctx context.Context, draft Draft, streams []source.Rows) (written source.Written, err error) {
	buffered := bufio.NewWriterSize(draft, buffer)

	writer, err := format.NewWriter(buffered, t.name, t.write.Format, streams[0].Schema())
	if err != nil {
		return written, t.named(err)
	}

	for _, stream := range streams {
		if written.Rows, err = t.appendAll(ctx, writer, stream); err != nil {
			_ = writer.Close() // It frees memory; its output is aborted.

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

// appendAll appends the records of rows and returns their number. An error of rows is returned unchanged.
func (t *target) appendAll(ctx context.Context, into format.Writer, rows source.Rows) (count int64, err error) {
	const checked = 256 // Records between two checks of the context, which rows need not watch.

	if batchWriter := format.BatchWriterOf(into); batchWriter != nil {
		if batches := source.BatchesOf(rows); batches != nil {
			return t.appendBatches(ctx, batchWriter, batches)
		}
	}

	for ; ; count++ {
		if count%checked == 0 && ctx.Err() != nil {
			return count, ctx.Err()
		}

		record, err := rows.Next(ctx)
		if err == io.EOF {
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
