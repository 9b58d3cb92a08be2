package postgres

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/jobwright/jobwright/source"
)

// CopyTable copies a table of a PostgreSQL source, which may be this one, without decoding its records: the bytes that one
// server sends are passed to the other. It reports false if the write has a keyed mode, or if a column has neither the type
// of the target's column nor a lossless cast to it. NaN and infinite dates are copied too. The copy is recorded in the ledger
// as by [Source.WriteTable]; if it is recorded already, no table is read.
func (s *Source) CopyTable(
	ctx context.Context, from source.Reader, read source.Read, write source.Write, progress func(rows int64, of source.Extent),
) (written source.Written, copied bool, err error) {
	origin, isPostgres := from.(*Source)
	if !isPostgres || write.Mode.Keyed() {
		return source.Written{}, false, nil
	}

	// If the copy is recorded, the table that was read may be gone.
	if written, copied, err := s.Recorded(ctx, write.IdempotencyKey); err != nil || copied {
		return written, copied, err
	}

	session, err := begin(ctx, origin.reading, beginReading)
	if err != nil {
		return source.Written{}, false, origin.classify(ctx, failure{err: err, table: read.Table, reading: true})
	}

	feed := &rawFeed{origin: origin, session: session, progress: progress, read: read}
	defer feed.close(ctx)

	if err := feed.describe(ctx); err != nil {
		return source.Written{}, false, origin.classify(ctx, failure{err: err, table: read.Table, reading: true})
	}

	written, err = s.write(ctx, write, feed)
	if errors.Is(err, errOtherTypes) {
		return source.Written{}, false, nil
	}

	return written, err == nil, err
}

// errOtherTypes reports that the columns of the two tables have different types.
var errOtherTypes = errors.New("the columns have other types")

// rawFeed is the bytes of a COPY that another server sends.
type rawFeed struct {
	origin   *Source
	session  *session
	progress func(rows int64, of source.Extent)
	read     source.Read
	table    *table
}

// describe describes the table. The SELECT locks its definition until the end of the session.
func (f *rawFeed) describe(ctx context.Context) error {
	if err := f.session.run(ctx, "SELECT FROM "+qualified(f.read.Table)+" LIMIT 0"); err != nil {
		return err
	}

	var err error
	f.table, err = f.session.describe(ctx, f.read.Table)

	return err
}

// close ends the session that reads. It must end before the last statement of the write, which may wait for readers of the
// target.
func (f *rawFeed) close(ctx context.Context) { f.session.end(ctx) }

func (f *rawFeed) schema() source.Schema {
	schema := make(source.Schema, len(f.table.columns))
	for i, column := range f.table.columns {
		schema[i] = source.Column{Name: column.name, Native: column.native, Standard: column.standard()}
	}

	return schema
}

func (f *rawFeed) open(ctx context.Context, _ []string, into *table, indexes []int, _ bool) (stream, error) {
	selected := make([]string, len(indexes))
	for i, at := range indexes {
		if selected[i] = cast(f.table.columns[i], into.columns[at]); selected[i] == "" {
			return nil, errOtherTypes
		}
	}

	query := fmt.Sprintf("COPY (SELECT %s FROM %s) TO STDOUT (FORMAT binary)", strings.Join(selected, ", "), f.table.quoted())
	reader, writer := io.Pipe()
	raw := &rawStream{PipeReader: reader}

	raw.reading.Go(func() {
		// The server sends each record in a message of its own.
		buffered := bufio.NewWriterSize(writer, 2*chunkSize)

		_, err := f.session.conn.CopyTo(ctx, &counter{Writer: buffered, progress: f.progress}, query)
		if err == nil {
			err = buffered.Flush()
		}

		if err != nil {
			raw.failed = f.origin.classify(ctx, failure{err: err, table: f.read.Table, reading: true})
		}

		f.close(ctx)

		if err != nil {
			err = errAborted
		}

		writer.CloseWithError(err)
	})

	return raw, nil
}

// rawStream is the stream of a [rawFeed].
type rawStream struct {
	*io.PipeReader

	reading sync.WaitGroup
	failed  error
}

func (*rawStream) format() string { return "binary" }

func (*rawStream) conversions() []source.Conversion { return nil }

func (r *rawStream) end() error {
	r.CloseWithError(errAborted)
	r.reading.Wait()

	return r.failed
}

// copyTrailer is the end of a COPY in binary form, which the server sends in a message of its own.
const copyTrailer = "\xff\xff"

// counter reports the number of records and bytes that were written. The server sends one message for each record, see
// https://www.postgresql.org/docs/15/protocol-flow.html#PROTOCOL-COPY.
type counter struct {
	io.Writer

	progress    func(rows int64, of source.Extent)
	rows, bytes int64
}

func (c *counter) Write(record []byte) (int, error) {
	n, err := c.Writer.Write(record)
	c.bytes += int64(n)

	if string(record) != copyTrailer {
		c.rows++
	}

	if c.progress != nil {
		c.progress(c.rows, source.Extent{Bytes: c.bytes})
	}

	return n, err
}

// cast returns the expression with which the reading server sends a column in the binary form of another column, with the
// same value as if the records were read and written, or "" if there is none.
func cast(from, to column) string {
	name := quote(from.name)

	_, isKnown := nativesByOID[from.oid]
	_, isArray := nativesByArray[from.oid]

	switch {
	case !isKnown && !isArray:
		return ""
	case from.oid == to.oid:
		if from.modifier == to.modifier || to.modifier < 0 || fitsDigits(from, to) {
			return name
		}

		return ""
	case to.modifier >= 0:
		return ""
	}

	return strings.ReplaceAll(casts[[2]uint32{from.oid, to.oid}], "column", name)
}

// fitsDigits reports whether every number of the numeric column from fits into the numeric column to.
func fitsDigits(from, to column) bool {
	if from.oid != pgtype.NumericOID || from.modifier < 0 || to.modifier < 0 {
		return false
	}

	precision, scale := numericArguments(from.modifier)
	toPrecision, toScale := numericArguments(to.modifier)

	return toScale >= scale && toPrecision-toScale >= precision-scale
}

// casts are the lossless casts, by the OIDs of two types.
var casts = map[[2]uint32]string{
	{pgtype.Int2OID, pgtype.Int4OID}:              "column::integer",
	{pgtype.Int2OID, pgtype.Int8OID}:              "column::bigint",
	{pgtype.Int4OID, pgtype.Int8OID}:              "column::bigint",
	{pgtype.OIDOID, pgtype.Int8OID}:               "column::bigint",
	{pgtype.Float4OID, pgtype.Float8OID}:          "column::text::double precision", // 0.1 stays 0.1.
	{pgtype.VarcharOID, pgtype.TextOID}:           "column::text",
	{pgtype.NameOID, pgtype.TextOID}:              "column::text",
	{pgtype.BPCharOID, pgtype.TextOID}:            "textin(bpcharout(column))", // A cast would remove trailing blanks.
	{pgtype.JSONBOID, pgtype.JSONOID}:             "column::json",
	{pgtype.Int2ArrayOID, pgtype.Int8ArrayOID}:    "column::bigint[]",
	{pgtype.Int4ArrayOID, pgtype.Int8ArrayOID}:    "column::bigint[]",
	{pgtype.VarcharArrayOID, pgtype.TextArrayOID}: "column::text[]",
}
