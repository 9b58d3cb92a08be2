package json

import "github.com/jobwright/jobwright/source"

// native returns the JSON type of a standard type.
func native(t source.Type) string {
	switch t {
	case source.Integer, source.Decimal, source.Float:
		return "number"
	case source.Boolean:
		return "boolean"
	case source.JSON:
		return "value"
	case source.Array:
		return "array"
	case source.Text, source.Date, source.Time, source.Datetime, source.Timestamp, source.Binary, source.UUID:
	}

	return "string"
}

// isKept reports whether a column of a standard type has the same type when it is read again.
func isKept(t source.Type) bool {
	return t == source.Text || t == source.Integer || t == source.Boolean || t == source.JSON
}

// Types returns the standard types of the types of JSON. "value" means values of several types.
func Types() []source.Mapping {
	return []source.Mapping{
		{Native: "string", Standard: "text"},
		{Native: "number", Standard: "integer", Note: "if all numbers of the column are whole and fit into 64 bits; -0 is 0"},
		{Native: "number", Standard: "decimal", Note: "if some have a fraction or more digits; each digit is kept"},
		{Native: "number", Standard: "float", Note: "if some have an exponent, and a float keeps all digits of each"},
		{Native: "boolean", Standard: "boolean"},
		{Native: "object", Standard: "json"},
		{Native: "array", Standard: "json"},
		{Native: "value", Standard: "json", Note: "if the values of the column are of several types"},
		{
			Native: "null", Standard: "text",
			Note: "if all values of the column are null; otherwise, null is NULL in every type",
		},
	}
}

// Creations returns the types of JSON that represent the standard types.
func Creations() []source.Creation {
	return source.Creations(native, map[source.Type]string{
		source.Float:  "NaN, Infinity and -Infinity are strings",
		source.Binary: "base64",
		source.JSON:   "unchanged, on one line; its null is read as NULL",
	})
}
