// Package schema checks values against Go structs. The struct is the only definition of an object: the types of its fields and
// their tags define which values are accepted, and documentation and JSON Schema are generated from them.
package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/source"
)

// Field is a field of a struct that defines an object. Its tags are:
//
//	json:"name"           the field's name
//	description:"…"       its meaning, for people
//	required:"true"       the field must be present
//	refers:"source"       the value names a source of the app; likewise access and scenario
//	literal:"true"        the value must not contain expressions
//	lazy:"true"           the operation evaluates the value's expressions when it needs them
//	query:"source"        the value is a query, whose expressions become values of bind; the fields that can name its source
type Field struct {
	Name        string
	Description string
	Required    bool
	Refers      string
	Literal     bool
	Lazy        bool
	Query       []string
	Form        Form
}

// Fields returns the fields of the struct T, those of embedded structs included.
func Fields[T any]() []Field { return slices.Clone(fieldsOf(reflect.TypeFor[T]())) }

// FieldsOf returns the fields of a struct, those of embedded structs included.
func FieldsOf(of reflect.Type) []Field { return slices.Clone(fieldsOf(of)) }

// known are the fields of structs, by the struct's type. Without it and [structFields], a call of executeJob allocated 40 KB
// instead of 28 KB.
var known sync.Map

// fieldsOf returns the fields of a struct, which callers must not change.
func fieldsOf(of reflect.Type) []Field {
	if fields, ok := known.Load(of); ok {
		return fields.([]Field) //nolint:forcetypeassert // Nothing else is stored.
	}

	fields, _ := known.LoadOrStore(of, readFields(of))

	return fields.([]Field) //nolint:forcetypeassert // As above.
}

func readFields(of reflect.Type) []Field {
	var fields []Field

	for _, structField := range StructFields(of) {
		name, _, _ := strings.Cut(structField.Tag.Get("json"), ",")
		fields = append(fields, Field{
			Name:        name,
			Description: structField.Tag.Get("description"),
			Required:    structField.Tag.Get("required") == "true",
			Refers:      structField.Tag.Get("refers"),
			Literal:     structField.Tag.Get("literal") == "true",
			Lazy:        structField.Tag.Get("lazy") == "true",
			Query:       strings.Fields(structField.Tag.Get("query")),
			Form:        FormOf(structField.Type),
		})
	}

	return fields
}

// structFields are the fields of structs as Go has them, by the struct's type.
var structFields sync.Map

// StructFields returns the fields of a struct as Go has them, with those of embedded structs in place of the embedded structs.
// The caller must not change them.
func StructFields(of reflect.Type) []reflect.StructField {
	if fields, ok := structFields.Load(of); ok {
		return fields.([]reflect.StructField) //nolint:forcetypeassert // Nothing else is stored.
	}

	fields := slices.DeleteFunc(reflect.VisibleFields(of), func(field reflect.StructField) bool { return field.Anonymous })
	structFields.Store(of, fields)

	return fields
}

// Typed is implemented by types of fields that define their own form.
type Typed interface {
	// SchemaForm returns the form. The receiver is the type's zero value.
	SchemaForm() Form
}

// Enumerated is implemented by types of texts with few values.
type Enumerated interface {
	// SchemaValues returns all values. The receiver is the type's zero value.
	SchemaValues() []string
}

// FormOf returns the form of the values of a type.
func FormOf(t reflect.Type) Form {
	if typed, ok := reflect.TypeAssert[Typed](reflect.Zero(t)); ok {
		return typed.SchemaForm()
	}

	switch t {
	case reflect.TypeFor[source.Type]():
		return Type
	case reflect.TypeFor[map[string]source.Standard]():
		return TypeMap
	case reflect.TypeFor[map[string]string]():
		return TextMap
	case reflect.TypeFor[source.Naming]():
		return Naming
	case reflect.TypeFor[source.Format]():
		return Format
	case reflect.TypeFor[map[string]source.Notation]():
		return Notation
	case reflect.TypeFor[[]int64]():
		return Integers
	case reflect.TypeFor[[]jsonvalue.Object]():
		return Records
	case reflect.TypeFor[any](), reflect.TypeFor[jsonvalue.Value]():
		return Any
	case reflect.TypeFor[*bool]():
		return Boolean
	case reflect.TypeFor[[]string]():
		return Texts
	}

	switch t.Kind() {
	case reflect.String:
		return Text
	case reflect.Int, reflect.Int64:
		return Integer
	case reflect.Float64:
		return Number
	case reflect.Bool:
		return Boolean
	case reflect.Slice:
		return List
	default:
		return Object
	}
}

// Check checks an object against the struct T. The error is a [problem.List].
func Check[T any](object jsonvalue.Object) error {
	var check Checker

	check.Object("", map[string]any(object), fieldsOf(reflect.TypeFor[T]()), check.Field)

	return check.Problems.Err()
}

// Checker checks values and collects the problems that it finds.
type Checker struct {
	Problems problem.List
	File     string                               // The file of all problems; "" if there is none.
	Position func(path string) (line, column int) // Returns the place of a path in the file; nil if there is no file.
}

