package mysql

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// onlyTable is the note for types that the server does not distinguish in the result of a query.
const onlyTable = "in a table; the result of a query does not distinguish it"

// momentName is the name of the type in which the driver stores timestamps: the range of TIMESTAMP ends in 2038. The comment
// UTC marks a DATETIME column whose values are in UTC.
const (
	momentName    = "DATETIME COMMENT 'UTC'"
	momentComment = "UTC"
)

// mappings are the standard types as which the native types are read.
var mappings = []source.Mapping{
	{Native: "TINYINT(1)", Standard: "boolean", Note: "the same type as BOOLEAN; " + onlyTable + " from TINYINT and reads it " +
		"as integer. A value other than 0 and 1 is an error in a table"},
	{Native: "TINYINT", Standard: "integer"},
	{Native: "SMALLINT", Standard: "integer"},
	{Native: "MEDIUMINT", Standard: "integer"},
	{Native: "INT", Standard: "integer"},
	{Native: "BIGINT", Standard: "integer"},
	{Native: "BIGINT UNSIGNED", Standard: "decimal(20,0)", Note: "its values exceed the range of integer"},
	{Native: "YEAR", Standard: "integer"},
	{Native: "DECIMAL(p,s)", Standard: "decimal(p,s)"},
	{Native: "FLOAT", Standard: "float", Note: "the number with the fewest digits that is the same FLOAT"},
	{Native: "DOUBLE", Standard: "float"},
	{Native: "BIT(1)", Standard: "boolean", Note: onlyTable + " from BIT(n)"},
	{Native: "BIT(n)", Standard: "binary"},
	{Native: "DATE", Standard: "date", Note: "the zero date is an error"},
	{Native: "TIME", Standard: "time", Note: "a negative duration, or more than 24 hours, is an error"},
	{Native: "DATETIME", Standard: "datetime", Note: "the zero date is an error"},
	{Native: momentName, Standard: "timestamp", Note: onlyTable + " from DATETIME"},
	{Native: "TIMESTAMP", Standard: "timestamp", Note: "in UTC; the zero date is an error"},
	{Native: "CHAR", Standard: "text"},
	{Native: "VARCHAR", Standard: "text"},
	{Native: "TINYTEXT", Standard: "text"},
	{Native: "TEXT", Standard: "text"},
	{Native: "MEDIUMTEXT", Standard: "text"},
	{Native: "LONGTEXT", Standard: "text"},
	{Native: "ENUM", Standard: "text"},
	{Native: "SET", Standard: "text"},
	{Native: "INET4", Standard: "text", Note: "in MariaDB"},
	{Native: "INET6", Standard: "text", Note: "in MariaDB"},
	{Native: "JSON", Standard: "json", Note: "in MariaDB a LONGTEXT with CHECK (json_valid(…)), " + onlyTable + " from text"},
	{Native: "UUID", Standard: "uuid", Note: "in MariaDB; " + onlyTable + " from text"},
	{Native: "BINARY", Standard: "binary"},
	{Native: "VARBINARY", Standard: "binary"},
	{Native: "TINYBLOB", Standard: "binary"},
	{Native: "BLOB", Standard: "binary"},
	{Native: "MEDIUMBLOB", Standard: "binary"},
	{Native: "LONGBLOB", Standard: "binary"},
	{Native: "VECTOR", Standard: "binary"},
	{Native: "GEOMETRY", Standard: "binary", Note: "also POINT and the other geometry types: the SRID in four bytes, and WKB"},
}

// Types returns the standard type as which each native type is read.
func Types() []source.Mapping { return slices.Clone(mappings) }

// standards are the standard types by the names of the native ones.
var standards = func() map[string]source.Standard {
	types := map[string]source.Standard{}

	for _, mapping := range mappings {
		standard, err := source.ParseStandard(mapping.Standard)
		if err != nil { // decimal(p,s): precision and scale depend on the column.
			standard = source.Standard{Type: source.Decimal}
		}

		types[mapping.Native] = standard
	}

	types["BIT"], types["DECIMAL"] = types["BIT(n)"], types["DECIMAL(p,s)"]

	for _, kind := range []string{
		"POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION",
		"GEOMCOLLECTION",
	} {
		types[kind] = types["GEOMETRY"]
	}

	return types
}()

