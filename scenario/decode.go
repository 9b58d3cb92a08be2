package scenario

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Decode returns parameters as the struct T that defines them: checked, and without expressions but in fields that are
// evaluated later ([schema.Field].Lazy). Fields that are missing or null keep their zero value. Numbers stay exact, and lists
// and objects within the parameters are shared, not copied.
func Decode[T any](params jsonvalue.Object) (T, error) {
	return decodeFields[T](params, func(reflect.StructTag) bool { return true })
}

// DecodeLiteral returns those fields of T that can't be expressions ([schema.Field].Literal). It reads the parameters of a step
// as a scenario defines them, before they are evaluated.
func DecodeLiteral[T any](params jsonvalue.Object) (T, error) {
	return decodeFields[T](params, func(tag reflect.StructTag) bool { return tag.Get("literal") == "true" })
}

func decodeFields[T any](params jsonvalue.Object, includes func(reflect.StructTag) bool) (T, error) {
	var decoded T

	return decoded, decodeStruct(reflect.ValueOf(&decoded).Elem(), params, includes)
}

func decodeStruct(target reflect.Value, object map[string]any, includes func(reflect.StructTag) bool) error {
	for _, field := range schema.StructFields(target.Type()) {
		if !field.IsExported() || includes != nil && !includes(field.Tag) {
			continue
		}

		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if err := decodeValue(target.FieldByIndex(field.Index), object[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}

	return nil
}

// decodeValue sets target to a value of the language.
func decodeValue(target reflect.Value, value any) error {
	given := reflect.ValueOf(value)
	if !given.IsValid() {
		return nil // null.
	}

	if text, isText := value.(string); isText {
		if decoder, ok := reflect.TypeAssert[encoding.TextUnmarshaler](target.Addr()); ok {
			return decoder.UnmarshalText([]byte(text))
		}
	}

	switch kind := target.Kind(); {
	case kind == reflect.Struct && reflect.TypeFor[jsonvalue.Value]().ConvertibleTo(target.Type()): // Also a Condition.
		target.Set(reflect.ValueOf(jsonvalue.Value{Any: value}).Convert(target.Type()))

		return nil
	case kind == reflect.Interface:
		target.Set(given)

		return nil
	case kind == reflect.Pointer:
		target.Set(reflect.New(target.Type().Elem()))

		return decodeValue(target.Elem(), value)
	case given.Type().ConvertibleTo(objectType) && kind == reflect.Struct:
		return decodeStruct(target, objectOf(given), nil)
	case given.Type().ConvertibleTo(target.Type()) && isSameKind(given.Kind(), kind):
		target.Set(given.Convert(target.Type()))

		return nil
	case given.Kind() == reflect.Slice && kind == reflect.Slice:
		return decodeList(target, given)
	case given.Type().ConvertibleTo(objectType) && kind == reflect.Map:
		return decodeMap(target, objectOf(given))
	}

	return fmt.Errorf("must be %s, but is %s", schema.FormOf(target.Type()), jsonvalue.Describe(value))
}

// isSameKind reports whether values of one kind become values of the other without loss. Validation bounds integers.
func isSameKind(from, to reflect.Kind) bool {
	switch from {
	case reflect.Int64:
		return to == reflect.Int || to == reflect.Int64 || to == reflect.Float64
	default:
		return from == to
	}
}

var objectType = reflect.TypeFor[map[string]any]()

// objectOf returns a map[string]any or a [jsonvalue.Object] as a map[string]any.
func objectOf(given reflect.Value) map[string]any {
	object, _ := reflect.TypeAssert[map[string]any](given.Convert(objectType))

	return object
}

func decodeList(target, given reflect.Value) error {
	list := reflect.MakeSlice(target.Type(), given.Len(), given.Len())

	for i := range given.Len() {
		if err := decodeValue(list.Index(i), given.Index(i).Interface()); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}

	target.Set(list)

	return nil
}

func decodeMap(target reflect.Value, object map[string]any) error {
	decoded := reflect.MakeMapWithSize(target.Type(), len(object))

	for _, name := range slices.Sorted(maps.Keys(object)) {
		entry := reflect.New(target.Type().Elem()).Elem()
		if err := decodeValue(entry, object[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}

		decoded.SetMapIndex(reflect.ValueOf(name), entry)
	}

	target.Set(decoded)

	return nil
}
