package json

import "github.com/jobwright/jobwright/source"

// native returns the type in which JSON holds one of a standard type.
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

// readAgain reports whether a column of a standard type has it again when it is read, because JSON tells its values from
// others.
func readAgain(t source.Type) bool {
	return t == source.Text || t == source.Integer || t == source.Boolean || t == source.JSON
}

// Types returns how the types of JSON are read. "value" stands for columns with values of several types.
func Types() []source.Mapping {
	return []source.Mapping{
		{Native: "string", Standard: "text"},
		{Native: "number", Standard: "integer", Note: "where all numbers of the column are whole and 64 bits hold them; -0 is 0"},
		{Native: "number", Standard: "decimal", Note: "where some have a fraction or more digits; each digit is kept"},
		{Native: "number", Standard: "float", Note: "where some have an exponent, and a float keeps all digits of each"},
		{Native: "boolean", Standard: "boolean"},
		{Native: "object", Standard: "json"},
		{Native: "array", Standard: "json"},
		{Native: "value", Standard: "json", Note: "where the values of the column are of several types"},
		{
			Native: "null", Standard: "text",
			Note: "where the column has no other value, until records of its type are added; beside others, null is NULL",
		},
	}
}

// Creations returns the types of JSON in which columns of the standard types are written.
func Creations() []source.Creation {
	notes := map[source.Type]string{
		source.Float:  "NaN, Infinity and -Infinity are strings",
		source.Binary: "base64",
		source.JSON:   "as it is, in one line; its null can't be told from NULL",
	}

	creations := make([]source.Creation, 0, len(source.Types()))
	for _, t := range source.Types() {
		creations = append(creations, source.Creation{Standard: string(t), Native: native(t), Note: notes[t]})
	}

	return creations
}
