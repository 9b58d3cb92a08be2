package parquet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"

	"github.com/jobwright/jobwright/source"
)

// freeBatches is the number of released batches that are used again.
const freeBatches = 8

// Batches returns the records in batches, unless a column contains lists.
func (r *Rows) Batches() source.Batches {
	if len(r.columns) == 0 || slices.ContainsFunc(r.columns, func(c column) bool { return c.list }) {
		return nil
	}

	return &batches{rows: r, free: make(chan *source.Batch, freeBatches)}
}

// batches reads pages into batches. If it can't read a batch, it continues with the rows of [Rows.Next], whose errors name the
// row, and which rejects invalid rows.
type batches struct {
	rows    *Rows
	cursors []*cursor // Of the open row group.
	at      int64     // The number of rows of the open row group that were read.
	free    chan *source.Batch
	single  source.Batches // Reads the remaining rows one by one; nil if there was no error.
}

// errRowsDiffer reports columns of a row group with different numbers of rows.
var errRowsDiffer = errors.New("the columns of a row group have different numbers of rows")

// NextBatch returns the next records.
func (b *batches) NextBatch(ctx context.Context) (*source.Batch, error) {
	for b.single == nil {
		if err := ctx.Err(); err != nil {
			return nil, err
		}

		if b.cursors == nil {
			if err := b.open(ctx); err != nil {
				return nil, err
			}
		}

		batch, err := b.read()
		if err == nil {
			return batch, nil
		}

		if err == io.EOF {
			b.close()
		} else if err := b.readSingle(); err != nil {
			return nil, err
		}
	}

	return b.single.NextBatch(ctx)
}

// open opens the next row group, or the one that [Rows.Next] has opened. The error is io.EOF after the last row group.
func (b *batches) open(ctx context.Context) error {
	r := b.rows

	if r.rows == nil && r.at == r.filled {
		if r.opened == len(r.groups) {
			return io.EOF
		}

		if err := verifyGroup(ctx, r.content, r.file, r.opened); err != nil {
			return r.damaged(ctx, err)
		}

		r.opened++
		r.begin = r.count
	}

	b.at = r.count - r.begin
	r.at, r.filled = 0, 0
	chunks := r.groups[r.opened-1].ColumnChunks()

	for i := range r.columns {
		b.cursors = append(b.cursors, &cursor{column: &r.columns[i], pages: chunks[r.columns[i].leaf].Pages(), skip: b.at})
	}

	return nil
}

// close closes the open row group.
func (b *batches) close() {
	for _, c := range b.cursors {
		c.close()
	}

	b.cursors = nil
	_ = b.rows.closeGroup() // Nothing is read from it any more.
}

// readSingle continues with the rows of [Rows.Next].
func (b *batches) readSingle() (err error) {
	r := b.rows
	defer recovered(&err)

	b.close()

	r.rows = r.groups[r.opened-1].Rows()
	if err := r.rows.SeekToRow(b.at); err != nil {
		return broken(fmt.Sprintf("after row %d: %v", r.count, err), err)
	}

	b.single = source.InBatches(r)

	return nil
}

// read reads the next batch of the open row group. The error is io.EOF after the last one. A batch ends where a page ends, and
// before its texts exceed [source.BatchBytes].
func (b *batches) read() (batch *source.Batch, err error) {
	defer recovered(&err)

	count, ended := source.BatchRecords, 0

	for _, c := range b.cursors {
		switch available, err := c.available(); {
		case err == io.EOF:
			ended++
		case err != nil:
			return nil, err
		default:
			count = min(count, available)
		}
	}

	switch {
	case ended == len(b.cursors):
		return nil, io.EOF
	case ended > 0:
		return nil, errRowsDiffer
	}

	for _, c := range b.cursors {
		count = c.limit(count)
	}

	batch = b.empty()

	for i, c := range b.cursors {
		if err := c.append(&batch.Columns[i], count); err != nil {
			return nil, err
		}
	}

	first := b.rows.count + 1
	batch.Len = count
	batch.Locate = func(i int) string { return fmt.Sprintf("row %d", first+int64(i)) }

	b.at += int64(count)
	b.rows.count += int64(count)

	return batch, nil
}

// empty returns a batch without records.
func (b *batches) empty() *source.Batch {
	var batch *source.Batch

	select {
	case batch = <-b.free:
	default:
		batch = source.NewBatch(b.rows.schema)
	}

	batch.Free = func(released *source.Batch) {
		if released.Size() > 2*source.BatchBytes { // The memory of an exceptionally large batch is not retained.
			return
		}

		released.Reset()

		select {
		case b.free <- released:
		default:
		}
	}

	return batch
}

// cursor reads the pages of a column.
type cursor struct {
	*column

	pages parquet.Pages
	skip  int64 // The number of rows before the first one that is read.

	page   parquet.Page
	rows   int             // The number of rows of the page.
	at     int             // The number of them that were read.
	levels []byte          // The definition level of each row; nil if the column is not optional.
	data   encoding.Values // The values that are not NULL, or their indexes in the dictionary.
	value  int             // The number of values that were read.

	entries *source.Vector // The entries of the dictionary; nil if the page has none.
	indexes []int32
	of      parquet.Dictionary // The dictionary of entries.

	single parquet.ValueReader // The values one by one, if the column has no function for many values.
	buffer []parquet.Value
}

