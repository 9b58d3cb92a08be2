package mysql

import (
	"slices"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// onlyTable is for types of which the driver is told less in the result of a query.
const onlyTable = "in a table; the result of a query does not tell it apart"

// momentName is the name of the type of columns that hold moments beyond the range of TIMESTAMP, which ends in 2038. Who
// comments a DATETIME like that says that it has a zone.
const (
	momentName    = "DATETIME COMMENT 'UTC'"
	momentComment = "UTC"
)

// mappings say as which standard type each native one is read.
var mappings = []source.Mapping{
	{Native: "TINYINT(1)", Standard: "boolean", Note: "BOOLEAN is another name for it; " + onlyTable + " from TINYINT, where " +
		"it is integer. A value other than 0 and 1 is an error in a table"},
	{Native: "TINYINT", Standard: "integer"},
	{Native: "SMALLINT", Standard: "integer"},
	{Native: "MEDIUMINT", Standard: "integer"},
	{Native: "INT", Standard: "integer"},
	{Native: "BIGINT", Standard: "integer"},
	{Native: "BIGINT UNSIGNED", Standard: "decimal(20,0)", Note: "it has values that integer has not"},
	{Native: "YEAR", Standard: "integer"},
	{Native: "DECIMAL(p,s)", Standard: "decimal(p,s)"},
	{Native: "FLOAT", Standard: "float", Note: "the shortest number that is the same FLOAT"},
	{Native: "DOUBLE", Standard: "float"},
	{Native: "BIT(1)", Standard: "boolean", Note: onlyTable + " from BIT(n)"},
	{Native: "BIT(n)", Standard: "binary"},
	{Native: "DATE", Standard: "date", Note: "the zero date is an error"},
	{Native: "TIME", Standard: "time", Note: "below zero or beyond 24 hours it is no time of day, and an error"},
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
	{Native: "INET4", Standard: "text", Note: "MariaDB's"},
	{Native: "INET6", Standard: "text", Note: "MariaDB's"},
	{Native: "JSON", Standard: "json", Note: "MariaDB's is a LONGTEXT with CHECK (json_valid(…)), " + onlyTable + " from text"},
	{Native: "UUID", Standard: "uuid", Note: "MariaDB's; " + onlyTable + " from text"},
	{Native: "BINARY", Standard: "binary"},
	{Native: "VARBINARY", Standard: "binary"},
	{Native: "TINYBLOB", Standard: "binary"},
	{Native: "BLOB", Standard: "binary"},
	{Native: "MEDIUMBLOB", Standard: "binary"},
	{Native: "LONGBLOB", Standard: "binary"},
	{Native: "VECTOR", Standard: "binary"},
	{Native: "GEOMETRY", Standard: "binary", Note: "and its kinds: the SRID in four bytes, and WKB"},
}

// Types returns as which standard type each native one is read.
func Types() []source.Mapping { return slices.Clone(mappings) }

// standards are the standard types by the names of the native ones.
var standards = func() map[string]source.Standard {
	types := map[string]source.Standard{}

	for _, mapping := range mappings {
		standard, err := source.ParseStandard(mapping.Standard)
		if err != nil { // Its precision and scale are the column's.
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
	name      string // In capitals and without arguments: "VARCHAR".
	text      string // As the server writes it: "varchar(20)", "bigint(20) unsigned" or "enum('a','b')".
	length    int64  // Of texts the most characters, of bytes the most bytes, of BIT the bits.
	precision int    // Of DECIMAL.
	scale     int    // Of DECIMAL, and of a FLOAT or DOUBLE that was declared with one; -1 where there is none.
	fraction  int    // Of types with a time: how many digits its seconds have behind the point.
	isParsed  bool   // Of JSON: whether the server keeps its numbers as BIGINT and DOUBLE, and not as text.
	isMoment  bool   // Of DATETIME: whether the column's comment says that it is in UTC.
}

func (n native) unsigned() bool { return strings.Contains(n.text, "unsigned") }

// isFlag reports whether the type is the one that BOOLEAN is another name for.
func (n native) isFlag() bool { return n.name == "TINYINT" && strings.HasPrefix(n.text, "tinyint(1)") }

// standard returns the standard type as which the type is read, and reports whether it is known.
func (n native) standard() (source.Standard, bool) {
	name := n.name

	switch {
	case n.isFlag():
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

// describe returns the type in the words of the data model.
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

// read returns the types of a column that is read. A type that the driver does not know is read as text.
func (n native) read() (source.Standard, source.NativeType) {
	standard, known := n.standard()
	if !known {
		standard = source.Standard{Type: source.Text}
	}

	return standard, n.describe()
}

func (n native) hasTime() bool {
	return n.name == "TIME" || n.name == "DATETIME" || n.name == "TIMESTAMP"
}

// String writes the type with the key words in capitals, and what stands in brackets as it is.
func (n native) String() string {
	before, rest, hasArguments := strings.Cut(n.text, "(")
	if !hasArguments {
		return strings.ToUpper(n.text)
	}

	end := strings.LastIndexByte(rest, ')') + 1

	return strings.ToUpper(before) + "(" + rest[:end] + strings.ToUpper(rest[end:])
}

// members are the values that an ENUM or a SET may have.
func (n native) members() []string {
	_, list, _ := strings.Cut(n.text, "(")

	var (
		members []string
		member  strings.Builder
	)

	inside := false

	for i := 0; i < len(list); i++ {
		switch {
		case list[i] != '\'':
			if inside {
				member.WriteByte(list[i])
			}
		case inside && i+1 < len(list) && list[i+1] == '\'': // A quote within is doubled.
			member.WriteByte('\'')
			i++
		case inside:
			members = append(members, member.String())
			member.Reset()

			inside = false
		default:
			inside = true
		}
	}

	return members
}

// fromWire is the type of a column of a query's result, of which less is told than of a table's. The driver writes
// UNSIGNED in front.
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
