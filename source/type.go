package source

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Type is a standard type, which values of all sources share. The zero value is invalid. docs/types.md documents the types.
type Type string

// The standard types, and the Go types of their values in a [Record]. NULL is nil.
const (
	Text      Type = "text"      // string, valid UTF-8
	Integer   Type = "integer"   // int64
	Decimal   Type = "decimal"   // Number, exact
	Float     Type = "float"     // float64, with NaN and the infinities
	Boolean   Type = "boolean"   // bool
	Date      Type = "date"      // time.Time at midnight UTC
	Time      Type = "time"      // time.Duration since midnight, at most 24 hours
	Datetime  Type = "datetime"  // time.Time in UTC whose fields are a local date and time without a time zone
	Timestamp Type = "timestamp" // time.Time, an instant, with the offset of its text form
	Binary    Type = "binary"    // []byte
	JSON      Type = "json"      // json.RawMessage, one valid JSON value
	UUID      Type = "uuid"      // uuid.UUID
	Array     Type = "array"     // []any of the column's Element type, or of []any if it has several dimensions
)

// Types returns every standard type, in the order in which documentation lists them.
func Types() []Type {
	return []Type{
		Text, Integer, Decimal, Float, Boolean, Date, Time, Datetime, Timestamp, Binary, JSON, UUID, Array,
	}
}

// Valid reports whether t is one of the standard types.
func (t Type) Valid() bool { return slices.Contains(Types(), t) }

// NativeType is a column's type as its source names it.
type NativeType struct {
	Name      string `json:"name" description:"The name of the type."`
	TypeStr   string `json:"typeStr" description:"The type with its arguments, such as VARCHAR(20)."`
	Precision int    `json:"precision" description:"The precision; -1 if the source has no limit."`
	Scale     int    `json:"scale" description:"The digits after the decimal point."`
}

// Standard is a standard type with its arguments, the type of a column. Its text form is, for example, "text", "decimal",
// "decimal(10,2)" or "integer[]".
type Standard struct {
	Type      Type
	Element   Type // The type of the elements of an [Array].
	Precision int  // The maximum number of digits of a [Decimal]; 0 for no limit.
	Scale     int  // The number of these digits after the point, if the precision is not 0.
}

// String returns the text form of the type.
func (s Standard) String() string {
	switch {
	case s.Type == Array:
		return string(s.Element) + "[]"
	case s.Type == Decimal && s.Precision > 0:
		return fmt.Sprintf("%s(%d,%d)", s.Type, s.Precision, s.Scale)
	}

	return string(s.Type)
}

// ElementOf returns the type of a value in an array of this type: the same type for a list in an array of several dimensions.
func (s Standard) ElementOf(value any) Standard {
	if _, isList := value.([]any); isList {
		return s
	}

	return Standard{Type: s.Element}
}

// ParseStandard parses the text form of a type.
func ParseStandard(text string) (Standard, error) {
	if element, isArray := strings.CutSuffix(text, "[]"); isArray {
		if of := Type(element); of.Valid() && of != Array {
			return Standard{Type: Array, Element: of}, nil
		}

		return Standard{}, fmt.Errorf(
			"%q is not a type: write an array as the type of its elements and [], for example integer[]", text)
	}

	name, arguments, hasArguments := strings.Cut(text, "(")
	parsed := Standard{Type: Type(name)}

	switch {
	case parsed.Type == Array:
		return Standard{}, fmt.Errorf("write an array as the type of its elements and [], for example integer[]")
	case !parsed.Type.Valid():
		return Standard{}, fmt.Errorf("%q is not a type", text)
	case !hasArguments:
		return parsed, nil
	}

	precision, scale, hasScale := strings.Cut(strings.TrimSuffix(arguments, ")"), ",")

	var err error
	if parsed.Precision, err = strconv.Atoi(strings.TrimSpace(precision)); err == nil && hasScale {
		parsed.Scale, err = strconv.Atoi(strings.TrimSpace(scale))
	}

	if err != nil || parsed.Type != Decimal || !strings.HasSuffix(arguments, ")") ||
		parsed.Precision < 1 || parsed.Scale < 0 || parsed.Scale > parsed.Precision {
		return Standard{}, fmt.Errorf("%q is not a type: decimal(10,2) has at most 10 digits, 2 of them after the point; "+
			"other types have no arguments", text)
	}

	return parsed, nil
}

// MarshalText returns the text form of the type.
func (s Standard) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText parses the text form of a type.
func (s *Standard) UnmarshalText(text []byte) error {
	parsed, err := ParseStandard(string(text))
	if err != nil {
		return err
	}

	*s = parsed

	return nil
}
