package openapi

import (
	"encoding/json"
	"maps"
	"path"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// node is a JSON Schema, or a part of one.
type node map[string]any

// schemas are the schemas to which others refer.
type schemas struct {
	named map[string]any
	names map[reflect.Type]string // The names of the schemas of Go types.
	added map[reflect.Type]bool

	unknown map[reflect.Type]bool // Types of which no schema can be generated.
}

// newSchemas returns an empty set of schemas. names are the names of types that differ from their names in Go.
func newSchemas(names map[reflect.Type]string) schemas {
	named := maps.Clone(names)
	if named == nil {
		named = map[reflect.Type]string{}
	}

	return schemas{named: map[string]any{}, names: named, added: map[reflect.Type]bool{}, unknown: map[reflect.Type]bool{}}
}

// MarshalJSON encodes the schemas by name.
func (s schemas) MarshalJSON() ([]byte, error) { return json.Marshal(s.named) }

// refTo returns a reference to a part of the document's components.
func refTo(kind, name string) node { return node{"$ref": "#/components/" + kind + "/" + name} }

// jsonForm is implemented by types that encode themselves as the JSON of another struct.
type jsonForm interface{ JSONForm() any }

// of returns the schema of the JSON of a Go type. It adds the schemas of named structs and enumerations, and refers to them.
func (s schemas) of(t reflect.Type) node {
	switch t {
	case reflect.TypeFor[time.Time]():
		return node{"type": "string", "format": "date-time"}
	case reflect.TypeFor[jsonvalue.Plain](), reflect.TypeFor[jsonvalue.Value](), reflect.TypeFor[json.RawMessage](),
		reflect.TypeFor[any]():
		return node{}
	case reflect.TypeFor[source.Type]():
		return refTo("schemas", "Type") // The language has it too.
	}

	if form, ok := reflect.TypeAssert[jsonForm](reflect.Zero(t)); ok {
		return s.add(t, func() node { return s.object(reflect.TypeOf(form.JSONForm())) })
	}

	if values, ok := reflect.TypeAssert[schema.Enumerated](reflect.Zero(t)); ok && t.Kind() == reflect.String {
		return s.add(t, func() node { return node{"type": "string", "enum": values.SchemaValues()} })
	}

	switch t.Kind() {
	case reflect.String:
		return node{"type": "string"}
	case reflect.Bool:
		return node{"type": "boolean"}
	case reflect.Int, reflect.Int32, reflect.Int64:
		return node{"type": "integer"}
	case reflect.Float64:
		return node{"type": "number"}
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Slice:
		return node{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return node{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		if t.Name() == "" {
			return s.object(t)
		}

		return s.add(t, func() node { return s.object(t) })
	default:
		s.unknown[t] = true

		return node{}
	}
}

// add adds the schema of a type, unless it is known, and returns a reference to it.
func (s schemas) add(t reflect.Type, schemaOf func() node) node {
	if !s.added[t] {
		s.added[t] = true // A type may contain itself.
		s.named[s.nameOf(t)] = schemaOf()
	}

	return refTo("schemas", s.nameOf(t))
}

// nameOf returns the name of the schema of a type.
func (s schemas) nameOf(t reflect.Type) string {
	if s.names[t] == "" {
		s.names[t] = capitalized(t.Name())

		if _, taken := s.named[s.names[t]]; taken {
			s.names[t] = capitalized(path.Base(t.PkgPath())) + s.names[t]
		}
	}

	return s.names[t]
}

func capitalized(name string) string { return string(unicode.ToUpper(rune(name[0]))) + name[1:] }

// object returns the schema of a struct.
func (s schemas) object(t reflect.Type) node {
	properties, required := node{}, []string{}

	for _, field := range schema.StructFields(t) {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" || !field.IsExported() {
			continue
		}

		value := s.of(field.Type)
		optional := strings.Contains(options, "omit")

		if field.Type.Kind() == reflect.Pointer && !optional {
			value = node{"anyOf": []node{value, {"type": "null"}}}
		}

		if values := field.Tag.Get("enum"); values != "" {
			value = node{"type": "string", "enum": strings.Split(values, ",")}
		}

		if description := field.Tag.Get("description"); description != "" {
			value["description"] = description
		}

		properties[name] = value

		if !optional && !throughPointer(t, field) {
			required = append(required, name)
		}
	}

	return node{"type": "object", "properties": properties, "required": required}
}

// throughPointer reports whether a field belongs to an embedded struct that may be missing.
func throughPointer(t reflect.Type, field reflect.StructField) bool {
	for _, index := range field.Index[:len(field.Index)-1] {
		t = t.Field(index).Type
		if t.Kind() == reflect.Pointer {
			return true
		}
	}

	return false
}
