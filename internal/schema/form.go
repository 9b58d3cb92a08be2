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

	// Mismatch returns why value does not have the form, or "" if it has.
	Mismatch(value any) string

	// Accepts reports whether the result of an expression can have the form. kind is "" if it is known only at run time.
	Accepts(kind Kind) bool
}

// Kind is the form of a single value: one of the kinds of JSON values, with integers apart from other numbers.
type Kind string

// The kinds. The empty kind is that of an expression whose result is known only at run time.
const (
	Text    Kind = "text"
	Integer Kind = "an integer"
	Number  Kind = "a number"
	Boolean Kind = "true or false"
	List    Kind = "a list"
	Object  Kind = "an object"
	Any     Kind = "a value"
)

// String returns the kind's name for messages.
func (k Kind) String() string { return string(k) }

// Mismatch returns why value is not of the kind, or "" if it is.
func (k Kind) Mismatch(value any) string {
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
	case Boolean:
		_, fits = value.(bool)
	case List:
		_, fits = value.([]any)
	case Object:
		_, fits = value.(map[string]any)
	case Any:
		fits = true
	}

	return MismatchUnless(fits, k, value)
}

// Accepts reports whether a value of the given kind is also of kind k.
func (k Kind) Accepts(kind Kind) bool {
	return kind == "" || kind == k || k == Any || kind == Integer && k == Number
}

// MismatchUnless returns the message that value does not have the form, or "" if fits is true.
func MismatchUnless(fits bool, form Form, value any) string {
	if fits {
		return ""
	}

	return fmt.Sprintf("want %s, have %s", form, jsonvalue.Describe(value))
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
	case bool:
		return Boolean
	case []any:
		return List
	case map[string]any:
		return Object
	}

	return ""
}

// KindOfType returns the kind of the values of a standard type. Dates, decimals, binary data and UUIDs are text.
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
	case source.Text, source.Decimal, source.Date, source.Time, source.Datetime, source.Timestamp, source.Binary, source.UUID:
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
)

// String returns the form's name for messages.
func (c compound) String() string { return string(c) }

// Mismatch returns why value does not have the form, or "" if it has.
func (c compound) Mismatch(value any) string {
	fits := false

	switch c {
	case Texts:
		fits = isListOf(value, isA[string])
	case Integers:
		fits = isListOf(value, isA[int64])
	case Records:
		fits = isListOf(value, isA[map[string]any])
	case TextMap:
		names, isObject := value.(map[string]any)
		fits = isObject

		for _, name := range slices.Sorted(maps.Keys(names)) {
			fits = fits && isA[string](names[name])
		}
	case Naming:
		fits = value == string(source.Standardize) || value == string(source.ToUpperCase) || value == string(source.ToLowerCase)
	case Format:
		return formatMismatch(value)
	case Type:
		if text, _ := value.(string); !source.Type(text).Valid() {
			return fmt.Sprintf("want a type, have %s; %s", jsonvalue.Describe(value), problem.Suggest(text, TypeNames()))
		}

		return ""
	case TypeMap:
		types, _ := value.(map[string]any)
		for _, column := range slices.Sorted(maps.Keys(types)) {
			if mismatch := typeMismatch(types[column]); mismatch != "" {
				return fmt.Sprintf("column %q: %s", column, mismatch)
			}
		}

		fits = types != nil
	}

	return MismatchUnless(fits, c, value)
}

// Accepts reports whether the result of an expression of the given kind can have the form.
func (c compound) Accepts(kind Kind) bool {
	switch c {
	case Texts, Integers, Records:
		return kind == "" || kind == List
	case TextMap, TypeMap, Format:
		return kind == "" || kind == Object
	case Type, Naming:
		return kind == "" || kind == Text
	}

	return false
}

func isA[T any](value any) bool {
	_, is := value.(T)

	return is
}

// isListOf reports whether value is a list whose entries all satisfy is.
func isListOf(value any, is func(any) bool) bool {
	list, isList := value.([]any)

	return isList && !slices.ContainsFunc(list, func(entry any) bool { return !is(entry) })
}

// formatMismatch returns what is wrong with a format, or "".
func formatMismatch(value any) string {
	format, isObject := value.(map[string]any)
	if !isObject {
		return fmt.Sprintf("want %s, an object, have %s", Format, jsonvalue.Describe(value))
	}

	fields := Fields[source.Format]()
	names := make([]string, len(fields))

	for i, field := range fields {
		names[i] = field.Name

		if given, present := format[field.Name]; present {
			if mismatch := field.Form.Mismatch(given); mismatch != "" {
				return field.Name + ": " + mismatch
			}
		}
	}

	for _, name := range slices.Sorted(maps.Keys(format)) {
		if !slices.Contains(names, name) {
			return fmt.Sprintf("unknown field %s; %s", name, problem.Suggest(name, names))
		}
	}

	return ""
}

// typeMismatch returns why value is not a type with its arguments, or "".
func typeMismatch(value any) string {
	text, _ := value.(string)

	_, err := source.ParseStandard(text)
	if err == nil {
		return ""
	}

	return fmt.Sprintf("want a type, have %s; %v; %s", jsonvalue.Describe(value), err, problem.Suggest(text, TypeNames()))
}

// TypeNames returns the names of the standard types.
func TypeNames() []string {
	names := make([]string, 0, len(source.Types()))
	for _, t := range source.Types() {
		names = append(names, string(t))
	}

	return names
}
