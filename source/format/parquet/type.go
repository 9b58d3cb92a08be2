package parquet

import "github.com/jobwright/jobwright/source"

// Types returns the standard types of the types of Parquet.
func Types() []source.Mapping {
	return []source.Mapping{
		{Native: "STRING, ENUM", Standard: "text"},
		{Native: "INT of 8 to 64 bits, signed, or unsigned up to 32", Standard: "integer"},
		{
			Native: "INT(64, unsigned)", Standard: "decimal(20,0)",
			Note: "Half of its values do not fit into a signed integer of 64 bits.",
		},
		{Native: "INT32, INT64 without a logical type", Standard: "integer"},
		{Native: "DECIMAL(p,s)", Standard: "decimal(p,s)"},
		{Native: "FLOAT16, FLOAT, DOUBLE", Standard: "float", Note: "0.1 is read as 0.1, not as 0.10000000149011612."},
		{Native: "BOOLEAN", Standard: "boolean"},
		{Native: "DATE", Standard: "date"},
		{Native: "TIME", Standard: "time"},
		{Native: "TIMESTAMP, not adjusted to UTC; INT96", Standard: "datetime"},
		{Native: "TIMESTAMP, adjusted to UTC", Standard: "timestamp"},
		{Native: "BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY, BSON", Standard: "binary"},
		{Native: "JSON", Standard: "json"},
		{Native: "UUID", Standard: "uuid"},
		{
			Native: "LIST of these types, or a repeated column", Standard: "array",
			Note: "Lists in lists and objects are an error.",
		},
	}
}

// Creations returns the types of Parquet that represent the standard types.
func Creations() []source.Creation {
	return []source.Creation{
		{Standard: "text", Native: "STRING"},
		{Standard: "integer", Native: "INT(64, signed)"},
		{
			Standard: "decimal(p,s)", Native: "DECIMAL(p,s)",
			Note: "In 16 bytes. With a precision above 38, STRING, which is a conversion.",
		},
		{Standard: "decimal", Native: "STRING", Note: "A conversion."},
		{Standard: "float", Native: "DOUBLE"},
		{Standard: "boolean", Native: "BOOLEAN"},
		{Standard: "date", Native: "DATE"},
		{Standard: "time", Native: "TIME in microseconds", Note: "A finer value is an error."},
		{Standard: "datetime", Native: "TIMESTAMP in microseconds, not adjusted to UTC", Note: "A finer value is an error."},
		{
			Standard: "timestamp", Native: "TIMESTAMP in microseconds, adjusted to UTC",
			Note: "A finer value is an error. The offset is not stored.",
		},
		{Standard: "binary", Native: "BYTE_ARRAY"},
		{Standard: "json", Native: "JSON"},
		{Standard: "uuid", Native: "UUID"},
		{Standard: "array", Native: "LIST", Note: "A nested list is an error. A list of decimals is converted to STRING."},
	}
}