// native is a column's type as the server describes it.
type native struct {
	name      string // The name in upper case, without arguments: "VARCHAR".
	text      string // The server's text of the type: "varchar(20)", "bigint(20) unsigned" or "enum('a','b')".
	length    int64  // The maximum number of characters of text, of bytes of binary data, and the bits of BIT.
	precision int    // The precision of DECIMAL.
	scale     int    // The scale of DECIMAL, and of a FLOAT or DOUBLE declared with a scale; otherwise -1.
	fraction  int    // The digits of a second's fraction, of types with a time.
	isParsed  bool   // Whether the server stores the numbers of JSON as BIGINT and DOUBLE, not as text.
	isMoment  bool   // Whether the comment of a DATETIME column marks it as UTC.
}

func (n native) unsigned() bool { return strings.Contains(n.text, "unsigned") }

// isBoolean reports whether the type is TINYINT(1), for which BOOLEAN is a synonym.
func (n native) isBoolean() bool {
	return n.name == "TINYINT" && strings.HasPrefix(n.text, "tinyint(1)")
}

// standard returns the standard type as which the type is read, and whether the driver knows the type.
func (n native) standard() (source.Standard, bool) {
	name := n.name

	switch {
	case n.isBoolean():
		name = "TINYINT(1)"
	case name == "BIGINT" && n.unsigned():
		name = "BIGINT UNSIGNED"
	case n.isMoment:
		name = momentName
	case name == "BIT" && n.length == 1:
		name = "BIT(1)"
	case name == "DECIMAL":
		return source.Standard{Type: source.Decimal, Precision: n.precision, Scale: max(n.scale, 0)}, true
	}

	found, known := standards[name]

	return found, known
}

// describe returns the type for the schema.
func (n native) describe() source.NativeType {
	described := source.NativeType{Name: n.name, TypeStr: n.String(), Precision: -1}

	switch {
	case n.name == "DECIMAL":
		described.Precision, described.Scale = n.precision, n.scale
	case n.length > 0:
		described.Precision = int(n.length)
	case n.hasTime():
		described.Precision = n.fraction
	}

	return described
}

// read returns the standard and native type for the schema. A type that the driver does not know is read as text.
func (n native) read() (source.Standard, source.NativeType) {
	standard, known := n.standard()
	if !known {
		standard = source.Standard{Type: source.Text}
	}

	return standard, n.describe()
}

// hasTime reports whether values of the type have a time of day.
func (n native) hasTime() bool {
	return n.name == "TIME" || n.name == "DATETIME" || n.name == "TIMESTAMP"
}

// String returns the type with its keywords in upper case and its arguments unchanged.
func (n native) String() string {
	before, rest, hasArguments := strings.Cut(n.text, "(")
	if !hasArguments {
		return strings.ToUpper(n.text)
	}

	end := strings.LastIndexByte(rest, ')') + 1

	return strings.ToUpper(before) + "(" + rest[:end] + strings.ToUpper(rest[end:])
}

// member matches a member of an ENUM or SET, in which a quote is doubled.
var member = regexp.MustCompile(`'((?:[^']|'')*)'`)

// members returns the members of an ENUM or SET.
func (n native) members() []string {
	var members []string
	for _, found := range member.FindAllStringSubmatch(n.text, -1) {
		members = append(members, strings.ReplaceAll(found[1], "''", "'"))
	}

	return members
}

// fromWire returns the type of a column in the result of a query, which has fewer details than the type of a table's column.
// The library's name of the type begins with UNSIGNED if the type is unsigned.
func fromWire(name string, precision, scale int64, hasPrecision bool) native {
	name, isUnsigned := strings.CutPrefix(name, "UNSIGNED ")
	found := native{name: name, text: strings.ToLower(name), scale: -1}

	switch {
	case isUnsigned:
		found.text += " unsigned"
	case name == "DECIMAL" && hasPrecision && precision >= max(scale, 1):
		found.precision, found.scale = int(precision), int(scale)
		found.text += "(" + strconv.Itoa(found.precision) + "," + strconv.Itoa(found.scale) + ")"
	case found.hasTime() && hasPrecision && precision > 0 && precision <= 6:
		found.fraction = int(precision)
		found.text += "(" + strconv.Itoa(found.fraction) + ")"
	}

	return found
}
