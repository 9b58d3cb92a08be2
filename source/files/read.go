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

// ReadTable streams the records of one file, or of all files that match a pattern, one after the other in the order of their
// names; all of them must have the same columns. In a pattern, * is any part of a name, ? any character, [a-z] one of these,
// {a,b} one of these parts, and ** any folders. Names that begin with a dot match none. The table's space is a folder. The
// context has to last until the rows are closed.
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

// rows streams the records of files, one after the other.
type rows struct {
	source *Source
	read   source.Read
	many   bool     // Whether places are told with the name of the file, because there may be several.
	names  []string // Of the files that are not opened yet.

	first  string        // The name of the first file with columns.
	schema source.Schema // Its columns.

	name    string // Of the current file.
	file    format.File
	current source.Rows

	count int   // How many files there are.
	end   error // Why the next file can't be read.
}

var (
	_ source.Locator = (*rows)(nil)
	_ source.Parts   = (*rows)(nil)
)

// open opens the next file that has columns, or the last one. Some formats have no columns where they have no records; such
// a file is not different from the others, but empty.
func (r *rows) open(ctx context.Context) error {
	for {
		if err := r.openNext(ctx); err != nil {
			return err
		}

		if len(r.current.Schema()) > 0 || len(r.names) == 0 {
			return nil
		}

		if err := r.leave(); err != nil {
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
	}

	return err
}

// leave closes a file that was read to its end.
func (r *rows) leave() error {
	r.source.done(r.read, r.name, r.source.store.Version(r.file))

	return r.Close()
}

// table names the current file as a table of its own, so that an error names the one of many in which it happened.
func (r *rows) table() source.Table {
	if !r.many {
		return r.read.Table
	}

	return source.Table{Space: r.read.Table.Space, Name: r.short()}
}

// short is the name of the current file within the table's space.
func (r *rows) short() string {
	return strings.TrimPrefix(r.name, path.Clean(r.read.Table.Space)+"/")
}

// reject returns the function that takes what can't be read of the current file.
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
		if err != io.EOF { //nolint:errorlint // An error that has io.EOF as its cause is not the end.
			return record, err
		}

		r.end = r.proceed(ctx)
	}

	return nil, r.end
}

// proceed goes on with the next file. The error is io.EOF when there is none.
func (r *rows) proceed(ctx context.Context) error {
	if err := r.leave(); err != nil {
		return err
	}

	if len(r.names) == 0 {
		return io.EOF
	}

	if err := r.open(ctx); err != nil {
		return err
	}

	columns := r.current.Schema()
	if len(columns) == 0 {
		return cmp.Or(r.leave(), io.EOF)
	}

	if difference := differs(r.schema, columns); difference != "" {
		return &source.Error{
			Code: source.CodeRecordInvalid, Source: r.source.name, Table: r.table().String(),
			Message: fmt.Sprintf("its columns are not those of %s: %s", r.first, difference),
			Hint:    "files that are read as one table need the same columns in the same order; read this one on its own",
		}
	}

	return nil
}

// differs tells the first difference between the columns of two files, or nothing.
func differs(first, other source.Schema) string {
	for i := range max(len(first), len(other)) {
		switch {
		case i >= len(other):
			return fmt.Sprintf("column %q is missing", first[i].Name)
		case i >= len(first):
			return fmt.Sprintf("there is a column %q more", other[i].Name)
		case first[i].Name != other[i].Name:
			return fmt.Sprintf("column %d is %q, and there it is %q", i+1, other[i].Name, first[i].Name)
		case first[i].Standard != other[i].Standard:
			return fmt.Sprintf("column %q is of type %s, and there it is of type %s",
				other[i].Name, other[i].Standard, first[i].Standard)
		}
	}

	return ""
}

// Location tells where the last record stood, with the name of its file where there may be several.
func (r *rows) Location() string {
	locator, isLocator := r.current.(source.Locator)

	switch {
	case !isLocator && r.many:
		return r.short()
	case !isLocator:
		return ""
	case r.many:
		return r.short() + ", " + locator.Location()
	}

	return locator.Location()
}

// Len returns how many files there are.
func (r *rows) Len() int { return r.count }

func (r *rows) Close() error { return r.source.named(r.current.Close(), r.table()) }
