package console

import (
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// field is a control for a parameter of a scenario. The template part "fields" shows fields.
type field struct {
	Name        string
	Description string
	Kind        fieldKind
	Text        string // The value that the control has at first.
	Default     string // The value if the control is empty; "" for none.
	Pattern     string // What a text has to match; "" for any.
	IsRequired  bool
	IsSecret    bool // Text is empty: the value is unknown.
	isKnown     bool // Whether Text is a value, which may be empty.
}

// fieldKind is the kind of the control of a field.
type fieldKind string

// The kinds of fields.
const (
	textField    fieldKind = "text"
	integerField fieldKind = "integer"
	numberField  fieldKind = "number"
	booleanField fieldKind = "boolean"
	jsonField    fieldKind = "json" // Any value, in JSON.
)

// fieldPrefix begins the names of the controls of parameters in forms.
const fieldPrefix = "parameter."

// fieldsOf returns the fields for the parameters that a JSON Schema describes, as getScenarios returns it, and for those of which
// only values are known. The values are those that the fields have at first.
func fieldsOf(schema map[string]any, values jsonvalue.Object) []field {
	properties, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)

	names := slices.Collect(maps.Keys(properties))
	for name := range values {
		if _, known := properties[name]; !known {
			names = append(names, name)
		}
	}

	slices.Sort(names)

	fields := make([]field, len(names))

	for i, name := range names {
		property, _ := properties[name].(map[string]any)
		value, isGiven := values[name]
		fields[i] = fieldOf(property, value, isGiven)
		fields[i].Name, fields[i].IsRequired = name, slices.Contains(required, any(name))
	}

	return fields
}

// hidden is what the API shows in place of a secret.
const hidden = "(secret)"

// fieldOf returns the field for a value that a JSON Schema describes.
func fieldOf(schema map[string]any, value any, isGiven bool) field {
	described := field{Kind: jsonField}
	described.Description, _ = schema["description"].(string)
	described.Pattern, _ = schema["pattern"].(string)
	described.IsSecret, _ = schema["writeOnly"].(bool)

	isText := false

	switch schema["type"] {
	case "string":
		described.Kind = textField
	case "integer":
		described.Kind = integerField
	case "number":
		described.Kind = numberField
	case "boolean":
		described.Kind = booleanField
	default:
		_, isText = value.(string)
	}

	if schema["anyOf"] != nil || isText && schema == nil {
		described.Kind = textField // A decimal is a text or an integer.
	}

	if value == hidden {
		described.IsSecret = true
	}

	if given, ok := schema["default"]; ok && !described.IsSecret {
		described.Default = described.textOf(exact(given))
	}

	if isGiven && !described.IsSecret {
		described.Text, described.isKnown = described.textOf(value), true
	}

	return described
}

// exact returns a value of a schema, in which all numbers are floats, with its integers.
func exact(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		return value
	}

	if decoded, err := jsonvalue.Decode(text); err == nil {
		return decoded
	}

	return value
}

// textOf returns the text of a value in the control.
func (f field) textOf(value any) string {
	if text, ok := value.(string); ok && f.Kind != jsonField {
		return text
	}

	text, err := json.Marshal(jsonvalue.Plain{Any: value})
	if err != nil {
		return ""
	}

	if f.Kind == jsonField {
		return indent(text)
	}

	return string(text)
}

// readFields returns the values that a form has for fields, without those that are as at first, and without empty ones: the API
// knows their defaults.
func readFields(form url.Values, fields []field) (jsonvalue.Object, error) {
	values := jsonvalue.Object{}

	for _, f := range fields {
		name := fieldPrefix + f.Name
		text := form.Get(name)

		if f.Kind != textField {
			text = strings.TrimSpace(text)
		}

		// Browsers send line breaks as CR LF.
		text = strings.ReplaceAll(text, "\r\n", "\n")

		isAsBefore := f.isKnown && text == f.Text || !f.isKnown && text == ""
		if !form.Has(name) || isAsBefore || text == "" && f.Kind != textField {
			continue
		}

		value, err := f.parse(text)
		if err != nil {
			return nil, refused("The parameter %s: %v.", f.Name, err)
		}

		values[f.Name] = value
	}

	return values, nil
}

// parse returns the value that a text stands for.
func (f field) parse(text string) (any, error) {
	switch f.Kind {
	case integerField:
		value, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, errors.New("it must be an integer, such as 17")
		}

		return value, nil
	case numberField:
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, errors.New("it must be a number, such as 1.5")
		}

		return value, nil
	case booleanField:
		return text == "true", nil
	case jsonField:
		value, err := jsonvalue.Decode([]byte(text))
		if err != nil {
			return nil, errors.New(`it must be JSON, such as "a text", 17 or ["a", "b"]`)
		}

		return value, nil
	case textField:
	}

	return text, nil
}
