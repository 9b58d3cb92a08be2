package postgres

import (
	"cmp"
	"fmt"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
)

// native is a type of PostgreSQL whose values are read and written in binary form.
type native struct {
	name       string
	oid, array uint32 // The OIDs of the type and of its array type.
	standard   source.Type
	decode     decoder
	encode     database.Encoder
}

// natives are the types with a binary form in this package. Every other type is read and written in text form.
var natives = []native{
	{"smallint", pgtype.Int2OID, pgtype.Int2ArrayOID, source.Integer, decoder{2, decodeInt2}, database.Encode(encodeInt2)},
	{"integer", pgtype.Int4OID, pgtype.Int4ArrayOID, source.Integer, decoder{4, decodeInt4}, database.Encode(encodeInt4)},
	{"bigint", pgtype.Int8OID, pgtype.Int8ArrayOID, source.Integer, decoder{8, decodeInt8}, database.Encode(encodeInt8)},
	{"oid", pgtype.OIDOID, pgtype.OIDArrayOID, source.Integer, decoder{4, decodeOID}, database.Encode(encodeOID)},
	{
		"numeric", pgtype.NumericOID, pgtype.NumericArrayOID,
		source.Decimal,
		decoder{0, decodeNumeric},
		database.Encode(encodeNumeric),
	},
	{"real", pgtype.Float4OID, pgtype.Float4ArrayOID, source.Float, decoder{4, decodeFloat4}, database.Encode(encodeFloat4)},
	{
		"double precision", pgtype.Float8OID, pgtype.Float8ArrayOID,
		source.Float,
		decoder{8, decodeFloat8},
		database.Encode(encodeFloat8),
	},
	{"boolean", pgtype.BoolOID, pgtype.BoolArrayOID, source.Boolean, decoder{1, decodeBool}, database.Encode(encodeBool)},
	{"text", pgtype.TextOID, pgtype.TextArrayOID, source.Text, decoder{0, decodeText}, database.Encode(encodeText)},
	{
		"character varying", pgtype.VarcharOID, pgtype.VarcharArrayOID,
		source.Text,
		decoder{0, decodeText},
		database.Encode(encodeText),
	},
	{"character", pgtype.BPCharOID, pgtype.BPCharArrayOID, source.Text, decoder{0, decodeText}, database.Encode(encodeText)},
	{"name", pgtype.NameOID, pgtype.NameArrayOID, source.Text, decoder{0, decodeText}, database.Encode(encodeText)},
	{"date", pgtype.DateOID, pgtype.DateArrayOID, source.Date, decoder{4, decodeDate}, database.Encode(encodeDate)},
	{
		"time without time zone", pgtype.TimeOID, pgtype.TimeArrayOID,
		source.Time,
		decoder{8, decodeTime},
		database.Encode(encodeTime),
	},
	{
		"timestamp without time zone", pgtype.TimestampOID, pgtype.TimestampArrayOID,
		source.Datetime,
		decoder{8, decodeTimestamp},
		database.Encode(encodeTimestamp),
	},
	{
		"timestamp with time zone", pgtype.TimestamptzOID, pgtype.TimestamptzArrayOID,
		source.Timestamp,
		decoder{8, decodeTimestamp},
		database.Encode(encodeTimestamp),
	},
	{"bytea", pgtype.ByteaOID, pgtype.ByteaArrayOID, source.Binary, decoder{0, decodeBytes}, database.Encode(encodeBytes)},
	{"json", pgtype.JSONOID, pgtype.JSONArrayOID, source.JSON, decoder{0, decodeJSON}, database.Encode(encodeJSON)},
	{"jsonb", pgtype.JSONBOID, pgtype.JSONBArrayOID, source.JSON, decoder{0, decodeJSONB}, database.Encode(encodeJSONB)},
	{"uuid", pgtype.UUIDOID, pgtype.UUIDArrayOID, source.UUID, decoder{16, decodeUUID}, database.Encode(encodeUUID)},
}

// enumeration represents every type of CREATE TYPE … AS ENUM. The binary form of an enum is its label.
var enumeration = native{name: "enum", standard: source.Text, decode: decoder{0, decodeText}, encode: database.Encode(encodeText)}

// nativesByOID and nativesByArray are the types by their OIDs, and by the OIDs of their array types.
var nativesByOID, nativesByArray = func() (types, arrays map[uint32]native) {
	types, arrays = map[uint32]native{}, map[uint32]native{}
	for _, of := range natives {
		types[of.oid], arrays[of.array] = of, of
	}

	return types, arrays
}()

