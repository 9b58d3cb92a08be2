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

// CopyTable copies a table of another PostgreSQL, or of this one, without looking into its records: the one server's bytes
// go to the other. It can where each column's type is, or becomes by a cast of the reading server's, that of the target's
// column, and where records are not told by a key. Like that, NaN and infinite dates are copied too. An effect is recorded as
// [Source.WriteTable] does; where it is recorded already, nothing is read.
func (s *Source) CopyTable(
	ctx context.Context, from source.Reader, read source.Read, write source.Write, progress func(rows, bytes int64),
) (written source.Written, copied bool, err error) {
	origin, isPostgres := from.(*Source)
	if !isPostgres || write.Mode.Keyed() {
		return source.Written{}, false, nil
	}

	// What was read may be gone by now, so that it is not even looked at.
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

// errOtherTypes says that a table's columns are not of the types that the target's have.
var errOtherTypes = errors.New("the columns have other types")

// rawFeed feeds what another server sends.
type rawFeed struct {
	origin   *Source
	session  *session
	progress func(rows, bytes int64)
	read     source.Read
	table    *table
}

// describe learns the table's columns. To select from it keeps others from changing it until the session's end.
func (f *rawFeed) describe(ctx context.Context) error {
	if err := f.session.run(ctx, "SELECT FROM "+qualified(f.read.Table)+" LIMIT 0"); err != nil {
		return err
	}

	var err error
	f.table, err = f.session.find(ctx, f.read.Table)

	return err
}

// close ends the reading. It must not outlive the write's last step, which may wait for all who read the target.
func (f *rawFeed) close(ctx context.Context) { f.session.end(ctx) }

func (f *rawFeed) schema() source.Schema {
	schema := make(source.Schema, len(f.table.columns))
	for i, column := range f.table.columns {
		schema[i] = source.Column{Name: column.name, Native: column.native, Standard: column.standard()}
	}

	return schema
}

func (f *rawFeed) open(ctx context.Context, _ []string, into *table, places []int, _ bool) (stream, error) {
	selected := make([]string, len(places))
	for i, at := range places {
		if selected[i] = cast(f.table.columns[i], into.columns[at]); selected[i] == "" {
			return nil, errOtherTypes
		}
	}

	query := fmt.Sprintf("COPY (SELECT %s FROM %s) TO STDOUT (FORMAT binary)", strings.Join(selected, ", "), f.table.quoted())
	reader, writer := io.Pipe()
	raw := &rawStream{PipeReader: reader}

	raw.reading.Go(func() {
		// The server sends each record by itself.
		buffered := bufio.NewWriterSize(writer, 2*chunk)

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

// rawStream is what another server sends.
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

// copyTrailer is what ends a copy in binary form, in a message of its own.
const copyTrailer = "\xff\xff"

// counter tells how many records and bytes were written. The protocol sends "always one per row":
// https://www.postgresql.org/docs/15/protocol-flow.html#PROTOCOL-COPY.
type counter struct {
	io.Writer

	progress    func(rows, bytes int64)
	rows, bytes int64
}

func (c *counter) Write(record []byte) (int, error) {
	n, err := c.Writer.Write(record)
	c.bytes += int64(n)

	if string(record) != copyTrailer {
		c.rows++
	}

	if c.progress != nil {
		c.progress(c.rows, c.bytes)
	}

	return n, err
}

// cast returns the expression by which the reading server sends a column in the binary form of another one, holding what it
// would hold if each record were read and written, or "" where there is none.
func cast(from, to column) string {
	name := quote(from.name)

	_, isKnown := nativesByOID[from.oid]
	_, isArray := nativesByArray[from.oid]

	switch {
	case !isKnown && !isArray:
		return ""
	case from.oid == to.oid:
		if from.modifier == to.modifier || to.modifier < 0 || holdsDigits(from, to) {
			return name
		}

		return ""
	case to.modifier >= 0:
		return ""
	}

	return strings.ReplaceAll(casts[[2]uint32{from.oid, to.oid}], "column", name)
}

// holdsDigits reports whether a numeric holds every number of another one.
func holdsDigits(from, to column) bool {
	if from.oid != pgtype.NumericOID || from.modifier < 0 || to.modifier < 0 {
		return false
	}

	precision, scale := numericArguments(from.modifier)
	widePrecision, wideScale := numericArguments(to.modifier)

	return wideScale >= scale && widePrecision-wideScale >= precision-scale
}

// casts are those that lose nothing, between the numbers of two types.
var casts = map[[2]uint32]string{
	{pgtype.Int2OID, pgtype.Int4OID}:              "column::integer",
	{pgtype.Int2OID, pgtype.Int8OID}:              "column::bigint",
	{pgtype.Int4OID, pgtype.Int8OID}:              "column::bigint",
	{pgtype.OIDOID, pgtype.Int8OID}:               "column::bigint",
	{pgtype.Float4OID, pgtype.Float8OID}:          "column::text::double precision", // The number that looks the same.
	{pgtype.VarcharOID, pgtype.TextOID}:           "column::text",
	{pgtype.NameOID, pgtype.TextOID}:              "column::text",
	{pgtype.BPCharOID, pgtype.TextOID}:            "textin(bpcharout(column))", // With the blanks, which a cast would cut off.
	{pgtype.JSONBOID, pgtype.JSONOID}:             "column::json",
	{pgtype.Int2ArrayOID, pgtype.Int8ArrayOID}:    "column::bigint[]",
	{pgtype.Int4ArrayOID, pgtype.Int8ArrayOID}:    "column::bigint[]",
	{pgtype.VarcharArrayOID, pgtype.TextArrayOID}: "column::text[]",
}
