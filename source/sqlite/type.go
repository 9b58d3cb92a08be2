package sqlite

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// exactDigits is the number of decimal digits that every float represents exactly (DBL_DIG in C).
const exactDigits = 15

// declarations maps standard types, except arrays and decimals, to the declared types of their columns. A name that contains
// TEXT prevents SQLite from converting text that looks like a number
// (https://www.sqlite.org/datatype3.html#determination_of_column_affinity).
var declarations = map[source.Type]string{
	source.Text:      "TEXT",
	source.Integer:   "INTEGER",
	source.Float:     "REAL",
	source.Boolean:   "BOOLEAN",
	source.Date:      "DATE",
	source.Time:      "TIME",
	source.Datetime:  "DATETIME",
	source.Timestamp: "TIMESTAMP",
	source.Binary:    "BLOB",
	source.JSON:      "JSON_TEXT",
	source.UUID:      "UUID",
}

// DecimalDigits implements [source.DecimalLimiter].
func (s *Source) DecimalDigits() int { return exactDigits }

// decimalText is the declared type of a column of decimals with more digits than SQLite's numbers.
const decimalText = "DECIMAL_TEXT"

// declaration returns the declared type of a column of a standard type.
func declaration(of source.Standard) string {
	switch {
	case of.Type == source.Array:
		return cmp.Or(declarations[of.Element], decimalText) + "[]"
	case of.Type != source.Decimal:
		return declarations[of.Type]
	case of.Precision == 0:
		return decimalText
	case of.Precision <= exactDigits:
		return fmt.Sprintf("DECIMAL(%d,%d)", of.Precision, of.Scale)
	}

	return fmt.Sprintf("%s(%d,%d)", decimalText, of.Precision, of.Scale)
}

// Creations returns, for each standard type, the declared type of its columns in tables that this driver creates.
func Creations() []source.Creation {
	notes := map[source.Type]string{
		source.Float:     "NaN is an error, because SQLite would store NULL; -0 becomes 0.",
		source.Boolean:   "Stored as 0 and 1.",
		source.Date:      "Stored as text, 2006-01-02.",
		source.Time:      "Stored as text, 15:04:05.5.",
		source.Datetime:  "Stored as text, 2006-01-02 15:04:05.5, the format of SQLite's date functions.",
		source.Timestamp: "Stored as text, 2006-01-02T15:04:05.5+01:00. SQL compares the text, including the offset.",
		source.JSON:      "Stored as text, unchanged.",
		source.UUID:      "Stored as text, in lower case.",
		source.Array:     "Stored as text, a JSON array.",
		source.Decimal: "A conversion: stored as text, because SQLite's numbers have fewer digits. " +
			"SQL compares the text unless you CAST it.",
	}

	native := func(of source.Type) string {
		switch of { //nolint:exhaustive // Each of the other types has one declaration.
		case source.Decimal:
			return decimalText + " or " + decimalText + "(p,s)"
		case source.Array:
			return "INTEGER[] and so on"
		}

		return declarations[of]
	}

	return append(source.Creations(native, notes), source.Creation{
		Standard: "decimal(p,s)", Native: "DECIMAL(p,s)", Note: "Up to 15 digits: stored as a number, exactly.",
	})
}

// exactNames maps declared types to standard types by their whole name, without arguments.
var exactNames = map[string]source.Type{
	"BOOLEAN":   source.Boolean,
	"BOOL":      source.Boolean,
	"DATE":      source.Date,
	"TIME":      source.Time,
	"DATETIME":  source.Datetime,
	"TIMESTAMP": source.Timestamp,
	"JSON":      source.JSON,
	"JSON_TEXT": source.JSON,
	"UUID":      source.UUID,
	decimalText: source.Decimal,
}

// nameParts maps declared types to standard types by a part of their name; the first match applies. They extend
// SQLite's rules for affinity.
var nameParts = []struct {
	part string
	of   source.Type
}{
	{"INT", source.Integer},
	{"CHAR", source.Text},
	{"CLOB", source.Text},
	{"TEXT", source.Text},
	{"BLOB", source.Binary},
	{"REAL", source.Float},
	{"FLOA", source.Float},
	{"DOUB", source.Float},
	{"DEC", source.Decimal},
	{"NUM", source.Decimal},
}

// Types returns, for each declared type, the standard type of its columns.
func Types() []source.Mapping {
	mappings := []source.Mapping{
		{Native: "BOOLEAN, BOOL", Standard: "boolean", Note: "The values 0 and 1."},
		{Native: "DATE", Standard: "date", Note: "Text, 2006-01-02."},
		{Native: "TIME", Standard: "time", Note: "Text, 15:04:05.5."},
		{Native: "DATETIME", Standard: "datetime", Note: "Text, 2006-01-02 15:04:05.5, with a space or T before the time."},
		{
			Native: "TIMESTAMP", Standard: "timestamp",
			Note: "Text, as DATETIME, with +01:00 or Z at its end; without an offset, in UTC.",
		},
		{Native: "JSON, JSON_TEXT", Standard: "json", Note: "Text, or a number."},
		{Native: "UUID", Standard: "uuid", Note: "Text, or a BLOB of 16 bytes."},
		{Native: "DECIMAL_TEXT, DECIMAL_TEXT(p,s)", Standard: "decimal", Note: "Text."},
		{Native: "INTEGER[], TEXT[] and so on", Standard: "integer[], text[] and so on", Note: "Text, a JSON array."},
	}

	notes := map[source.Type]string{
		source.Text:    "Must be UTF-8.",
		source.Float:   "Integers within ±2^53 are accepted.",
		source.Decimal: "A float is read as the shortest decimal number that represents it. Text has any number of digits.",
	}

	for _, rule := range nameParts {
		mappings = append(mappings, source.Mapping{
			Native: "…" + rule.part + "…", Standard: string(rule.of), Note: notes[rule.of],
		})
	}

	return append(mappings, source.Mapping{
		Native: "any other, or none", Standard: "integer, float, text or binary",
		Note: "The type of the first value that is not NULL.",
	})
}

// standard returns the standard type that a declared type implies, or the zero Standard if it implies none.
func standard(declared string) source.Standard {
	upper := strings.ToUpper(strings.TrimSpace(declared))

	if element, isArray := strings.CutSuffix(upper, "[]"); isArray {
		if of := scalar(strings.TrimSpace(element)); of != "" {
			return source.Standard{Type: source.Array, Element: of}
		}
	}

	name, _, _ := strings.Cut(upper, "(")
	of := source.Standard{Type: scalar(strings.TrimSpace(name))}

	if of.Type != source.Decimal {
		return of
	}

	if described := native(declared); described.Precision > 0 && described.Scale <= described.Precision {
		of.Precision, of.Scale = described.Precision, described.Scale
	}

	return of
}

// scalar returns the standard type that a declared type's name implies, or "".
func scalar(name string) source.Type {
	if of, found := exactNames[name]; found {
		return of
	}

	for _, rule := range nameParts {
		if strings.Contains(name, rule.part) {
			return rule.of
		}
	}

	return ""
}

// keepsText reports whether a column of a declared type stores text that looks like a number as text.
func keepsText(declared string) bool {
	name := strings.ToUpper(declared)
	if strings.Contains(name, "INT") {
		return false
	}

	return name == "" || strings.Contains(name, "CHAR") || strings.Contains(name, "CLOB") || strings.Contains(name, "TEXT") ||
		strings.Contains(name, "BLOB")
}

var typeArguments = regexp.MustCompile(`\((\d+)(?:\s*,\s*(\d+))?\s*\)`)

// native parses a declared type, for example VARCHAR(20).
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