// standardOf returns the standard type as which a type is read. Types without a binary form are read as text.
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
	case scale < 0: // The precision of a decimal includes the digits before the point that are always zero.
		return source.Standard{Type: source.Decimal, Precision: precision - scale}
	case scale > precision: // Likewise for the digits after the point.
		return source.Standard{Type: source.Decimal, Precision: scale, Scale: scale}
	}

	return source.Standard{Type: source.Decimal, Precision: precision, Scale: scale}
}

// numericArguments decodes the type modifier of a numeric(precision,scale). The scale may be negative, or greater than the
// precision.
func numericArguments(modifier int32) (precision, scale int) {
	modifier -= 4

	return int(modifier >> 16 & 0xffff), int(modifier&0x7ff^1024) - 1024
}

// decoderOf returns the decoder for values of a type, and whether the server must send them in binary form.
func decoderOf(oid uint32) (decode decoder, binary bool) {
	if of, isKnown := nativesByOID[oid]; isKnown {
		return of.decode, true
	}

	if of, isArray := nativesByArray[oid]; isArray {
		return decodeArray(of.decode), true
	}

	return decoder{0, decodeText}, false
}

// nativeType describes a type. name and full are the results of format_type without and with its arguments.
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

// createdTypes are the types of columns that are created for the standard types, except for arrays.
var createdTypes = map[source.Type]string{
	source.Text:      "text",
	source.Integer:   "bigint",
	source.Decimal:   "numeric",
	source.Float:     "double precision",
	source.Boolean:   "boolean",
	source.Date:      "date",
	source.Time:      "time without time zone",
	source.Datetime:  "timestamp without time zone",
	source.Timestamp: "timestamp with time zone",
	source.Binary:    "bytea",
	source.JSON:      "json",
	source.UUID:      "uuid",
}

// createdType returns the type of a column that is created for a standard type, or "" if the standard type does not exist.
func createdType(of source.Standard) string {
	const maxPrecision = 1000 // A numeric without arguments has more digits.

	switch {
	case of.Type == source.Array:
		return createdTypes[of.Element] + "[]"
	case of.Type == source.Decimal && of.Precision > 0 && of.Precision <= maxPrecision:
		return fmt.Sprintf("numeric(%d,%d)", of.Precision, of.Scale)
	}

	return createdTypes[of.Type]
}

// Types returns the standard type as which each type of PostgreSQL is read.
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
			Note: "Of any number of dimensions. The lower bounds of subscripts are not stored.",
		})
	}

	return append(mappings,
		source.Mapping{Native: "a domain", Standard: "the type of its base type"},
		source.Mapping{
			Native: "any other type", Standard: string(source.Text),
			Note: "In PostgreSQL's text form: time with time zone, interval, money, bit, inet, ranges, geometric types, xml, " +
				"enumerations, composite types, types of extensions, and arrays of these.",
		})
}

var notes = map[string]string{
	"numeric":                     "NaN and the infinities are an error.",
	"real":                        "0.1 is read as 0.1, not as 0.10000000149011612.",
	"character":                   "Including trailing blanks.",
	"date":                        "infinity and -infinity are an error.",
	"timestamp without time zone": "infinity and -infinity are an error.",
	"timestamp with time zone":    "infinity and -infinity are an error. The offset is not stored; the value is read in UTC.",
}

// Creations returns the type of the column that is created for each standard type.
func Creations() []source.Creation {
	native := func(of source.Type) string { return cmp.Or(createdTypes[of], "an array of the elements' type") }

	return append(source.Creations(native, creationNotes), source.Creation{
		Standard: "decimal(p,s)", Native: "numeric(p,s)", Note: "numeric if it has more than 1,000 digits.",
	})
}

var creationNotes = map[source.Type]string{
	source.Text:      "The character U+0000 is an error.",
	source.Time:      "Digits finer than a microsecond are an error.",
	source.Datetime:  "Digits finer than a microsecond are an error.",
	source.Timestamp: "The offset is not stored. Digits finer than a microsecond are an error.",
	source.JSON:      "Stores the text unchanged, unlike jsonb. PostgreSQL can't compare json, so it can't be part of a key.",
	source.Array:     "An error if the lists in a list have different lengths, or if one of them is empty or NULL.",
}
