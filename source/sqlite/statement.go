package sqlite

import (
	"fmt"
	"strconv"
	"strings"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
)

// statement is a prepared statement.
type statement struct {
	c      *connection
	sql    string
	handle uintptr

	isQuery bool // Whether [connection.prepareQuery] has compiled it.
	failed  bool // Whether a call of step has failed.
}

// storageClass is the storage class of a value (https://www.sqlite.org/datatype3.html).
type storageClass int32

const (
	classInteger storageClass = sqlite3.SQLITE_INTEGER
	classFloat   storageClass = sqlite3.SQLITE_FLOAT
	classText    storageClass = sqlite3.SQLITE_TEXT
	classBinary  storageClass = sqlite3.SQLITE_BLOB
	classNull    storageClass = sqlite3.SQLITE_NULL
)

// columnValue is a value of a record that a statement returned.
type columnValue struct {
	class   storageClass
	integer int64
	float   float64
	bytes   []byte // The text or binary, in SQLite's memory; valid until the statement's next step.
}

// size returns the size of a text or binary in bytes, and 0 for other values.
func (v *columnValue) size() int {
	if v.class == classText || v.class == classBinary {
		return len(v.bytes)
	}

	return 0
}

// parameter is a value to bind to a parameter of a statement.
type parameter struct {
	class   storageClass
	integer int64
	float   float64

	// The text or binary, in SQLite's memory. It must stay there until the statement has run.
	address uintptr
	length  uint64
}

// cInt converts the number of a column or parameter to C's int.
func cInt(number int) int32 { return int32(number) } //nolint:gosec // SQLite allows 32,766 parameters and 2,000 columns.

// step runs the statement up to its next record, and reports whether there is one.
func (s *statement) step() (bool, error) {
	switch code := sqlite3.Xsqlite3_step(s.c.tls, s.handle); code {
	case sqlite3.SQLITE_ROW:
		return true, nil
	case sqlite3.SQLITE_DONE:
		return false, nil
	default:
		s.failed = true

		return false, s.c.lastError(code)
	}
}

// reset makes the statement ready to run again. It ignores SQLite's result, which repeats the error of the last step.
func (s *statement) reset() { sqlite3.Xsqlite3_reset(s.c.tls, s.handle) }

// close frees the statement. Later calls do nothing.
func (s *statement) close() {
	sqlite3.Xsqlite3_finalize(s.c.tls, s.handle)
	s.handle = 0
}

// columnCount returns the number of columns of the statement's records.
func (s *statement) columnCount() int { return int(sqlite3.Xsqlite3_column_count(s.c.tls, s.handle)) }

// column returns the name of a column and, for a column of a table, its declared type.
func (s *statement) column(i int) (name, declared string) {
	return libc.GoString(sqlite3.Xsqlite3_column_name(s.c.tls, s.handle, cInt(i))),
		libc.GoString(sqlite3.Xsqlite3_column_decltype(s.c.tls, s.handle, cInt(i)))
}

// parameterCount returns the number of the statement's parameters.
func (s *statement) parameterCount() int {
	return int(sqlite3.Xsqlite3_bind_parameter_count(s.c.tls, s.handle))
}

// read stores column i of the current record into value. It allocates nothing.
func (s *statement) read(i int, value *columnValue) {
	tls := s.c.tls
	native := sqlite3.Xsqlite3_column_value(tls, s.handle, cInt(i))
	value.class = storageClass(sqlite3.Xsqlite3_value_type(tls, native))

	switch value.class {
	case classInteger:
		value.integer = sqlite3.Xsqlite3_value_int64(tls, native)
	case classFloat:
		value.float = sqlite3.Xsqlite3_value_double(tls, native)
	case classText: // Get the length after the text: value_text may convert UTF-16 to UTF-8.
		first := sqlite3.Xsqlite3_value_text(tls, native)
		value.bytes = bytesAt(first, int(sqlite3.Xsqlite3_value_bytes(tls, native)))
	case classBinary:
		first := sqlite3.Xsqlite3_value_blob(tls, native)
		value.bytes = bytesAt(first, int(sqlite3.Xsqlite3_value_bytes(tls, native)))
	case classNull:
	}
}

