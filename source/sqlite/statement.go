package sqlite

import (
	"fmt"
	"strings"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// statement is a compiled statement.
type statement struct {
	c      *connection
	handle uintptr
}

// kind is one of the five ways in which SQLite stores a value (https://www.sqlite.org/datatype3.html).
type kind int32

const (
	storedInteger kind = sqlite3.SQLITE_INTEGER
	storedFloat   kind = sqlite3.SQLITE_FLOAT
	storedText    kind = sqlite3.SQLITE_TEXT
	storedBinary  kind = sqlite3.SQLITE_BLOB
	storedNull    kind = sqlite3.SQLITE_NULL
)

// stored is a value as SQLite holds it.
type stored struct {
	kind    kind
	integer int64
	float   float64
	bytes   []byte // Of a text and a binary: SQLite's memory until the statement's next step.
}

// native32 is the number of a column or a parameter as SQLite takes it.
func native32(number int) int32 { return int32(number) } //nolint:gosec // SQLite allows 32,766 of them.

// step runs the statement up to its next record. It reports whether there is one.
func (s *statement) step() (bool, error) {
	switch code := sqlite3.Xsqlite3_step(s.c.tls, s.handle); code {
	case sqlite3.SQLITE_ROW:
		return true, nil
	case sqlite3.SQLITE_DONE:
		return false, nil
	default:
		return false, s.c.failure(code)
	}
}

// reset lets the statement run anew. What it returns, step returned before.
func (s *statement) reset() { sqlite3.Xsqlite3_reset(s.c.tls, s.handle) }

// close gives the statement up. It may be called more than once.
func (s *statement) close() {
	sqlite3.Xsqlite3_finalize(s.c.tls, s.handle)
	s.handle = 0
}

// columns returns how many columns the statement's records have.
func (s *statement) columns() int { return int(sqlite3.Xsqlite3_column_count(s.c.tls, s.handle)) }

// column returns the name of a column, and the type with which it was declared where it is one of a table.
func (s *statement) column(i int) (name, declared string) {
	return libc.GoString(sqlite3.Xsqlite3_column_name(s.c.tls, s.handle, native32(i))),
		libc.GoString(sqlite3.Xsqlite3_column_decltype(s.c.tls, s.handle, native32(i)))
}

// parameters returns how many parameters the statement has.
func (s *statement) parameters() int {
	return int(sqlite3.Xsqlite3_bind_parameter_count(s.c.tls, s.handle))
}

// read stores a value of the record into value.
func (s *statement) read(i int, value *stored) {
	tls := s.c.tls
	native := sqlite3.Xsqlite3_column_value(tls, s.handle, native32(i))
	value.kind = kind(sqlite3.Xsqlite3_value_type(tls, native))

	switch value.kind {
	case storedInteger:
		value.integer = sqlite3.Xsqlite3_value_int64(tls, native)
	case storedFloat:
		value.float = sqlite3.Xsqlite3_value_double(tls, native)
	case storedText: // The length is asked for behind the text, which may be turned from UTF-16 into UTF-8.
		first := sqlite3.Xsqlite3_value_text(tls, native)
		value.bytes = bytesAt(first, int(sqlite3.Xsqlite3_value_bytes(tls, native)))
	case storedBinary:
		first := sqlite3.Xsqlite3_value_blob(tls, native)
		value.bytes = bytesAt(first, int(sqlite3.Xsqlite3_value_bytes(tls, native)))
	case storedNull:
	}
}

// text returns a value of the record as text, and a number as its digits.
func (s *statement) text(i int) string {
	first := sqlite3.Xsqlite3_column_text(s.c.tls, s.handle, native32(i))

	return string(bytesAt(first, int(sqlite3.Xsqlite3_column_bytes(s.c.tls, s.handle, native32(i)))))
}

// integer returns a value of the record that is an integer.
func (s *statement) integer(i int) int64 {
	return sqlite3.Xsqlite3_column_int64(s.c.tls, s.handle, native32(i))
}

// bind gives the statement's parameters their values, in the Go types of a query's bind.
func (s *statement) bind(values []any) error {
	if have := s.parameters(); have != len(values) {
		return &nativeError{
			code:    sqlite3.SQLITE_ERROR,
			message: fmt.Sprintf("there are %d parameters of another form than :name", have-len(values)),
		}
	}

	for i, value := range values {
		if err := s.bindOne(i+1, value); err != nil {
			return err
		}
	}

	return nil
}

func (s *statement) bindOne(number int, value any) error {
	bound := bound{kind: storedNull}

	switch v := value.(type) {
	case nil:
	case int64:
		bound.kind, bound.integer = storedInteger, v
	case bool:
		bound.kind, bound.integer = storedInteger, int64(libc.BoolInt32(v))
	case float64:
		bound.kind, bound.float = storedFloat, v
	case string:
		native, err := libc.CString(v)
		if err != nil {
			return err
		}
		defer libc.Xfree(s.c.tls, native)

		return s.check(sqlite3.Xsqlite3_bind_text64(
			s.c.tls, s.handle, native32(number), native, uint64(len(v)), sqlite3.SQLITE_TRANSIENT, sqlite3.SQLITE_UTF8))
	default:
		return &nativeError{code: sqlite3.SQLITE_ERROR, message: fmt.Sprintf("a %T can't be bound", value)}
	}

	return s.bindValue(number, &bound)
}

// bound is a value that is to be bound to a parameter. Its bytes stay where they are until the statement has run.
type bound struct {
	kind    kind
	integer int64
	float   float64
	address uintptr // Of a text and a binary.
	length  uint64
}

func (s *statement) bindValue(number int, value *bound) error {
	tls, at := s.c.tls, native32(number)

	switch value.kind {
	case storedInteger:
		return s.check(sqlite3.Xsqlite3_bind_int64(tls, s.handle, at, value.integer))
	case storedFloat:
		return s.check(sqlite3.Xsqlite3_bind_double(tls, s.handle, at, value.float))
	case storedText:
		return s.check(sqlite3.Xsqlite3_bind_text64(
			tls, s.handle, at, value.address, value.length, sqlite3.SQLITE_STATIC, sqlite3.SQLITE_UTF8))
	case storedBinary:
		return s.check(sqlite3.Xsqlite3_bind_blob64(
			tls, s.handle, at, value.address, value.length, sqlite3.SQLITE_STATIC))
	case storedNull:
	}

	return s.check(sqlite3.Xsqlite3_bind_null(tls, s.handle, at))
}

func (s *statement) check(code int32) error {
	if code != sqlite3.SQLITE_OK {
		return s.c.failure(code)
	}

	return nil
}

// quote writes a name as an SQL identifier.
func quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// quoted writes names as a list of SQL identifiers.
func quoted(names []string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = quote(name)
	}

	return strings.Join(list, ", ")
}
