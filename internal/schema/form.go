package schema

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/source"
)

// Form defines which values a field accepts.
type Form interface {
	// String returns the form's name for messages and documentation, such as "a list of texts".
	String() string

	// Mismatch returns why a value does not have the form, or "" if it has. subject names the value in the message.
	Mismatch(subject string, value any) string

	// Accepts reports whether the result of an expression can have the form. kind is "" if it is known only at run time.
	Accepts(kind Kind) bool
}

// Kind is the form of a single value: one of the kinds of JSON values, with integers and decimals apart from other numbers.
type Kind string

// The kinds. The empty kind is that of an expression whose result is known only at run time.
const (
	Text    Kind = "text"
	Integer Kind = "an integer"
	Number  Kind = "a number"
	Decimal Kind = "a decimal"
	Boolean Kind = "true or false"
	List    Kind = "a list"
	Object  Kind = "an object"
	Any     Kind = "a value"
)

// String returns the kind's name for messages.
func (k Kind) String() string { return string(k) }

// Mismatch returns why value is not of the kind, or "" if it is.
func (k Kind) Mismatch(subject string, value any) string {
	fits := false

	switch k {
	case Text:
		_, fits = value.(string)
	case Integer:
		_, fits = value.(int64)
	case Number:
		switch number := value.(type) {
		case int64:
			fits = true
		case float64:
			fits = !math.IsNaN(number)
		}
	case Decimal:
		_, fits = value.(jsonvalue.Decimal)
	case Boolean:
		_, fits = value.(bool)
	case List:
		_, fits = value.([]any)
	case Object:
		_, fits = value.(map[string]any)
	case Any:
		fits = true
	}

	return MismatchUnless(fits, subject, k, value)
}

// Accepts reports whether a value of the given kind is also of kind k.
func (k Kind) Accepts(kind Kind) bool {
	return kind == "" || kind == k || k == Any || kind == Integer && k == Number
}

// MismatchUnless returns the message that value does not have the form, or "" if fits is true.
func MismatchUnless(fits bool, subject string, form Form, value any) string {
	if fits {
		return ""
	}

	return fmt.Sprintf("%s must be %s, but is %s", subject, form, jsonvalue.Describe(value))
}

// KindOf returns the kind of a value, or "" for nil.
func KindOf(value any) Kind {
	switch value.(type) {
	case string:
		return Text
	case int64:
		return Integer
	case float64:
		return Number
	case jsonvalue.Decimal:
		return Decimal
	case bool:
		return Boolean
	case []any:
		return List
	case map[string]any:
		return Object
	}

	return ""
}

// KindOfType returns the kind of the values of a standard type. Dates, binary data and UUIDs are text.
func KindOfType(t source.Type) Kind {
	switch t {
	case source.Integer:
		return Integer
	case source.Float:
		return Number
	case source.Boolean:
		return Boolean
	case source.Array:
		return List
	case source.JSON:
		return Any
	case source.Decimal:
		return Decimal
	case source.Text, source.Date, source.Time, source.Datetime, source.Timestamp, source.Binary, source.UUID:
		return Text
	}

	return ""
}

// compound is the form of values with a further structure.
type compound string

// The forms of lists and objects whose entries have a form, and of the types of package source.
const (
	Texts    compound = "a list of texts"
	Integers compound = "a list of integers"
	Records  compound = "a list of objects"
	TextMap  compound = "an object of texts"
	Type     compound = "a type"
	TypeMap  compound = "an object of column names with types"
	Naming   compound = "standardize, toUpperCase or toLowerCase"
	Format   compound = "a format"
	Notation compound = "an object of column names with notations"
)

// String returns the form's name for messages.
func (c compound) String() string { return string(c) }

// Mismatch returns why value does not have the form, or "" if it has.
func (c compound) Mismatch(subject string, value any) string {
	fits := false

	switch c {
	case Texts:
		return entriesMismatch(subject, c, value, Text)
	case Integers:
		return entriesMismatch(subject, c, value, Integer)
	case Records:
		return entriesMismatch(subject, c, value, Object)
	case TextMap:
		return fieldsMismatch(subject, c, value, Text.Mismatch)
	case TypeMap:
		return fieldsMismatch(subject, c, value, standardMismatch)
	case Naming:
		fits = value == string(source.Standardize) || value == string(source.ToUpperCase) || value == string(source.ToLowerCase)
	case Format:
		return objectMismatch(subject, value, Fields[source.Format]())
	case Notation:
		return fieldsMismatch(subject, c, value, func(subject string, value any) string {
			return objectMismatch(subject, value, Fields[source.Notation]())
		})
	case Type:
		if text, _ := value.(string); !source.Type(text).Valid() {
			return MismatchUnless(false, subject, c, value) + "; " + problem.Suggest(text, TypeNames())
		}

		return ""
	}

	return MismatchUnless(fits, subject, c, value)
}

// Accepts reports whether the result of an expression of the given kind can have the form.
func (c compound) Accepts(kind Kind) bool {
	switch c {
	case Texts, Integers, Records:
		return kind == "" || kind == List
	case TextMap, TypeMap, Format, Notation:
		return kind == "" || kind == Object
	case Type, Naming:
		return kind == "" || kind == Text
	}

	return false
}

// entriesMismatch returns why value is not a list of entries of the kind, or "".
func entriesMismatch(subject string, form Form, value any, kind Kind) string {
	list, isList := value.([]any)

	for i, entry := range list {
		if mismatch := kind.Mismatch(fmt.Sprintf("%s[%d]", subject, i), entry); mismatch != "" {
			return mismatch
		}
	}

	return MismatchUnless(isList, subject, form, value)
}

// fieldsMismatch returns why value is not an object of values without mismatch, or "".
func fieldsMismatch(subject string, form Form, value any, mismatch func(subject string, value any) string) string {
	object, isObject := value.(map[string]any)

	for _, name := range slices.Sorted(maps.Keys(object)) {
		if found := mismatch(problem.JoinPath(subject, name), object[name]); found != "" {
			return found
		}
	}

	return MismatchUnless(isObject, subject, form, value)
}

// objectMismatch returns what is wrong with an object that has the fields, or "".
func objectMismatch(subject string, value any, fields []Field) string {
	object, isObject := value.(map[string]any)
	if !isObject {
		return MismatchUnless(false, subject, Object, value)
	}

	names := make([]string, len(fields))

	for i, field := range fields {
		names[i] = field.Name

		if given, present := object[field.Name]; present {
			if mismatch := field.Form.Mismatch(problem.JoinPath(subject, field.Name), given); mismatch != "" {
				return mismatch
			}
		}
	}

	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(names, name) {
			return fmt.Sprintf("%s has no field %s; %s", subject, name, problem.Suggest(name, names))
		}
	}

	return ""
}

// standardMismatch returns why value is not a type with its arguments, or "".
func standardMismatch(subject string, value any) string {
	text, _ := value.(string)

	_, err := source.ParseStandard(text)
	if err == nil {
		return ""
	}

	return fmt.Sprintf("%s; %v; %s", MismatchUnless(false, subject, Type, value), err, problem.Suggest(text, TypeNames()))
}

// TypeNames returns the names of the standard types.
func TypeNames() []string {
	names := make([]string, 0, len(source.Types()))
	for _, t := range source.Types() {
		names = append(names, string(t))
	}

	return names
}
