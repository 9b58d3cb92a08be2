package format_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

func TestFieldsDescribesEveryFieldOfAFormat(t *testing.T) {
	t.Parallel()

	fields := format.Fields()
	formats := reflect.TypeFor[source.Format]()
	require.Len(t, fields, formats.NumField())

	for i, field := range fields {
		name, _, _ := strings.Cut(formats.Field(i).Tag.Get("json"), ",")
		require.Equal(t, name, field.Name)
		require.Equal(t, map[bool]string{true: "boolean", false: "text"}[name == "header"], field.Type)
		require.NotEmpty(t, field.Description)
		require.NotEmpty(t, field.Default)
		require.NotEmpty(t, field.Formats)
	}
}

// Each field is refused exactly in the formats that do not have it.
func TestFieldsListsTheFormatsThatAcceptAField(t *testing.T) {
	t.Parallel()

	for i, field := range format.Fields() {
		if len(field.Formats) == len(format.Types()) {
			continue
		}

		for _, of := range format.Types() {
			f := source.Format{Type: of.Name}

			if value := reflect.ValueOf(&f).Elem().Field(i); field.Type == "boolean" {
				value.Set(reflect.ValueOf(new(bool)))
			} else {
				value.SetString("x") // Its value does not matter.
			}

			_, err := format.NewWriter(new(strings.Builder), "orders", f, texts("a"))
			if refused := err != nil && strings.Contains(err.Error(), "the format's field "+field.Name+" has no effect on a file of type "+of.Name); refused {
				require.NotContains(t, field.Formats, of.Name, field.Name)
			} else {
				require.Contains(t, field.Formats, of.Name, field.Name)
			}
		}
	}
}
