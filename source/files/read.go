package files

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// ReadTable streams the records of a file, or of all files that match a pattern, in the order of their names. All files must
// have the same columns, in the same order unless each record names them, as in JSON and XML. In a pattern, * matches any part
// of a name, ? any character, [a-z] one of these characters, {a,b} one of these parts, and ** any folders. Patterns ignore names
// that begin with a dot. The table's space is a folder. The context must last until the rows are closed.
func (s *Source) ReadTable(ctx context.Context, read source.Read) (source.Rows, error) {
	names, isPattern, err := s.files(ctx, read.Table)
	if err != nil {
		return nil, err
	}

	rows := &rows{source: s, read: read, many: isPattern, names: names, count: len(names)}
	if err := rows.open(ctx); err != nil {
		return nil, err
	}

	rows.first, rows.schema = rows.name, rows.current.Schema()

	return rows, nil
}

// rows streams the records of one file after another.
type rows struct {
	source *Source
	read   source.Read
	many   bool     // Whether the table's name is a pattern, so that locations include the name of the file.
	names  []string // The files that are not opened yet.

	first  string        // The name of the first file with columns.
	schema source.Schema // Its columns.

	name    string // The name of the current file.
	file    format.File
	current source.Rows

	count int   // The number of files.
	end   error // The error that every further call of Next returns.

	measure measure
}

var (
	_ source.Locator  = (*rows)(nil)
	_ source.Measured = (*rows)(nil)
	_ source.Parts    = (*rows)(nil)
)

// open opens the next file that has columns, or the last file. In some formats, a file without records has no columns; such a
// file is empty, which is not a mismatch of columns.
func (r *rows) open(ctx context.Context) error {
	for {
		if err := r.openNext(ctx); err != nil {
			return err
		}

		if len(r.current.Schema()) > 0 || len(r.names) == 0 {
			return nil
		}

		if err := r.finish(); err != nil {
			return err
		}
	}
}

func (r *rows) openNext(ctx context.Context) error {
	r.name, r.names = r.names[0], r.names[1:]

	var err error
	if r.file, err = r.source.store.Open(ctx, r.name); err != nil {
		return r.source.named(err, r.table())
	}

	read := r.read
	read.Table, read.Reject = r.table(), r.reject()

	current, err := format.Read(ctx, r.file, r.name, format.Options{Read: read, Source: r.source.name})
	if err == nil {
		r.current = current
		r.measure.begin(r.file, current)
	}

	return err
}

// finish closes the current file, which was read to its end, and reports it as done.
func (r *rows) finish() error {
	r.source.done(r.read, r.name, r.source.store.Version(r.file))
	r.measure.finish()

	return r.Close()
}

// table returns the current file as a table, so that an error names the file in which it happened.
func (r *rows) table() source.Table {
	if !r.many {
		return r.read.Table
	}

	return source.Table{Space: r.read.Table.Space, Name: r.short()}
}

// short returns the name of the current file relative to the table's space.
func (r *rows) short() string {
	return strings.TrimPrefix(r.name, path.Clean(r.read.Table.Space)+"/")
}

// reject returns the function that receives the invalid records of the current file.
func (r *rows) reject() func(source.Reject) error {
	if r.read.Reject == nil || !r.many {
		return r.read.Reject
	}

	name := r.short()

	return func(rejected source.Reject) error {
		rejected.Location = name + ", " + rejected.Location

		return r.read.Reject(rejected)
	}
}

func (r *rows) Schema() source.Schema { return r.schema }

func (r *rows) Next(ctx context.Context) (source.Record, error) {
	for r.end == nil {
		if err := ctx.Err(); err != nil {
			return nil, err
		}

		record, err := r.current.Next(ctx)
		if err != io.EOF {
			return record, err
		}

		r.end = r.openFollowing(ctx)
	}

	return nil, r.end
}

// openFollowing finishes the current file and opens the next one. It returns io.EOF after the last file.
func (r *rows) openFollowing(ctx context.Context) error {
	if err := r.finish(); err != nil {
		return err
	}

	if len(r.names) == 0 {
		return io.EOF
	}

	if err := r.open(ctx); err != nil {
		return err
	}

	if len(r.current.Schema()) == 0 {
		return cmp.Or(r.finish(), io.EOF)
	}

	r.current = format.InOrder(r.current, r.schema)
	columns := r.current.Schema()

	if difference := format.Difference(r.schema, columns); difference != "" {
		return &source.Error{
			Code: source.CodeRecordInvalid, Source: r.source.name, Table: r.table().String(),
			Message: fmt.Sprintf("its columns are not those of %s: %s", r.first, difference),
			Hint:    "files that are read as one table must have the same columns in the same order; read this file separately",
		}
	}

	return nil
}

// Location returns the location of the last record, with the name of its file if the table's name is a pattern.
func (r *rows) Location() string {
	location := source.Location(r.current, 0) // The rows of all formats know it.
	if r.many {
		return r.short() + ", " + location
	}

	return location
}

// Len returns the number of files.
func (r *rows) Len() int { return r.count }

// Extent returns the size of the files, and how much of them was read.
func (r *rows) Extent() source.Extent { return r.measure.extent(r.count) }

func (r *rows) Close() error { return r.source.named(r.current.Close(), r.table()) }
