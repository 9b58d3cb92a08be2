package parquet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/internal/content"
)

// batchRows is the number of rows that are decoded together.
const batchRows = 256

// Rows streams the records of a file by row groups. It keeps a page of each column in memory.
type Rows struct {
	content io.ReaderAt
	file    *parquet.File
	columns []column
	schema  source.Schema
	reject  func(source.Reject) error

	groups []parquet.RowGroup // All row groups.
	opened int                // The number of row groups that were opened.
	begin  int64              // The number of rows before the row group that was opened last.
	rows   parquet.Rows       // The rows of the open row group.
	buffer []parquet.Row
	at     int // The index of the next row in buffer.
	filled int
	count  int64
	record source.Record
}

var (
	_ source.Rows    = (*Rows)(nil)
	_ source.Locator = (*Rows)(nil)
)

// column describes how a column is read from a leaf.
type column struct {
	reading

	leaf    int // The number of the leaf.
	many    many
	list    bool
	present int // The smallest definition level of a value or list that is not NULL.
	filled  int // The smallest definition level of a list with entries.
	deepest int // The definition level of an entry that is not NULL.
}

// NewReader reads the schema of a file, and returns its records. A column is a leaf of the schema, or a list of leaves. A
// file with other nested columns is refused. The format has no fields for Parquet.
func NewReader(from io.ReaderAt, size int64, read source.Read) (rows *Rows, err error) {
	defer recovered(&err)

	if err := verifyFooter(from, size); err != nil {
		return nil, broken("the file is not a valid Parquet file: "+err.Error(), err)
	}

	file, err := parquet.OpenFile(from, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, broken("the file is not a valid Parquet file: "+err.Error(), err)
	}

	rows = &Rows{
		content: from, file: file, reject: read.Reject, groups: file.RowGroups(), buffer: make([]parquet.Row, batchRows),
	}

	fields := file.Schema().Fields()
	if len(fields) > source.MaxColumns {
		return nil, source.TooManyColumns()
	}

	for _, field := range fields {
		if err := rows.add(field); err != nil {
			return nil, err
		}
	}

	rows.record = make(source.Record, len(rows.columns))

	return rows, nil
}

// recovered converts a panic to an error, because the library does not verify all metadata of a file.
func recovered(err *error) { //nolint:gocritic // A deferred function sets the result.
	if panicked := recover(); panicked != nil { //nolint:revive // The function is deferred.
		*err = broken(fmt.Sprintf("the file is not a valid Parquet file: %v", panicked), nil)
	}
}

func broken(message string, err error) error {
	return &source.Error{Code: source.CodeRecordInvalid, Message: message, Err: err}
}

// add adds the column of a field of the schema.
func (r *Rows) add(field parquet.Field) error {
	path, list := []string{field.Name()}, false

	if !field.Leaf() {
		inner, isList := listPath(field)
		if !isList {
			return content.Invalid(fmt.Sprintf("the column %q contains objects, which a table cannot represent", field.Name()),
				"write the file with columns of scalar values, or of lists of them")
		}

		path, list = append(path, inner...), true
	}

	leaf, found := r.file.Schema().Lookup(path...)
	if !found {
		return broken(fmt.Sprintf("the column %q is not in the file", field.Name()), nil)
	}

	added := column{
		reading: readingOf(leaf.Node.Type()), many: manyOf(leaf.Node.Type()), leaf: leaf.ColumnIndex, list: list,
	}
	added.deepest = leaf.MaxDefinitionLevel
	added.present = added.deepest

	of := added.of

	if list || field.Repeated() {
		added.list, of = true, source.Standard{Type: source.Array, Element: added.of.Type}
		added.present, added.filled = 0, 1

		if field.Optional() {
			added.present, added.filled = 1, 2
		}
	}

	native := leaf.Node.Type().String()
	name, _, _ := strings.Cut(native, "(")

	r.columns = append(r.columns, added)
	r.schema = append(r.schema, source.Column{
		Name:     field.Name(),
		Native:   source.NativeType{Name: name, TypeStr: native, Precision: -1},
		Standard: of,
	})

	return nil
}

