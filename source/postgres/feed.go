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
)

// feed is where the records of a write come from, as the bytes of a COPY.
type feed interface {
	// schema describes the records.
	schema() source.Schema

	// open starts the COPY of records into a table. places are the indexes of the table's columns for the columns of the
	// schema, negative for columns that are not copied. NULL in a column of key is an error. If numbered is true, the number of
	// the record follows as a further column.
	open(ctx context.Context, key []string, into *table, places []int, numbered bool) (stream, error)
}

// stream is the bytes of a COPY.
type stream interface {
	io.Reader

	// format is the COPY's option of that name.
	format() string

	// conversions are the columns that the table holds in another type.
	conversions() []source.Conversion

	// end ends the stream, also amidst a call of Read, and returns what went wrong with it.
	end() error
}

// recordFeed feeds records that any source has read.
type recordFeed struct {
	rows source.Rows
}

func (f *recordFeed) schema() source.Schema { return f.rows.Schema() }

func (f *recordFeed) open(ctx context.Context, key []string, into *table, places []int, numbered bool) (stream, error) {
	encoding := &encoding{ctx: ctx, rows: f.rows, numbered: numbered, binary: true}

	for i, at := range places {
		if at >= 0 {
			encoding.binary = encoding.binary && into.columns[at].isBinary()
			encoding.from = append(encoding.from, i)
		}
	}

	for _, i := range encoding.from {
		written, column := f.rows.Schema()[i], into.columns[places[i]]

		encode, err := fieldEncoder(written.Standard, column, encoding.binary)
		if err != nil {
			return nil, &source.Error{
				Code:    source.CodeRecordInvalid,
				Message: fmt.Sprintf("column %q is %s in the table: %v", written.Name, column.native.TypeStr, err),
				Hint:    "give the column another type, in columnTypes for example, or make the table anew",
				Err:     err,
			}
		}

		encoding.fields = append(encoding.fields, field{encode, slices.Contains(key, written.Name)})

		if to := column.standard(); written.Type != to.Type || written.Element != to.Element {
			encoding.converted = append(encoding.converted, source.Conversion{
				Column: written.Name, From: written.String(), To: column.native.TypeStr,
			})
		}
	}

	if encoding.binary { // A signature, no flags, and no further header.
		encoding.buffer = append(encoding.buffer, "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	}

	return encoding, nil
}

// isBinary reports whether this driver knows the binary form of the column's type.
func (c column) isBinary() bool {
	_, isKnown := nativesByOID[c.oid]
	_, isArray := nativesByArray[c.oid]

	return isKnown || isArray || c.enumeration
}

// fieldEncoder returns how values of a standard type are written to a column: converted where the column's type is another
// one, checked where the server would drop something of them, and encoded.
func fieldEncoder(from source.Standard, to column, inBinary bool) (encoder, error) {
	if of, isArray := nativesByArray[to.oid]; isArray {
		standard := source.Standard{Type: source.Array, Element: of.standard}
		element := chain(nil, checkerOf(of.oid, to.modifier), of.encode)
		encode := encodeArray(of.oid, element)

		if !inBinary {
			encode = showArray(chain(nil, checkerOf(of.oid, to.modifier), showText(source.Standard{Type: of.standard})))
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
		encode = showText(source.Standard{Type: of.standard})
	}

	convert, err := converterOf(from, source.Standard{Type: of.standard})

	return chain(convert, checkerOf(to.oid, to.modifier), encode), err
}

// chain is one encoder of three steps, of which the first two may be missing.
func chain(convert converter, check checker, encode encoder) encoder {
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

// chunk is about how many bytes are encoded at a time. While they are, the server works on those before.
const chunk = 64 * 1024

// field is how a column is written.
type field struct {
	encode encoder
	isKey  bool
}

// encoding is records as the bytes of a COPY. It is read by another goroutine than the one that ends it.
type encoding struct {
	ctx       context.Context //nolint:containedctx // An io.Reader takes none, and what it reads from needs one.
	rows      source.Rows
	from      []int // The places in a record of the fields.
	fields    []field
	converted []source.Conversion
	numbered  bool
	binary    bool

	mu     sync.Mutex
	buffer []byte // What is encoded, and
	sent   int    // how much of it was read.
	count  int64
	err    error // What ended the stream.
	ended  bool
}

func (e *encoding) format() string {
	if e.binary {
		return "binary"
	}

	return "text"
}

func (e *encoding) conversions() []source.Conversion { return e.converted }

// errAborted is what the server is told when a record can't be written: its log is no place for what is in records.
var errAborted = errors.New("the records that follow can't be written")

// Read encodes as many records as it takes.
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

// fill encodes records until there are enough, or none left, which is io.EOF.
func (e *encoding) fill() error {
	for len(e.buffer) < chunk {
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
			return e.invalid(i, nil, errors.New("it is NULL, but it belongs to the key that tells records apart"))
		}

		var err error
		if e.binary {
			buffer, err = encodeField(buffer, value, field.encode)
		} else {
			buffer, err = encodeLine(separate(buffer, i), value, field.encode)
		}

		if err != nil {
			return e.invalid(i, value, err)
		}
	}

	e.buffer = e.finish(buffer)

	return nil
}

func separate(buffer []byte, at int) []byte {
	if at == 0 {
		return buffer
	}

	return append(buffer, '\t')
}

// finish appends the record's number, where it has one, and what ends a record.
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

// invalid is the error for a value that the table can't hold.
func (e *encoding) invalid(at int, value any, err error) error {
	place := fmt.Sprintf("record %d", e.count)
	if locator, ok := e.rows.(source.Locator); ok {
		place = locator.Location()
	}

	column := e.rows.Schema()[e.from[at]]
	message := fmt.Sprintf("%s, column %q", place, column.Name)

	if text, failed := source.AppendText(nil, column.Standard, value); failed == nil {
		message += ", value " + source.Quote(strings.ToValidUTF8(string(text), "\uFFFD"))
	}

	return &source.Error{
		Code:    source.CodeRecordInvalid,
		Message: message + ": " + err.Error(),
		Hint:    "correct the value, or give the column a type that holds it",
		Err:     err,
	}
}
