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
)

// load writes the rows into a table, by the fastest way that the server allows. With replaces, a record takes the place of
// the one with which it shares a unique key.
func (w *writer) load(ctx context.Context, into source.Table, replaces bool) error {
	if w.session.server.localFiles {
		return w.loadFile(ctx, into, replaces)
	}

	return w.insert(ctx, into, replaces)
}

// loadFile writes the rows with LOAD DATA LOCAL INFILE, for which the library reads this process's own reader.
func (w *writer) loadFile(ctx context.Context, into source.Table, replaces bool) error {
	file := &loadFile{writer: w, next: func() (source.Record, error) { return w.next(ctx) }}
	name := "jobwright-" + uuid.NewString()

	mysql.RegisterReaderHandler(name, func() io.Reader { return file })
	defer mysql.DeregisterReaderHandler(name)

	before := w.count

	taken, err := w.session.change(ctx, w.loadStatement(name, into, replaces))
	if file.err != nil {
		err = file.err // The library may have met another one when it told the server.
	}

	if err != nil {
		return err
	}

	// A server that reads a client's file takes what is wrong in it for something to warn of, in its strictest mode too.
	if err := w.checkWarnings(ctx, 0); err != nil {
		return err
	}

	if sent := w.count - before; taken < sent {
		return w.skipped(sent - taken)
	}

	return nil
}

// skipped is the error for records that the server left out without a word: MySQL 5.6 does not warn of a key that is there.
func (w *writer) skipped(records int64) error {
	return w.invalid(fmt.Sprintf("the server skipped %d of the records: their keys are there, or they have no place in the table",
		records), "write records with other keys, or with upsert to change those that are there")
}

func (w *writer) loadStatement(name string, into source.Table, replaces bool) string {
	var columns, values []string

	for i, column := range w.columns {
		if !column.isHex {
			columns = append(columns, quote(column.column))

			continue
		}

		// The file is text; bytes that are no UTF-8 would be changed.
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

// loadChunk is about how much text is made of records at once.
const loadChunk = 64 << 10

// loadFile is the text that LOAD DATA reads, made of the records as it is read.
type loadFile struct {
	writer *writer
	next   func() (source.Record, error)
	buffer []byte
	left   []byte // Of the buffer: what was not read yet.
	value  []byte
	err    error // Why the text ends before the records do.
	ended  bool
}

// Read reads on in the text.
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

// fill makes the next part of the text.
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

		if record[i] == nil {
			if column.required {
				return f.writer.wrong(column.column, errRequired)
			}

			f.buffer = append(f.buffer, `\N`...)

			continue
		}

		var err error
		if f.value, err = column.encode(f.value[:0], record[i]); err != nil {
			return f.writer.wrong(column.column, err)
		}

		if column.isHex {
			f.buffer = hex.AppendEncode(f.buffer, f.value)
		} else {
			f.buffer = appendEscaped(f.buffer, f.value)
		}
	}

	f.buffer = append(f.buffer, '\n')

	return nil
}

// appendEscaped appends a value with a backslash before what has a meaning in LOAD DATA's text.
func appendEscaped(dst, value []byte) []byte {
	from := 0

	for i, c := range value {
		var escaped byte

		switch c {
		case '\t':
			escaped = 't'
		case '\n':
			escaped = 'n'
		case 0:
			escaped = '0'
		case '\\':
			escaped = '\\'
		default:
			continue
		}

		dst = append(append(dst, value[from:i]...), '\\', escaped)
		from = i + 1
	}

	return append(dst, value[from:]...)
}