// listPath returns the path from a list to its entries, in the structure of three levels or in that of two levels of
// older writers (https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists).
func listPath(field parquet.Field) (path []string, isList bool) {
	inner := field.Fields()
	if len(inner) != 1 || !inner[0].Repeated() {
		return nil, false
	}

	if inner[0].Leaf() {
		return []string{inner[0].Name()}, true
	}

	entries := inner[0].Fields()
	if len(entries) != 1 || !entries[0].Leaf() || entries[0].Repeated() {
		return nil, false
	}

	return []string{inner[0].Name(), entries[0].Name()}, true
}

// Schema returns the columns of the file.
func (r *Rows) Schema() source.Schema { return r.schema }

// Location returns the number of the last row.
func (r *Rows) Location() string { return fmt.Sprintf("row %d", r.count) }

// Next returns the next record.
func (r *Rows) Next(ctx context.Context) (record source.Record, err error) {
	defer recovered(&err)

	for {
		if r.at == r.filled {
			if err := r.fill(ctx); err != nil {
				return nil, err
			}
		}

		row := r.buffer[r.at]
		r.at++
		r.count++

		problem := r.read(row)
		if problem == nil {
			return r.record, nil
		}

		if r.reject == nil {
			return nil, problem
		}

		err := r.reject(source.Reject{
			Location: r.Location(), Message: strings.TrimPrefix(problem.Message, r.Location()+", "), Text: fmt.Sprint(row),
		})
		if err != nil {
			return nil, err
		}
	}
}

// fill decodes the next rows. The error is io.EOF after the last row.
func (r *Rows) fill(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}

	for {
		if r.rows == nil {
			if r.opened == len(r.groups) {
				return io.EOF
			}

			if err := verifyGroup(ctx, r.content, r.file, r.opened); err != nil {
				return r.damaged(ctx, err)
			}

			r.rows = r.groups[r.opened].Rows()
			r.opened++
			r.begin = r.count
		}

		count, err := r.rows.ReadRows(r.buffer)
		if err != nil && err != io.EOF {
			return broken(fmt.Sprintf("after row %d: %v", r.count, err), err)
		}

		ended := err == io.EOF
		if ended {
			if err := r.closeGroup(); err != nil {
				return err
			}
		}

		if r.at, r.filled = 0, count; count > 0 {
			return nil
		}

		if !ended {
			return broken(fmt.Sprintf("after row %d: the file ends early", r.count), nil)
		}
	}
}

// damaged returns the error of a row group that cannot be read.
func (r *Rows) damaged(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}

	return broken(fmt.Sprintf("after row %d: %v", r.count, err), err)
}

// read converts the values of a row.
func (r *Rows) read(row parquet.Row) *source.Error {
	at := 0

	for i := range r.columns {
		column := &r.columns[i]

		begin := at
		for at < len(row) && row[at].Column() == column.leaf {
			at++
		}

		value, err := column.convert(row[begin:at])
		if err != nil {
			return &source.Error{
				Code: source.CodeRecordInvalid, Err: err,
				Message: fmt.Sprintf("%s, column %q: %v", r.Location(), r.schema[i].Name, err),
			}
		}

		r.record[i] = value
	}

	return nil
}

// convert converts the values of a leaf in a row.
func (c *column) convert(values []parquet.Value) (any, error) {
	switch {
	case len(values) == 0:
		return nil, errors.New("the row has no value")
	case !c.list:
		if values[0].IsNull() {
			return nil, nil //nolint:nilnil // NULL is a value.
		}

		return c.value(values[0])
	case values[0].DefinitionLevel() < c.present:
		return nil, nil //nolint:nilnil // NULL is a value.
	case values[0].DefinitionLevel() < c.filled:
		return []any{}, nil
	}

	list := make([]any, len(values))

	for i, value := range values {
		if value.DefinitionLevel() < c.deepest {
			continue
		}

		var err error
		if list[i], err = c.value(value); err != nil {
			return nil, err
		}
	}

	return list, nil
}

func (r *Rows) closeGroup() error {
	if r.rows == nil {
		return nil
	}

	err := r.rows.Close()
	r.rows = nil

	return err
}

// Close closes the open row group.
func (r *Rows) Close() error { return r.closeGroup() }
