package file

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/jobwright/jobwright/source"
)

// readBuffer is how much of a file is read at once, in bytes.
const readBuffer = 256 << 10

// byteOrderMark may open a UTF-8 file that was written on Windows; it is not part of the first column's name.
const byteOrderMark = "\xef\xbb\xbf"

// csvRows streams the records of a CSV file (RFC 4180, UTF-8, first line with the column names). Every column is text.
type csvRows struct {
	source, table string
	file          io.Closer
	reader        *csv.Reader
	schema        source.Schema
	record        source.Record
	line          int
}

var (
	_ source.Rows    = (*csvRows)(nil)
	_ source.Locator = (*csvRows)(nil)
)

// readCSV reads the header of the CSV file and returns the stream of its records, which owns file.
func readCSV(sourceName, table string, file io.ReadCloser) (*csvRows, error) {
	buffered := bufio.NewReaderSize(file, readBuffer)
	if start, err := buffered.Peek(len(byteOrderMark)); err == nil && bytes.Equal(start, []byte(byteOrderMark)) {
		if _, err := buffered.Discard(len(byteOrderMark)); err != nil {
			return nil, err
		}
	}

	rows := &csvRows{source: sourceName, table: table, file: file, reader: csv.NewReader(buffered)}
	rows.reader.ReuseRecord = true

	header, err := rows.reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, &source.Error{
			Code: source.CodeRecordInvalid, Source: sourceName, Table: table,
			Message: "the file is empty", Hint: "its first line must name the columns",
		}
	}

	if err != nil {
		return nil, rows.readError(err)
	}

	seen := make(map[string]bool, len(header))

	for i, name := range header {
		if name == "" || seen[name] {
			return nil, &source.Error{
				Code: source.CodeRecordInvalid, Source: sourceName, Table: table,
				Message: fmt.Sprintf("line 1: column %d is named %q, which is empty or taken", i+1, name),
				Hint:    "give each column a name of its own",
			}
		}

		seen[name] = true

		rows.schema = append(rows.schema, source.Column{
			Name:   name,
			Native: source.NativeType{Name: "text", TypeStr: "text", Precision: -1},
			Type:   source.Text,
		})
	}

	rows.record = make(source.Record, len(header))

	return rows, nil
}

func (r *csvRows) Schema() source.Schema { return r.schema }

func (r *csvRows) Next(ctx context.Context) (source.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	fields, err := r.reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}

	if err != nil {
		return nil, r.readError(err)
	}

	r.line, _ = r.reader.FieldPos(0)

	for i, field := range fields {
		if !utf8.ValidString(field) {
			return nil, &source.Error{
				Code: source.CodeRecordInvalid, Source: r.source, Table: r.table,
				Message: fmt.Sprintf("%s, column %q: %q is not UTF-8", r.Location(), r.schema[i].Name, field),
				Hint:    "convert the file to UTF-8",
			}
		}

		r.record[i] = field
	}

	return r.record, nil
}

func (r *csvRows) Location() string { return fmt.Sprintf("line %d", r.line) }

func (r *csvRows) Close() error {
	if r.file == nil {
		return nil
	}

	err := r.file.Close()
	r.file = nil

	return err
}

// readError tells a mistake in the file, which trying again won't heal, from a failure to read it.
func (r *csvRows) readError(err error) error {
	var parseError *csv.ParseError
	if !errors.As(err, &parseError) {
		return &source.Error{
			Code: source.CodeUnavailable, Source: r.source, Table: r.table,
			Message: "the file can't be read: " + cause(err), Curable: true, Err: err,
		}
	}

	message := fmt.Sprintf("line %d, column %d: %v", parseError.Line, parseError.Column, parseError.Err)
	if errors.Is(err, csv.ErrFieldCount) {
		message = fmt.Sprintf("line %d has not as many fields as the first line, which has %d", parseError.Line, len(r.schema))
	}

	return &source.Error{
		Code: source.CodeRecordInvalid, Source: r.source, Table: r.table,
		Message: message, Hint: "correct the line; nothing was loaded", Err: err,
	}
}