// text returns column i of the current record as text; a number as its digits.
func (s *statement) text(i int) string {
	first := sqlite3.Xsqlite3_column_text(s.c.tls, s.handle, cInt(i))

	return string(bytesAt(first, int(sqlite3.Xsqlite3_column_bytes(s.c.tls, s.handle, cInt(i)))))
}

// integer returns column i of the current record, an integer.
func (s *statement) integer(i int) int64 {
	return sqlite3.Xsqlite3_column_int64(s.c.tls, s.handle, cInt(i))
}

// bind binds values to all parameters of the statement. Their types are nil, bool, int64, float64 and string.
func (s *statement) bind(values []any) error {
	if count := s.parameterCount(); count != len(values) {
		return &nativeError{
			code:    sqlite3.SQLITE_ERROR,
			message: fmt.Sprintf("the statement has %d parameters of another form than :name", count-len(values)),
		}
	}

	for i, value := range values {
		if err := s.bindAny(i+1, value); err != nil {
			return err
		}
	}

	return nil
}

func (s *statement) bindAny(number int, value any) error {
	param := parameter{class: classNull}

	switch v := value.(type) {
	case nil:
	case int64:
		param.class, param.integer = classInteger, v
	case bool:
		param.class, param.integer = classInteger, int64(libc.BoolInt32(v))
	case float64:
		param.class, param.float = classFloat, v
	case source.Number:
		return s.bindAny(number, boundNumber(v))
	case string:
		native, err := libc.CString(v)
		if err != nil {
			return err
		}
		defer libc.Xfree(s.c.tls, native)

		return s.check(sqlite3.Xsqlite3_bind_text64(
			s.c.tls, s.handle, cInt(number), native, uint64(len(v)), sqlite3.SQLITE_TRANSIENT, sqlite3.SQLITE_UTF8))
	default:
		return &nativeError{code: sqlite3.SQLITE_ERROR, message: fmt.Sprintf("a %T can't be bound", value)}
	}

	return s.bindParameter(number, &param)
}

// boundNumber returns a decimal as an integer or a float that represents all its digits, or as text if there is none.
func boundNumber(decimal source.Number) any {
	if integer, err := strconv.ParseInt(string(decimal), 10, 64); err == nil {
		return integer
	}

	const digitsOfFloat = 15 // A float represents all decimals with so many digits.

	whole, fraction := decimal.Digits()
	if float, err := strconv.ParseFloat(string(decimal), 64); err == nil && whole+fraction <= digitsOfFloat {
		return float
	}

	return string(decimal)
}

// bindParameter binds a value to the parameter with the given number, which starts at 1.
func (s *statement) bindParameter(number int, value *parameter) error {
	tls, at := s.c.tls, cInt(number)

	switch value.class {
	case classInteger:
		return s.check(sqlite3.Xsqlite3_bind_int64(tls, s.handle, at, value.integer))
	case classFloat:
		return s.check(sqlite3.Xsqlite3_bind_double(tls, s.handle, at, value.float))
	case classText:
		return s.check(sqlite3.Xsqlite3_bind_text64(
			tls, s.handle, at, value.address, value.length, sqlite3.SQLITE_STATIC, sqlite3.SQLITE_UTF8))
	case classBinary:
		return s.check(sqlite3.Xsqlite3_bind_blob64(
			tls, s.handle, at, value.address, value.length, sqlite3.SQLITE_STATIC))
	case classNull:
	}

	return s.check(sqlite3.Xsqlite3_bind_null(tls, s.handle, at))
}

func (s *statement) check(code int32) error {
	if code != sqlite3.SQLITE_OK {
		return s.c.lastError(code)
	}

	return nil
}

// quote returns a name as an SQL identifier.
func quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// quoted returns names as a list of SQL identifiers.
func quoted(names []string) string { return database.Join(names, ", ", quote) }
