package source

import (
	"slices"
)

// Type is a standard type: what a value means, whichever source it comes from. Its zero value is no type.
type Type string

// The standard types, with the Go type that a [Record] holds for each; NULL is always nil.
const (
	Text      Type = "text"      // string
	Integer   Type = "integer"   // int64
	Float     Type = "float"     // float64
	Boolean   Type = "boolean"   // bool
	Date      Type = "date"      // time.Time at midnight UTC
	Timestamp Type = "timestamp" // time.Time
	Binary    Type = "binary"    // []byte
)

// Types returns every standard type, in the order in which documentation lists them.
func Types() []Type {
	return []Type{Text, Integer, Float, Boolean, Date, Timestamp, Binary}
}

// Valid reports whether t is one of the standard types.
func (t Type) Valid() bool { return slices.Contains(Types(), t) }

// NativeType is a column's type in the words of the source it lives in.
type NativeType struct {
	Name      string `json:"name"`
	TypeStr   string `json:"typeStr"`   // The full form, with its arguments: "VARCHAR(20)".
	Precision int    `json:"precision"` // -1 where the source sets no bound.
	Scale     int    `json:"scale"`
}
