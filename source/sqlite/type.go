package sqlite

import (
	"encoding/base64"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jobwright/jobwright/source"
)

// declaration returns the type with which a column of standard type t is declared.
func declaration(t source.Type) string {
	switch t {
	case source.Text:
		return "TEXT"
	case source.Integer:
		return "INTEGER"
	case source.Float:
		return "REAL"
	case source.Boolean:
		return "BOOLEAN"
	case source.Date:
		return "DATE"
	case source.Timestamp:
		return "TIMESTAMP"
	case source.Binary:
		return "BLOB"
	}

	return ""
}

// standard returns the standard type of a column by its declared type, or "" where that says nothing: SQLite's rules of
// affinity (https://www.sqlite.org/datatype3.html), preceded by the three declared types that only a standard type can tell.
func standard(declared string) source.Type {
	name, _, _ := strings.Cut(strings.ToUpper(declared), "(")

	switch strings.TrimSpace(name) {
	case "BOOLEAN", "BOOL":
		return source.Boolean
	case "DATE":
		return source.Date
	case "DATETIME", "TIMESTAMP":
		return source.Timestamp
	}

	switch {
	case strings.Contains(name, "INT"):
		return source.Integer
	case strings.Contains(name, "CHAR"), strings.Contains(name, "CLOB"), strings.Contains(name, "TEXT"):
		return source.Text
	case strings.Contains(name, "BLOB"):
		return source.Binary
	case strings.Contains(name, "REAL"), strings.Contains(name, "FLOA"), strings.Contains(name, "DOUB"),
		strings.Contains(name, "DEC"), strings.Contains(name, "NUM"): // SQLite holds no exact fractions.
		return source.Float
	}

	return ""
}

// typeOf returns the standard type of a value of a column whose declared type says nothing.
func typeOf(value any) source.Type {
	switch value.(type) {
	case int64:
		return source.Integer
	case float64:
		return source.Float
	case []byte:
		return source.Binary
	}

	return source.Text
}

var typeArguments = regexp.MustCompile(`\((\d+)(?:\s*,\s*(\d+))?\)`)

// native describes a declared type, VARCHAR(20) for example.
func native(declared string) source.NativeType {
	name, _, _ := strings.Cut(declared, "(")
	described := source.NativeType{Name: strings.TrimSpace(name), TypeStr: declared, Precision: -1}

	if arguments := typeArguments.FindStringSubmatch(declared); arguments != nil {
		if precision, err := strconv.Atoi(arguments[1]); err == nil {
			described.Precision = precision
		}

		if scale, err := strconv.Atoi(arguments[2]); err == nil {
			described.Scale = scale
		}
	}

	return described
}

// fromSQLite turns a value that SQLite holds into the form that a record holds for type t. SQLite lets any column hold
// any value, so one that is not of its column's type is an error and never changed in silence.
func fromSQLite(t source.Type, value any) (any, error) {
	if value == nil {
		return nil, nil //nolint:nilnil // NULL is a value, and nil is how a record holds it.
	}

	switch t {
	case source.Text:
		if v, ok := value.(string); ok {
			return v, nil
		}
	case source.Integer:
		if v, ok := value.(int64); ok {
			return v, nil
		}
	case source.Float:
		return toFloat(value)
	case source.Boolean:
		if v, ok := value.(int64); ok && (v == 0 || v == 1) {
			return v == 1, nil
		}
	case source.Date, source.Timestamp:
		return toTime(value, t)
	case source.Binary:
		if v, ok := value.([]byte); ok {
			return v, nil
		}
	}

	return nil, typeError(t, value)
}

// timeLayouts are the forms of SQLite's own date functions (https://www.sqlite.org/lang_datefunc.html), which are in UTC,
// and RFC 3339.
var timeLayouts = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", time.DateOnly}

// toTime reads a time that the driver has read, or left as text because of the arguments of its column's type.
func toTime(value any, t source.Type) (any, error) {
	if v, ok := value.(time.Time); ok {
		return v, nil
	}

	text, _ := value.(string)
	for _, layout := range timeLayouts {
		if v, err := time.Parse(layout, text); err == nil {
			return v, nil
		}
	}

	return nil, typeError(t, value)
}

// exactInteger is the largest integer up to which every integer has a float of its own.
const exactInteger = 1 << 53

func toFloat(value any) (any, error) {
	switch v := value.(type) {
	case float64:
		return v, nil
	case int64:
		if -exactInteger <= v && v <= exactInteger {
			return float64(v), nil
		}
	}

	return nil, typeError(source.Float, value)
}

func typeError(t source.Type, value any) error {
	if binary, ok := value.([]byte); ok {
		value = base64.StdEncoding.EncodeToString(binary)
	}

	return fmt.Errorf("%v is not a value of type %s, which the column has", value, t)
}

// toSQLite turns a record's value into the form in which SQLite holds one of type t.
func toSQLite(t source.Type, value any) (any, error) {
	switch v := value.(type) {
	case float64:
		if math.IsNaN(v) {
			return nil, fmt.Errorf("SQLite can't hold NaN, it would become NULL")
		}
	case time.Time:
		if t == source.Date {
			return v.Format(time.DateOnly), nil
		}

		return v.Format(time.RFC3339Nano), nil
	}

	return value, nil
}
