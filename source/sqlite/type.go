package sqlite

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// exactDigits is how many digits of a decimal number every float keeps (DBL_DIG in C).
const exactDigits = 15

// declarations are the types with which columns of the standard types are declared, but for arrays and decimals. Where
// SQLite would make numbers of text that looks like them, the name holds TEXT, which tells it not to
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

// decimalText is the type of a column of decimals that have more digits than SQLite's numbers.
const decimalText = "DECIMAL_TEXT"

// declaration returns the type with which a column of a standard type is declared.
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

// Creations returns, for each standard type, how a column of it is declared in a table that this driver makes.
func Creations() []source.Creation {
	notes := map[source.Type]string{
		source.Float:     "NaN is refused, since SQLite makes NULL of it; -0 becomes 0.",
		source.Boolean:   "Stored as 0 and 1.",
		source.Date:      "Stored as text, 2006-01-02.",
		source.Time:      "Stored as text, 15:04:05.5.",
		source.Datetime:  "Stored as text, 2006-01-02 15:04:05.5, as SQLite's own functions write it.",
		source.Timestamp: "Stored as text, 2006-01-02T15:04:05.5+01:00. SQL compares it as text, so by its offset too.",
		source.JSON:      "Stored as the text that it is.",
		source.UUID:      "Stored as text, in small letters.",
	}

	var creations []source.Creation

	for _, of := range source.Types() {
		switch of { //nolint:exhaustive // The others have one declaration each.
		case source.Decimal:
			creations = append(creations,
				source.Creation{
					Standard: "decimal(p,s)", Native: "DECIMAL(p,s)",
					Note: "Up to 15 digits: stored as a number, and exact.",
				},
				source.Creation{
					Standard: "decimal", Native: decimalText + " or " + decimalText + "(p,s)",
					Note: "Stored as text, since SQLite's numbers have fewer digits. SQL compares it as text, unless it is CAST.",
				})
		case source.Array:
			creations = append(creations, source.Creation{
				Standard: "integer[] and so on", Native: "INTEGER[] and so on", Note: "Stored as text, a JSON list.",
			})
		default:
			creations = append(creations, source.Creation{Standard: string(of), Native: declarations[of], Note: notes[of]})
		}
	}

	return creations
}

// exactNames are the declared types that are told by their whole names, without their arguments.
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

// nameParts are the declared types that are told by a part of their names, the first one first: SQLite's own rules.
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

// Types returns, for each declared type, the standard type as which a column of it is read.
func Types() []source.Mapping {
	mappings := []source.Mapping{
		{Native: "BOOLEAN, BOOL", Standard: "boolean", Note: "Holds 0 and 1."},
		{Native: "DATE", Standard: "date", Note: "Holds text, 2006-01-02."},
		{Native: "TIME", Standard: "time", Note: "Holds text, 15:04:05.5."},
		{Native: "DATETIME", Standard: "datetime", Note: "Holds text, 2006-01-02 15:04:05.5, with a space or a T between."},
		{Native: "TIMESTAMP", Standard: "timestamp", Note: "As DATETIME, with +01:00 or Z at its end, or in UTC."},
		{Native: "JSON, JSON_TEXT", Standard: "json", Note: "Holds text, or a number."},
		{Native: "UUID", Standard: "uuid", Note: "Holds text, or 16 bytes."},
		{Native: "DECIMAL_TEXT, DECIMAL_TEXT(p,s)", Standard: "decimal", Note: "Holds text."},
		{Native: "INTEGER[], TEXT[] and so on", Standard: "integer[], text[] and so on", Note: "Holds text, a JSON list."},
	}

	notes := map[source.Type]string{
		source.Text:    "Must be UTF-8.",
		source.Float:   "An integer within ±2^53 is one too.",
		source.Decimal: "A number with a fraction is read as the shortest digits that mean it. Text keeps any number of digits.",
	}

	for _, rule := range nameParts {
		mappings = append(mappings, source.Mapping{
			Native: "…" + rule.part + "…", Standard: string(rule.of), Note: notes[rule.of],
		})
	}

	return append(mappings, source.Mapping{
		Native: "any other, or none", Standard: "integer, float, text or binary", Note: "That of the first value but NULL.",
	})
}

// standard returns the standard type of a column by its declared type, or none where that says nothing.
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

// scalar returns the standard type that a declared type's name stands for.
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

// keepsText reports whether a column of that declared type keeps text that looks like a number as it is.
func keepsText(declared string) bool {
	name := strings.ToUpper(declared)
	if strings.Contains(name, "INT") {
		return false
	}

	return name == "" || strings.Contains(name, "CHAR") || strings.Contains(name, "CLOB") || strings.Contains(name, "TEXT") ||
		strings.Contains(name, "BLOB")
}

var typeArguments = regexp.MustCompile(`\((\d+)(?:\s*,\s*(\d+))?\s*\)`)

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
