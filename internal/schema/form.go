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
	kind := KindOf(value)
	number, _ := value.(float64)
	fits := k == Any || kind != "" && k.Accepts(kind) && !math.IsNaN(number)

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

// structured is a form of values with a further structure.
type structured struct {
	name     string
	mismatch func(of Form, subject string, value any) string
	kinds    []Kind
}

// NewForm returns a form with a name for messages. fits reports whether a value has the form. The result of an expression can
// have it if it has one of the kinds, or one that is known only at run time.
func NewForm(name string, fits func(value any) bool, kinds ...Kind) Form {
	return &structured{name, func(of Form, subject string, value any) string {
		return MismatchUnless(fits(value), subject, of, value)
	}, kinds}
}

// String returns the form's name for messages.
func (s *structured) String() string { return s.name }

// Mismatch returns why value does not have the form, or "" if it has.
func (s *structured) Mismatch(subject string, value any) string { return s.mismatch(s, subject, value) }

// Accepts reports whether the result of an expression of the given kind can have the form.
func (s *structured) Accepts(kind Kind) bool { return kind == "" || slices.Contains(s.kinds, kind) }

// Is reports whether a value is a T.
func Is[T any](value any) bool {
	_, is := value.(T)

	return is
}

// The forms of lists and objects whose entries have a form, and of the types of package source. A [Checker] checks the fields of
// a TypeMap, a Format and a Notation.
var (
	Texts    = listOf("a list of texts", Text)
	Integers = listOf("a list of integers", Integer)
	Records  = listOf("a list of objects", Object)
	TextMap  = Form(&structured{"an object of texts", textMapMismatch, []Kind{Object}})
	Type     = Form(&structured{"a type", typeMismatch, []Kind{Text}})
	TypeMap  = NewForm("an object of column names with types", Is[map[string]any], Object)
	Naming   = NewForm("standardize, toUpperCase or toLowerCase", isNaming, Text)
	Format   = Form(&structured{"a format", formatMismatch, []Kind{Object}})
	Notation = NewForm("an object of column names with notations", Is[map[string]any], Object)
)

// listOf returns the form of lists whose entries have a kind.
func listOf(name string, kind Kind) Form {
	return &structured{name, func(of Form, subject string, value any) string {
		list, isList := value.([]any)

		for i, entry := range list {
			if mismatch := kind.Mismatch(fmt.Sprintf("%s[%d]", subject, i), entry); mismatch != "" {
				return mismatch
			}
		}

		return MismatchUnless(isList, subject, of, value)
	}, []Kind{List}}
}

func textMapMismatch(of Form, subject string, value any) string {
	object, isObject := value.(map[string]any)

	for _, name := range slices.Sorted(maps.Keys(object)) {
		if mismatch := Text.Mismatch(problem.JoinPath(subject, name), object[name]); mismatch != "" {
			return mismatch
		}
	}

	return MismatchUnless(isObject, subject, of, value)
}

func typeMismatch(of Form, subject string, value any) string {
	text, _ := value.(string)
	if source.Type(text).Valid() {
		return ""
	}

	return MismatchUnless(false, subject, of, value) + "; " + problem.Suggest(text, TypeNames())
}

func formatMismatch(_ Form, subject string, value any) string { return Object.Mismatch(subject, value) }

func isNaming(value any) bool {
	return value == string(source.Standardize) || value == string(source.ToUpperCase) || value == string(source.ToLowerCase)
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
