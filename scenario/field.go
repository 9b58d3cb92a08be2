package scenario

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/jobwright/jobwright/source"
)

// Field is one field of an object of the language, read from the Go struct that holds the object. The struct is the one
// place that defines it: its JSON tag names the field, `required:"true"` says that it can't be left out, `refers:"source"`
// that its value names a source of the app, `literal:"true"` that it can't be an expression, `lazy:"true"` that its
// expressions are evaluated when the operation needs them, and `description` says to people what it means.
type Field struct {
	Name        string
	Description string
	Required    bool
	Refers      string
	Literal     bool
	Lazy        bool
	form        form
}

// Form says what a value of the field looks like, for people.
func (f Field) Form() string { return string(f.form) }

// form is what the value of a field looks like.
type form string

const (
	formText     form = "text"
	formInteger  form = "an integer"
	formNumber   form = "a number"
	formBoolean  form = "true or false"
	formDuration form = "a duration"
	formType     form = "a type"
	formTypes    form = "an object of column names with types"
	formObject   form = "an object"
	formList     form = "a list"
	formAny      form = "a value"

	formTexts     form = "a list of texts"
	formIntegers  form = "a list of integers"
	formRecords   form = "a list of objects"
	formNames     form = "an object of texts"
	formNaming    form = "standardize, toUpperCase or toLowerCase"
	formFormat    form = "a format"
	formOnError   form = "fail or continue"
	formCondition form = "true, false or an expression"
	formSteps     form = "a list of steps"
	formCases     form = "a list of cases"
	formBranches  form = "an object of lists of steps"
	formRules     form = "a list of rules"
)

// holdsSteps reports whether values of the form hold steps, which become blocks.
func (f form) holdsSteps() bool { return f == formSteps || f == formCases || f == formBranches }

// fieldsOf reads the fields of the struct T.
func fieldsOf[T any]() []Field {
	var fields []Field

	for _, structField := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		if structField.Anonymous { // Its fields come next.
			continue
		}

		name, _, _ := strings.Cut(structField.Tag.Get("json"), ",")
		fields = append(fields, Field{
			Name:        name,
			Description: structField.Tag.Get("description"),
			Required:    structField.Tag.Get("required") == "true",
			Refers:      structField.Tag.Get("refers"),
			Literal:     structField.Tag.Get("literal") == "true",
			Lazy:        structField.Tag.Get("lazy") == "true",
			form:        formOf(structField.Type),
		})
	}

	return fields
}

func formOf(t reflect.Type) form {
	switch t {
	case reflect.TypeFor[Duration]():
		return formDuration
	case reflect.TypeFor[source.Type]():
		return formType
	case reflect.TypeFor[map[string]source.Standard]():
		return formTypes
	case reflect.TypeFor[map[string]string]():
		return formNames
	case reflect.TypeFor[source.Naming]():
		return formNaming
	case reflect.TypeFor[source.Format]():
		return formFormat
	case reflect.TypeFor[[]int64]():
		return formIntegers
	case reflect.TypeFor[[]Params]():
		return formRecords
	case reflect.TypeFor[any](), reflect.TypeFor[Value]():
		return formAny
	case reflect.TypeFor[*bool]():
		return formBoolean
	case reflect.TypeFor[[]string]():
		return formTexts
	case reflect.TypeFor[OnError]():
		return formOnError
	case reflect.TypeFor[Condition]():
		return formCondition
	case reflect.TypeFor[Steps]():
		return formSteps
	case reflect.TypeFor[Cases]():
		return formCases
	case reflect.TypeFor[Branches]():
		return formBranches
	case reflect.TypeFor[IgnoreRules]():
		return formRules
	}

	switch t.Kind() {
	case reflect.String:
		return formText
	case reflect.Int, reflect.Int64:
		return formInteger
	case reflect.Float64:
		return formNumber
	case reflect.Bool:
		return formBoolean
	case reflect.Slice:
		return formList
	default:
		return formObject
	}
}

