package format_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/scenarioschema"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

func TestFieldsDescribesEveryFieldOfAFormat(t *testing.T) {
	t.Parallel()

	var declared []reflect.StructField

	for _, field := range reflect.VisibleFields(reflect.TypeFor[source.Format]()) {
		if !field.Anonymous {
			declared = append(declared, field)
		}
	}

	fields := scenarioschema.FormatFields()
	require.Len(t, fields, len(declared))

	for i, field := range fields {
		name, _, _ := strings.Cut(declared[i].Tag.Get("json"), ",")
		require.Equal(t, name, field.Name)
		require.NotEmpty(t, field.Type)
		require.NotEmpty(t, field.Description)
		require.NotEmpty(t, field.Default)
		require.NotEmpty(t, field.Formats)
	}
}

// set sets a field of a format to a value that does not matter.
func set(f *source.Format, index []int) {
	switch value := reflect.ValueOf(f).Elem().FieldByIndex(index); value.Kind() {
	case reflect.String:
		value.SetString("x")
	case reflect.Bool:
		value.SetBool(true)
	case reflect.Slice:
		value.Set(reflect.ValueOf([]string{"x"}))
	case reflect.Map:
		value.Set(reflect.ValueOf(map[string]source.Notation{"x": {}}))
	default:
		value.Set(reflect.New(value.Type().Elem()))
	}
}

// Each field is refused exactly in the formats that do not have it, or that have it only for reading.
func TestFieldsListsTheFormatsThatAcceptAField(t *testing.T) {
	t.Parallel()

	var declared []reflect.StructField

	for _, field := range reflect.VisibleFields(reflect.TypeFor[source.Format]()) {
		if !field.Anonymous {
			declared = append(declared, field)
		}
	}

	for i, field := range scenarioschema.FormatFields() {
		if len(field.Formats) == len(source.FileTypes()) {
			continue
		}

		for _, of := range source.FileTypes() {
			f := source.Format{Type: of.Name}
			set(&f, declared[i].Index)

			_, err := format.NewWriter(new(strings.Builder), "orders", f, texts("a"))
			refused := err != nil && strings.Contains(err.Error(), "the format's field "+field.Name+" has no effect on a file of type "+of.Name)
			require.Equal(t, !slices.Contains(field.Formats, of.Name), refused, "%s in %s: %v", field.Name, of.Name, err)

			onlyRead := err != nil && strings.Contains(err.Error(), "the format's field "+field.Name+" applies to reading a file of type "+of.Name)
			require.Equal(t, !refused && !slices.Contains(field.Written, of.Name), onlyRead, "%s in %s: %v", field.Name, of.Name, err)
		}
	}
}
