package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
)

// feed opens the stream of a write's records.
type feed interface {
	// schema describes the records.
	schema() source.Schema

	// open starts a stream of records for a table. indexes are the indexes of the table's columns for the columns of the schema,
	// negative for columns that are not copied. NULL in a column of key is an error. If numbered is true, the number of the
	// record follows as a further column.
	open(ctx context.Context, key []string, into *table, indexes []int, numbered bool) (stream, error)
}

// stream is the input of a COPY.
type stream interface {
	io.Reader

	// format returns the option FORMAT of the COPY.
	format() string

	// conversions returns the columns that the table stores in another type.
	conversions() []source.Conversion

	// end ends the stream, also during a call of Read, and returns the error of the stream.
	end() error
}

// recordFeed encodes the records of any source.
type recordFeed struct {
	rows source.Rows
}

func (f *recordFeed) schema() source.Schema { return f.rows.Schema() }

func (f *recordFeed) open(ctx context.Context, key []string, into *table, indexes []int, numbered bool) (stream, error) {
	encoding := &encoding{ctx: ctx, rows: f.rows, numbered: numbered, binary: true}

	for i, at := range indexes {
		if at >= 0 {
			encoding.binary = encoding.binary && into.columns[at].isBinary()
			encoding.from = append(encoding.from, i)
		}
	}

	for _, i := range encoding.from {
		written, column := f.rows.Schema()[i], into.columns[indexes[i]]

		encode, err := fieldEncoder(written.Standard, column, encoding.binary)
		if err != nil {
			return nil, &source.Error{
				Code:    source.CodeRecordInvalid,
				Message: fmt.Sprintf("column %q has the type %s in the table: %v", written.Name, column.native.TypeStr, err),
				Hint:    "give the column another type in columnTypes, or replace the table",
				Err:     err,
			}
		}

		encoding.fields = append(encoding.fields, field{encode, slices.Contains(key, written.Name)})

		if to := column.standard(); written.Type != to.Type || written.Element != to.Element {
			encoding.converted = append(encoding.converted, written.ConvertedTo(column.native.TypeStr))
		}
	}

	if encoding.binary { // The signature, no flags and no header extension.
		encoding.buffer = append(encoding.buffer, "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	}

	return encoding, nil
}

// isBinary reports whether this driver encodes the binary form of the column's type.
func (c column) isBinary() bool {
	_, isKnown := nativesByOID[c.oid]
	_, isArray := nativesByArray[c.oid]

	return isKnown || isArray || c.enumeration
}

// fieldEncoder returns the encoder that writes values of a standard type to a column. It converts the values if the column
// has another standard type, and rejects values that the server would round or truncate.
func fieldEncoder(from source.Standard, to column, inBinary bool) (database.Encoder, error) {
	if of, isArray := nativesByArray[to.oid]; isArray {
		standard := source.Standard{Type: source.Array, Element: of.standard}
		element := chain(nil, checkerOf(of.oid, to.modifier), of.encode)
		encode := encodeArray(of.oid, element)

		if !inBinary {
			encode = arrayTextEncoder(chain(nil, checkerOf(of.oid, to.modifier), textEncoder(source.Standard{Type: of.standard})))
		}

		convert, err := converterOf(from, standard)

		return chain(convert, nil, encode), err
	}

	of, isKnown := nativesByOID[to.oid]
	if !isKnown {
		of = enumeration
	}

	encode := of.encode
	if !inBinary {
		encode = textEncoder(source.Standard{Type: of.standard})
	}

	convert, err := converterOf(from, source.Standard{Type: of.standard})

	return chain(convert, checkerOf(to.oid, to.modifier), encode), err
}

// chain returns an encoder that converts, checks and encodes a value. convert and check may be nil.
func chain(convert converter, check checker, encode database.Encoder) database.Encoder {
	if convert == nil && check == nil {
		return encode
	}

	return func(dst []byte, value any) ([]byte, error) {
		if convert != nil {
			var err error
			if value, err = convert(value); err != nil {
				return nil, err
			}
		}

		if check != nil {
			if err := check(value); err != nil {
				return nil, err
			}
		}

		return encode(dst, value)
	}
}

// chunkSize is the approximate number of bytes that are encoded at a time, while the server processes the previous ones.
const chunkSize = 64 * 1024

// field is a column of the stream.
type field struct {
	encode database.Encoder
	isKey  bool
}

// encoding is the stream of a [recordFeed]. One goroutine reads it, and another one ends it.
type encoding struct {
	ctx       context.Context //nolint:containedctx // io.Reader has no context, but source.Rows requires one.
	rows      source.Rows
	from      []int // The fields' indexes in a record.
	fields    []field
	converted []source.Conversion
	numbered  bool
	binary    bool

	mu     sync.Mutex
	buffer []byte // The encoded records.
	sent   int    // The number of bytes of buffer that were read.
	count  int64  // The number of records.
	err    error  // The reason why the stream has ended.
	ended  bool
}

func (e *encoding) format() string {
	if e.binary {
		return "binary"
	}

	return "text"
}

func (e *encoding) conversions() []source.Conversion { return e.converted }

// errAborted is the error that the server receives and may log if a record can't be encoded. It contains no values.
var errAborted = errors.New("the client could not encode the next record")

// Read returns encoded records, of which it encodes as many as necessary.
func (e *encoding) Read(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()

	if e.sent == len(e.buffer) && e.err == nil && !e.ended {
		e.buffer, e.sent = e.buffer[:0], 0
		e.err = e.fill()
	}

	switch {
	case e.ended, e.err != nil && e.err != io.EOF:
		return 0, errAborted
	case e.sent == len(e.buffer):
		return 0, io.EOF
	}

	n := copy(p, e.buffer[e.sent:])
	e.sent += n

	return n, nil
}

func (e *encoding) end() error {
	e.mu.Lock()
	defer e.mu.Unlock()

	e.ended = true

	if e.err == io.EOF {
		return nil
	}

	return e.err
}

// fill encodes about [chunkSize] bytes of records. It returns io.EOF after the last record.
func (e *encoding) fill() error {
	for len(e.buffer) < chunkSize {
		record, err := e.rows.Next(e.ctx)

		if err == io.EOF && e.binary {
			e.buffer = append(e.buffer, 0xff, 0xff)
		}

		if err != nil {
			return err
		}

		e.count++

		if err := e.append(record); err != nil {
			return err
		}
	}

	return nil
}

func (e *encoding) append(record source.Record) error {
	buffer := e.buffer

	if e.binary {
		fields := len(e.fields)
		if e.numbered {
			fields++
		}

		buffer = binary.BigEndian.AppendUint16(buffer, uint16(fields)) //nolint:gosec // A table has at most 1,600 columns.
	}

	for i, field := range e.fields {
		value := record[e.from[i]]

		if value == nil && field.isKey {
			return e.invalid(i, nil, errors.New("a column of the key is NULL"))
		}

		var err error
		if e.binary {
			buffer, err = encodeField(buffer, value, field.encode)
		} else {
			buffer, err = appendTextField(buffer, i, value, field.encode)
		}

		if err != nil {
			return e.invalid(i, value, err)
		}
	}

	e.buffer = e.finish(buffer)

	return nil
}

// finish appends the record's number, if the stream is numbered, and the end of the record.
func (e *encoding) finish(buffer []byte) []byte {
	switch {
	case e.numbered && e.binary:
		buffer = append(buffer, 0, 0, 0, 8)
		buffer = binary.BigEndian.AppendUint64(buffer, uint64(e.count)) //nolint:gosec // It is not negative.
	case e.numbered:
		buffer = fmt.Appendf(buffer, "\t%d", e.count)
	}

	if !e.binary {
		buffer = append(buffer, '\n')
	}

	return buffer
}

// invalid returns the error for a value that the table can't store.
func (e *encoding) invalid(at int, value any, err error) error {
	column := e.rows.Schema()[e.from[at]]
	message := fmt.Sprintf("%s, column %q", source.Location(e.rows, e.count), column.Name)

	if text, failed := source.AppendText(nil, column.Standard, value); failed == nil {
		message += ", value " + source.Quote(strings.ToValidUTF8(string(text), "\uFFFD"))
	}

	return &source.Error{
		Code:    source.CodeRecordInvalid,
		Message: message + ": " + err.Error(),
		Hint:    "correct the value, or change the type of the table's column",
		Err:     err,
	}
}