// mismatch says why value does not have the form, or "" when it does.
func (f form) mismatch(value any) string {
	fits := false

	switch f {
	case formText:
		_, fits = value.(string)
	case formInteger:
		_, fits = value.(int64)
	case formNumber:
		switch number := value.(type) {
		case int64:
			fits = true
		case float64:
			fits = !math.IsNaN(number)
		}
	case formBoolean, formCondition:
		_, fits = value.(bool)
	case formOnError:
		fits = value == string(OnErrorFail) || value == string(OnErrorContinue)
	case formTexts:
		fits = isListOf(value, isA[string])
	case formIntegers:
		fits = isListOf(value, isA[int64])
	case formRecords:
		fits = isListOf(value, isA[map[string]any])
	case formNames:
		names, isObject := value.(map[string]any)
		fits = isObject

		for _, name := range slices.Sorted(maps.Keys(names)) {
			fits = fits && isA[string](names[name])
		}
	case formNaming:
		fits = value == string(source.Standardize) || value == string(source.ToUpperCase) || value == string(source.ToLowerCase)
	case formFormat:
		return formatMismatch(value)
	case formList, formSteps, formCases, formRules:
		_, fits = value.([]any)
	case formObject, formBranches:
		_, fits = value.(map[string]any)
	case formAny:
		fits = true
	case formDuration:
		text, _ := value.(string)
		if d, err := time.ParseDuration(text); err == nil && d > 0 {
			return ""
		}

		return "want a duration above zero such as 90s or 1h30m, have " + describe(value)
	case formType:
		if text, _ := value.(string); !source.Type(text).Valid() {
			return fmt.Sprintf("want a type, have %s; %s", describe(value), Suggest(text, typeNames()))
		}

		return ""
	case formTypes:
		types, _ := value.(map[string]any)
		for _, column := range slices.Sorted(maps.Keys(types)) {
			if mismatch := typeMismatch(types[column]); mismatch != "" {
				return fmt.Sprintf("column %q: %s", column, mismatch)
			}
		}

		fits = types != nil
	}

	if fits {
		return ""
	}

	return fmt.Sprintf("want %s, have %s", f, describe(value))
}

func isA[T any](value any) bool {
	_, is := value.(T)

	return is
}

// isListOf reports whether value is a list in which every entry is one of those.
func isListOf(value any, is func(any) bool) bool {
	list, isList := value.([]any)

	return isList && !slices.ContainsFunc(list, func(entry any) bool { return !is(entry) })
}

// formatMismatch says what is wrong with a format, or "".
func formatMismatch(value any) string {
	format, isObject := value.(map[string]any)
	if !isObject {
		return fmt.Sprintf("want %s, an object, have %s", formFormat, describe(value))
	}

	fields := fieldsOf[source.Format]()
	names := make([]string, len(fields))

	for i, field := range fields {
		names[i] = field.Name

		if given, present := format[field.Name]; present {
			if mismatch := field.form.mismatch(given); mismatch != "" {
				return field.Name + ": " + mismatch
			}
		}
	}

	for _, name := range slices.Sorted(maps.Keys(format)) {
		if !slices.Contains(names, name) {
			return fmt.Sprintf("unknown field %s; %s", name, Suggest(name, names))
		}
	}

	return ""
}

// typeMismatch says why value is no type with its arguments, or "".
func typeMismatch(value any) string {
	text, _ := value.(string)

	_, err := source.ParseStandard(text)
	if err == nil {
		return ""
	}

	return fmt.Sprintf("want a type, have %s; %v; %s", describe(value), err, Suggest(text, typeNames()))
}

func typeNames() []string {
	names := make([]string, 0, len(source.Types()))
	for _, t := range source.Types() {
		names = append(names, string(t))
	}

	return names
}

// accepts reports whether the result of an expression can have the form; given is "" where only running it can tell.
func (f form) accepts(given form) bool {
	switch {
	case given == "" || given == f || f == formAny:
		return true
	case given == formInteger:
		return f == formNumber
	case given == formText:
		return f == formDuration || f == formType || f == formNaming
	case given == formBoolean:
		return f == formCondition
	case given == formList:
		return f == formTexts || f == formIntegers || f == formRecords
	case given == formObject:
		return f == formTypes || f == formNames || f == formFormat
	}

	return false
}