func (c *cursor) close() {
	if c.page != nil {
		parquet.Release(c.page)
	}

	_ = c.pages.Close() // It was only read.
}

// available returns the number of rows that the page has left. It opens the next page if the page has ended, and returns io.EOF
// after the last page.
func (c *cursor) available() (int, error) {
	for c.at == c.rows {
		if c.page != nil {
			parquet.Release(c.page)
			c.page = nil
		}

		if c.skip > 0 {
			if err := c.pages.SeekToRow(c.skip); err != nil {
				return 0, err
			}

			c.skip = 0
		}

		page, err := c.pages.ReadPage()
		if err != nil {
			return 0, err
		}

		if err := c.start(page); err != nil {
			return 0, err
		}
	}

	return c.rows - c.at, nil
}

// start starts to read a page.
func (c *cursor) start(page parquet.Page) error {
	c.page, c.rows, c.at, c.value = page, int(page.NumRows()), 0, 0
	c.levels, c.single, c.indexes = page.DefinitionLevels(), nil, nil

	if c.many == nil {
		c.single = page.Values()

		return nil
	}

	c.data = page.Data()

	dictionary := page.Dictionary()
	if dictionary == nil {
		return nil
	}

	c.indexes = c.data.Int32()

	if dictionary == c.of {
		return nil
	}

	entries := dictionary.Page()
	c.entries, c.of = &source.Vector{Type: c.column.of.Type}, dictionary

	return c.many(c.entries, entries.Data(), 0, int(entries.NumValues()))
}

// notNull returns the definition level of a value that is not NULL.
func (c *cursor) notNull() byte {
	return byte(c.deepest) //nolint:gosec // The library has the levels of a page as bytes.
}

// limit returns the number of rows, at most count and at least one, whose texts do not exceed [source.BatchBytes].
func (c *cursor) limit(count int) int {
	if c.page.Type().Kind() != parquet.ByteArray {
		return count
	}

	if c.many == nil {
		if c.page.Size() <= source.BatchBytes && c.page.Dictionary() == nil {
			return count
		}

		return 1
	}

	var offsets []uint32
	if c.indexes == nil {
		_, offsets = c.data.ByteArray()
	}

	size, value := 0, c.value

	for i := range count {
		if len(c.levels) > 0 && c.levels[c.at+i] != c.notNull() {
			continue
		}

		if c.indexes != nil {
			size += len(c.entries.At(int(c.indexes[value])))
		} else {
			size += int(offsets[value+1] - offsets[value])
		}

		value++

		if size > source.BatchBytes {
			return max(i, 1)
		}
	}

	return count
}

// append appends the next count values of the page.
func (c *cursor) append(to *source.Vector, count int) error {
	from := c.at
	c.at += count

	if c.many == nil {
		return c.appendSingle(to, count)
	}

	if c.levels == nil {
		return c.appendValues(to, count)
	}

	levels, present := c.levels[from:from+count], c.notNull()
	if bytes.Count(levels, []byte{present}) == count {
		return c.appendValues(to, count)
	}

	for i := 0; i < count; {
		end := i
		for end < count && levels[end] == present {
			end++
		}

		if end > i {
			if err := c.appendValues(to, end-i); err != nil {
				return err
			}
		}

		for i = end; i < count && levels[i] != present; i++ {
			to.AppendNull()
		}
	}

	return nil
}

// appendValues appends the next count values that are not NULL.
func (c *cursor) appendValues(to *source.Vector, count int) error {
	from := c.value
	c.value += count

	if c.indexes != nil {
		appendEntries(to, c.entries, c.indexes[from:c.value])
	} else if err := c.many(to, c.data, from, c.value); err != nil {
		return err
	}

	to.Extended()

	return nil
}

// appendEntries appends the entries of a dictionary with the given indexes.
func appendEntries(to, entries *source.Vector, indexes []int32) {
	switch entries.Type {
	case source.Integer, source.Date, source.Time:
		for _, i := range indexes {
			to.Ints = append(to.Ints, entries.Ints[i])
		}
	case source.Float:
		for _, i := range indexes {
			to.Floats = append(to.Floats, entries.Floats[i])
		}
	case source.Datetime, source.Timestamp:
		for _, i := range indexes {
			to.Times = append(to.Times, entries.Times[i])
		}
	case source.Text, source.Decimal, source.Binary, source.JSON, source.UUID:
		for _, i := range indexes {
			to.Bytes = append(to.Bytes, entries.At(int(i))...)
			to.Ends = append(to.Ends, len(to.Bytes))
		}
	case source.Boolean, source.Array: // Their values are read one by one.
	}
}

// appendSingle appends the next count values one by one.
func (c *cursor) appendSingle(to *source.Vector, count int) error {
	if c.buffer == nil {
		c.buffer = make([]parquet.Value, batchRows)
	}

	for count > 0 {
		read, err := c.single.ReadValues(c.buffer[:min(count, len(c.buffer))])
		if read == 0 {
			return cmpOr(err, io.ErrUnexpectedEOF)
		}

		for _, value := range c.buffer[:read] {
			if value.IsNull() {
				to.AppendNull()

				continue
			}

			converted, err := c.column.value(value)
			if err != nil {
				return err
			}

			if err := to.Append(converted); err != nil {
				return err
			}
		}

		count -= read
	}

	return nil
}

func cmpOr(err, other error) error {
	if err == nil || err == io.EOF {
		return other
	}

	return err
}
