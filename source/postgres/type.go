package postgres

import (
	"strconv"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/jobwright/jobwright/source"
)

// native is a type of PostgreSQL's whose values are read and written in their binary form.
type native struct {
	name       string
	oid, array uint32 // The type's number, and that of arrays of it.
	standard   source.Type
	decode     decoder
	encode     encoder
}

// natives are all of them. Every other type is read and written in its form as text.
var natives = []native{
	{"smallint", pgtype.Int2OID, pgtype.Int2ArrayOID, source.Integer, decodeInt2, encodeInt2},
	{"integer", pgtype.Int4OID, pgtype.Int4ArrayOID, source.Integer, decodeInt4, encodeInt4},
	{"bigint", pgtype.Int8OID, pgtype.Int8ArrayOID, source.Integer, decodeInt8, encodeInt8},
	{"oid", pgtype.OIDOID, pgtype.OIDArrayOID, source.Integer, decodeOID, encodeOID},
	{"numeric", pgtype.NumericOID, pgtype.NumericArrayOID, source.Decimal, decodeNumeric, encodeNumeric},
	{"real", pgtype.Float4OID, pgtype.Float4ArrayOID, source.Float, decodeFloat4, encodeFloat4},
	{"double precision", pgtype.Float8OID, pgtype.Float8ArrayOID, source.Float, decodeFloat8, encodeFloat8},
	{"boolean", pgtype.BoolOID, pgtype.BoolArrayOID, source.Boolean, decodeBool, encodeBool},
	{"text", pgtype.TextOID, pgtype.TextArrayOID, source.Text, decodeText, encodeText},
	{"character varying", pgtype.VarcharOID, pgtype.VarcharArrayOID, source.Text, decodeText, encodeText},
	{"character", pgtype.BPCharOID, pgtype.BPCharArrayOID, source.Text, decodeText, encodeText},
	{"name", pgtype.NameOID, pgtype.NameArrayOID, source.Text, decodeText, encodeText},
	{"date", pgtype.DateOID, pgtype.DateArrayOID, source.Date, decodeDate, encodeDate},
	{"time without time zone", pgtype.TimeOID, pgtype.TimeArrayOID, source.Time, decodeTime, encodeTime},
	{
		"timestamp without time zone", pgtype.TimestampOID, pgtype.TimestampArrayOID,
		source.Datetime, decodeTimestamp, encodeTimestamp,
	},
	{
		"timestamp with time zone", pgtype.TimestamptzOID, pgtype.TimestamptzArrayOID,
		source.Timestamp, decodeTimestamp, encodeTimestamp,
	},
	{"bytea", pgtype.ByteaOID, pgtype.ByteaArrayOID, source.Binary, decodeBytes, encodeBytes},
	{"json", pgtype.JSONOID, pgtype.JSONArrayOID, source.JSON, decodeJSON, encodeJSON},
	{"jsonb", pgtype.JSONBOID, pgtype.JSONBArrayOID, source.JSON, decodeJSONB, encodeJSONB},
	{"uuid", pgtype.UUIDOID, pgtype.UUIDArrayOID, source.UUID, decodeUUID, encodeUUID},
}

// enumeration stands for every type that CREATE TYPE … AS ENUM makes: its binary form is its label.
var enumeration = native{name: "enum", standard: source.Text, decode: decodeText, encode: encodeText}

// nativesByOID and nativesByArray find a type by its number, and by that of arrays of it.
var nativesByOID, nativesByArray = func() (types, arrays map[uint32]native) {
	types, arrays = map[uint32]native{}, map[uint32]native{}
	for _, of := range natives {
		types[of.oid], arrays[of.array] = of, of
	}

	return types, arrays
}()

// standardOf returns the standard type as which a type is read, text for those that are read as text.
func standardOf(oid uint32, modifier int32) source.Standard {
	if of, isArray := nativesByArray[oid]; isArray {
		return source.Standard{Type: source.Array, Element: of.standard}
	}

	of, isKnown := nativesByOID[oid]

	switch {
	case !isKnown:
		return source.Standard{Type: source.Text}
	case oid != pgtype.NumericOID || modifier < 0:
		return source.Standard{Type: of.standard}
	}

	precision, scale := numericArguments(modifier)

	switch {
	case scale < 0: // The digits before the point that are always zero count too.
		return source.Standard{Type: source.Decimal, Precision: precision - scale}
	case scale > precision: // The digits behind the point that are always zero count too.
		return source.Standard{Type: source.Decimal, Precision: scale, Scale: scale}
	}

	return source.Standard{Type: source.Decimal, Precision: precision, Scale: scale}
}

// numericArguments takes apart how the catalogue holds the arguments of a numeric(10,2). The scale may be negative, and
// may be more than the precision.
func numericArguments(modifier int32) (precision, scale int) {
	modifier -= 4

	return int(modifier >> 16 & 0xffff), int(modifier&0x7ff^1024) - 1024
}