// Addf adds a problem at a path.
func (c *Checker) Addf(path string, code problem.Code, format string, arguments ...any) {
	found := problem.Problem{Code: code, File: c.File, Path: path, Message: fmt.Sprintf(format, arguments...)}

	if c.Position != nil {
		found.Line, found.Column = c.Position(path)
	}

	c.Problems.Add(found)
}

// Object checks that value is an object with the given fields. check checks the value of one field and reports whether it has
// no problem. Object returns the fields without problems.
func (c *Checker) Object(
	path string, value any, fields []Field, check func(path string, field Field, value any) bool,
) map[string]any {
	if c.Problems.IsFull() {
		return nil
	}

	object, ok := value.(map[string]any)
	if !ok {
		c.Addf(path, problem.CodeTypeMismatch, "%s", Object.Mismatch(problem.Subject(path), value))

		return nil
	}

	names := make([]string, len(fields))
	sound := make(map[string]any, len(object))

	for i, field := range fields {
		names[i] = field.Name

		given, present := object[field.Name]

		switch {
		case present && check(problem.JoinPath(path, field.Name), field, given):
			sound[field.Name] = given
		case !present && field.Required:
			c.Addf(path, problem.CodeFieldMissing, "%s is missing%s", field.Name, field.meaning())
		}
	}

	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(names, name) {
			c.Addf(problem.JoinPath(path, name), problem.CodeFieldUnknown, "unknown field %s; %s", name,
				problem.Suggest(name, names))
		}
	}

	return sound
}

// Field checks the value of a field and reports whether it has no problem.
func (c *Checker) Field(path string, field Field, value any) bool {
	if field.Required && field.Form == Text && value == "" {
		c.Addf(path, problem.CodeValueInvalid, "%s is empty%s", field.Name, field.meaning())

		return false
	}

	if object, isObject := value.(map[string]any); isObject {
		switch field.Form {
		case Format:
			return c.format(path, object)
		case TypeMap:
			return c.each(path, object, func(path string, value any) bool { return c.mismatch(path, standardMismatch, value) })
		case Notation:
			return c.each(path, object, func(path string, value any) bool {
				before := len(c.Problems)
				c.Object(path, value, Fields[source.Notation](), c.Field)

				return len(c.Problems) == before
			})
		}
	}

	return c.mismatch(path, field.Form.Mismatch, value)
}

// mismatch adds the problem of a value, and reports whether there is none.
func (c *Checker) mismatch(path string, mismatchOf func(subject string, value any) string, value any) bool {
	if mismatch := mismatchOf(problem.Subject(path), value); mismatch != "" {
		c.Addf(path, problem.CodeTypeMismatch, "%s", mismatch)

		return false
	}

	return true
}

// each checks the value of each field, and reports whether no value has a problem.
func (c *Checker) each(path string, object map[string]any, check func(path string, value any) bool) bool {
	isSound := true

	for _, name := range slices.Sorted(maps.Keys(object)) {
		isSound = check(problem.JoinPath(path, name), object[name]) && isSound
	}

	return isSound
}

// format checks a format, and reports whether it has no problem.
func (c *Checker) format(path string, object map[string]any) bool {
	before := len(c.Problems)
	c.Object(path, object, Fields[source.Format](), c.Field)

	for _, mistake := range FormatOf(object).Mistakes() {
		message := mistake.Message
		if mistake.Known != nil {
			value, _ := object[mistake.Field].(string)
			message += "; " + problem.Suggest(value, mistake.Known)
		}

		c.Addf(path+"."+mistake.Field, problem.CodeValueInvalid, "%s", message)
	}

	return len(c.Problems) == before
}

// FormatOf returns the format that an object describes, without the fields whose values do not have their forms, such as those
// of expressions.
func FormatOf(object map[string]any) source.Format {
	sound := soundFields(object, Fields[source.Format]())

	if columns, isObject := object["columns"].(map[string]any); isObject {
		notations := make(map[string]any, len(columns))
		for name, notation := range columns {
			notations[name] = soundFields(notation, Fields[source.Notation]())
		}

		sound["columns"] = notations
	}

	encoded, err := json.Marshal(sound)
	if err != nil {
		return source.Format{}
	}

	var format source.Format
	if err := json.Unmarshal(encoded, &format); err != nil {
		return source.Format{}
	}

	return format
}

// soundFields returns the fields of an object whose values have their forms.
func soundFields(value any, fields []Field) map[string]any {
	object, _ := value.(map[string]any)
	sound := make(map[string]any, len(object))

	for _, field := range fields {
		if given, present := object[field.Name]; present && field.Form.Mismatch(field.Name, given) == "" {
			sound[field.Name] = given
		}
	}

	return sound
}

// meaning returns the first sentence of the description in parentheses, or "" if there is none.
func (f Field) meaning() string {
	sentence, _, _ := strings.Cut(f.Description, ". ")
	sentence = strings.TrimSuffix(sentence, ".")

	if sentence == "" {
		return ""
	}

	// A word that begins with two capitals is an acronym.
	if first, size := utf8.DecodeRuneInString(sentence); len(sentence) < 2 || !unicode.IsUpper(rune(sentence[1])) {
		sentence = string(unicode.ToLower(first)) + sentence[size:]
	}

	return " (" + sentence + ")"
}
