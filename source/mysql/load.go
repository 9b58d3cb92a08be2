package mysql

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/google/uuid"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
)

// load writes the rows to a table by the fastest method that the server allows. With replaces, a record replaces existing
// records with the same unique key.
func (w *writer) load(ctx context.Context, into source.Table, replaces bool) error {
	if w.session.server.localFiles {
		return w.loadFile(ctx, into, replaces)
	}

	return w.insert(ctx, into, replaces)
}

// loadFile writes the rows with LOAD DATA LOCAL INFILE. The library sends the content of a reader of this process.
func (w *writer) loadFile(ctx context.Context, into source.Table, replaces bool) error {
	file := &loadFile{writer: w, next: func() (source.Record, error) { return w.next(ctx) }}
	name := "jobwright-" + uuid.NewString()

	mysql.RegisterReaderHandler(name, func() io.Reader { return file })
	defer mysql.DeregisterReaderHandler(name)

	before := w.count

	stored, err := w.session.change(ctx, w.loadStatement(name, into, replaces))
	if file.err != nil {
		err = file.err // The library may return a later error.
	}

	if err != nil {
		return err
	}

	// With LOAD DATA LOCAL, the server reports invalid values as warnings, even in its strictest mode.
	if err := w.checkWarnings(ctx, 0); err != nil {
		return err
	}

	if sent := w.count - before; stored < sent {
		return w.skippedError(sent - stored)
	}

	return nil
}

// skippedError returns the error for records that the server skipped without a warning.
func (w *writer) skippedError(records int64) error {
	return w.invalid(
		fmt.Sprintf("the server skipped %d of the records: their keys exist, or no partition of the table accepts them", records),
		"write records with other keys, or use upsert to update existing records")
}

// loadStatement returns the LOAD DATA statement that reads the reader with that name.
func (w *writer) loadStatement(name string, into source.Table, replaces bool) string {
	var columns, values []string

	for i, column := range w.columns {
		if !column.isHex {
			columns = append(columns, quote(column.column))

			continue
		}

		// The file is text: the server would change bytes that are not UTF-8.
		variable := "@v" + strconv.Itoa(i)
		columns = append(columns, variable)
		values = append(values, quote(column.column)+" = UNHEX("+variable+")")
	}

	statement := "LOAD DATA LOCAL INFILE 'Reader::" + name + "' "
	if replaces {
		statement += "REPLACE "
	}

	statement += "INTO TABLE " + quoteTable(into) + ` CHARACTER SET utf8mb4 FIELDS TERMINATED BY '\t' ESCAPED BY '\\' ` +
		`LINES TERMINATED BY '\n' (` + strings.Join(columns, ", ") + ")"
	if len(values) > 0 {
		statement += " SET " + strings.Join(values, ", ")
	}

	return statement
}

// loadChunk is the approximate size of the text that fill encodes.
const loadChunk = 64 << 10

// loadFile is the text that LOAD DATA reads. It encodes the records while it is read.
type loadFile struct {
	writer *writer
	next   func() (source.Record, error)
	buffer []byte
	left   []byte // The part of the buffer that has not been read.
	value  []byte
	err    error // The error that ended the text early.
	ended  bool
}

// Read implements io.Reader.
func (f *loadFile) Read(p []byte) (int, error) {
	for len(f.left) == 0 {
		switch {
		case f.err != nil:
			return 0, f.err
		case f.ended:
			return 0, io.EOF
		}

		f.fill()
	}

	count := copy(p, f.left)
	f.left = f.left[count:]

	return count, nil
}

// fill encodes the next records.
func (f *loadFile) fill() {
	f.buffer = f.buffer[:0]

	for len(f.buffer) < loadChunk {
		record, err := f.next()
		if err == io.EOF {
			f.ended = true

			break
		}

		if err == nil {
			err = f.append(record)
		}

		if err != nil {
			f.err = err

			return
		}
	}

	f.left = f.buffer
}

// append appends a record as a line.
func (f *loadFile) append(record source.Record) error {
	for i := range f.writer.columns {
		column := &f.writer.columns[i]

		if i > 0 {
			f.buffer = append(f.buffer, '\t')
		}

		var err error
		if f.value, err = f.writer.encode(f.value[:0], column, record[i]); err != nil {
			return err
		}

		switch {
		case record[i] == nil:
			f.buffer = append(f.buffer, `\N`...)
		case column.isHex:
			f.buffer = hex.AppendEncode(f.buffer, f.value)
		default:
			f.buffer = escapes.Append(f.buffer, f.value)
		}
	}

	f.buffer = append(f.buffer, '\n')

	return nil
}

// escapes are LOAD DATA's.
var escapes = database.Escapes{'\t': 't', '\n': 'n', 0: '0', '\\': '\\'}