// decoderOf returns how values of a type are read, and whether they are asked for in their binary form.
func decoderOf(oid uint32) (decode decoder, binary bool) {
	if of, isKnown := nativesByOID[oid]; isKnown {
		return of.decode, true
	}

	if of, isArray := nativesByArray[oid]; isArray {
		return decodeArray(of.decode), true
	}

	return decodeText, false
}

// nativeType describes a type by the names that format_type has for it without and with its arguments.
func nativeType(name, full string, oid uint32, modifier int32) source.NativeType {
	described := source.NativeType{Name: name, TypeStr: full, Precision: -1}
	if modifier < 0 {
		return described
	}

	switch oid {
	case pgtype.NumericOID:
		described.Precision, described.Scale = numericArguments(modifier)
	case pgtype.VarcharOID, pgtype.BPCharOID:
		described.Precision = int(modifier - 4)
	case pgtype.TimeOID, pgtype.TimestampOID, pgtype.TimestamptzOID:
		described.Precision = int(modifier)
	}

	return described
}

// creation returns the type of a column that is made for a standard type.
func creation(of source.Standard) string {
	switch of.Type {
	case source.Text:
		return "text"
	case source.Integer:
		return "bigint"
	case source.Decimal:
		const mostDigits = 1000 // Beyond it, only a numeric without arguments holds them.
		if of.Precision < 1 || of.Precision > mostDigits {
			return "numeric"
		}

		return "numeric(" + strconv.Itoa(of.Precision) + "," + strconv.Itoa(of.Scale) + ")"
	case source.Float:
		return "double precision"
	case source.Boolean:
		return "boolean"
	case source.Date:
		return "date"
	case source.Time:
		return "time without time zone"
	case source.Datetime:
		return "timestamp without time zone"
	case source.Timestamp:
		return "timestamp with time zone"
	case source.Binary:
		return "bytea"
	case source.JSON:
		return "json"
	case source.UUID:
		return "uuid"
	case source.Array:
		return creation(source.Standard{Type: of.Element}) + "[]"
	}

	return ""
}

// Types tells the standard type as which each type of PostgreSQL's is read.
func Types() []source.Mapping {
	mappings := make([]source.Mapping, 0, 2*len(natives))

	for _, of := range natives {
		standard, note := string(of.standard), notes[of.name]
		if of.oid == pgtype.NumericOID {
			mappings = append(mappings, source.Mapping{Native: "numeric(p,s)", Standard: "decimal(p,s)", Note: note})
		}

		mappings = append(mappings, source.Mapping{Native: of.name, Standard: standard, Note: note})
	}

	for _, of := range natives {
		mappings = append(mappings, source.Mapping{
			Native: of.name + "[]", Standard: string(of.standard) + "[]",
			Note: "Of any number of dimensions. The numbers from which its subscripts count are not kept.",
		})
	}

	return append(mappings,
		source.Mapping{Native: "a domain", Standard: "that of its base type"},
		source.Mapping{
			Native: "any other type", Standard: string(source.Text),
			Note: "As PostgreSQL shows it: time with time zone, interval, money, bit, inet, ranges, geometric types, xml, " +
				"enumerations, composite types, the types of extensions, and arrays of them.",
		})
}

var notes = map[string]string{
	"numeric":                     "NaN and the infinities are an error.",
	"real":                        "The number that looks the same: 0.1 is 0.1.",
	"character":                   "With the blanks that fill it.",
	"date":                        "infinity and -infinity are an error.",
	"timestamp without time zone": "infinity and -infinity are an error.",
	"timestamp with time zone":    "infinity and -infinity are an error. PostgreSQL keeps no offset, so it is shown in UTC.",
}

// Creations tells the type of the column that is made for each standard type.
func Creations() []source.Creation {
	var creations []source.Creation

	for _, of := range source.Types() {
		made := source.Creation{Standard: string(of), Native: creation(source.Standard{Type: of}), Note: creationNotes[of]}
		if of == source.Array {
			made.Native = "an array of the type of its elements"
		}

		creations = append(creations, made)

		if of == source.Decimal {
			creations = append(creations, source.Creation{
				Standard: "decimal(p,s)", Native: "numeric(p,s)", Note: "numeric where it has more than 1,000 digits.",
			})
		}
	}

	return creations
}

var creationNotes = map[source.Type]string{
	source.Text:      "The character U+0000 is an error: PostgreSQL has none.",
	source.Time:      "Digits finer than a microsecond are an error.",
	source.Datetime:  "Digits finer than a microsecond are an error.",
	source.Timestamp: "The moment is kept, the offset is not. Digits finer than a microsecond are an error.",
	source.JSON:      "It keeps the text as it is, which jsonb would not. It is no key, since PostgreSQL compares none.",
	source.Array:     "The lists in a list have the same length, and none is empty or NULL; all else is an error.",
}
