package source

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Type is a standard type: what a value means, whichever source it comes from. Its zero value is no type. docs/types.md
// tells the whole story.
type Type string

// The standard types, with the Go type that a [Record] holds for each; NULL is always nil.
const (
	Text      Type = "text"      // string, valid UTF-8
	Integer   Type = "integer"   // int64
	Decimal   Type = "decimal"   // Number, exact
	Float     Type = "float"     // float64, with NaN and the infinities
	Boolean   Type = "boolean"   // bool
	Date      Type = "date"      // time.Time at midnight UTC
	Time      Type = "time"      // time.Duration since midnight, at most 24 hours
	Datetime  Type = "datetime"  // time.Time in UTC whose fields are what a clock on some wall shows: it has no zone
	Timestamp Type = "timestamp" // time.Time, a moment, with the offset at which it is shown
	Binary    Type = "binary"    // []byte
	JSON      Type = "json"      // json.RawMessage, one valid JSON value
	UUID      Type = "uuid"      // uuid.UUID
	Array     Type = "array"     // []any of the column's Element type, or of further []any where it has more dimensions
)

// Types returns every standard type, in the order in which documentation lists them.
func Types() []Type {
	return []Type{
		Text, Integer, Decimal, Float, Boolean, Date, Time, Datetime, Timestamp, Binary, JSON, UUID, Array,
	}
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

// Standard is a standard type with its arguments, as a column has it and as an author writes it: "text", "decimal",
// "decimal(10,2)" or "integer[]".
type Standard struct {
	Type      Type
	Element   Type // Of an [Array]: the type of what it holds.
	Precision int  // Of a [Decimal]: the most digits that it has; 0 where there is no bound.
	Scale     int  // Of a [Decimal] with a precision: how many of them stand behind the point.
}

// String writes the type as an author does.
func (s Standard) String() string {
	switch {
	case s.Type == Array:
		return string(s.Element) + "[]"
	case s.Type == Decimal && s.Precision > 0:
		return fmt.Sprintf("%s(%d,%d)", s.Type, s.Precision, s.Scale)
	}

	return string(s.Type)
}

// ParseStandard reads what [Standard.String] writes.
func ParseStandard(text string) (Standard, error) {
	if element, isArray := strings.CutSuffix(text, "[]"); isArray {
		if of := Type(element); of.Valid() && of != Array {
			return Standard{Type: Array, Element: of}, nil
		}

		return Standard{}, fmt.Errorf(
			"%q is no type: an array is written as the type of its elements and [], integer[] for example", text)
	}

	name, arguments, hasArguments := strings.Cut(text, "(")
	parsed := Standard{Type: Type(name)}

	switch {
	case parsed.Type == Array:
		return Standard{}, fmt.Errorf("an array is written as the type of its elements and [], integer[] for example")
	case !parsed.Type.Valid():
		return Standard{}, fmt.Errorf("%q is no type", text)
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
		return Standard{}, fmt.Errorf("%q is no type: decimal(10,2) has at most 10 digits, 2 of them behind the point, "+
			"and no other type has arguments", text)
	}

	return parsed, nil
}

// MarshalText writes the type as an author does.
func (s Standard) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [Standard.MarshalText] writes.
func (s *Standard) UnmarshalText(text []byte) error {
	parsed, err := ParseStandard(string(text))
	if err != nil {
		return err
	}

	*s = parsed

	return nil
}
