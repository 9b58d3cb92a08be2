package openapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // For the template and the style of the page.
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/internal/schema"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

// page is what the template shows.
type page struct {
	API    API
	Style  template.CSS
	Groups []pageGroup
	Types  []pageType
}

type (
	pageGroup struct {
		Group

		Calls []pageCall
	}

	pageCall struct {
		Call

		Anchor    string
		Addresses []string // The methods with their paths.
		Fields    []pageField
		Responses []pageResponse
	}

	pageResponse struct {
		Status      string
		Description template.HTML
		Types       []template.HTML
	}

	pageType struct {
		Name        string
		Description template.HTML
		Is          template.HTML // What it is, unless it has fields.
		Fields      []pageField
	}

	pageField struct {
		Name        string
		Type        template.HTML
		IsRequired  bool
		Description template.HTML
	}
)

// Page returns the API's page in HTML. It needs no other file and no script. policy is its Content-Security-Policy.
func (a API) Page() (text []byte, policy string, err error) {
	encoded, err := a.Document()
	if err != nil {
		return nil, "", err
	}

	var read readDocument
	if err := json.Unmarshal(encoded, &read); err != nil {
		return nil, "", err
	}

	parsed, err := template.New("page").Funcs(template.FuncMap{"prose": prose}).Parse(pageText)
	if err != nil {
		return nil, "", err
	}

	shown := page{API: a, Style: template.CSS(pageStyle), Types: read.types()} //nolint:gosec // The file is embedded.

	for _, group := range a.Groups {
		of := pageGroup{Group: group}

		for _, call := range a.Calls {
			if call.Group != group.Name {
				continue
			}

			of.Calls = append(of.Calls, read.call(a, call))
		}

		shown.Groups = append(shown.Groups, of)
	}

	var written bytes.Buffer
	if err := parsed.Execute(&written, shown); err != nil {
		return nil, "", err
	}

	digest := sha256.Sum256([]byte(pageStyle))
	policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-" +
		base64.StdEncoding.EncodeToString(digest[:]) + "'"

	return written.Bytes(), policy, nil
}

// The parts of a document that the page shows.
type (
	readDocument struct {
		Paths      map[string]map[string]readOperation `json:"paths"`
		Components struct {
			Responses map[string]readResponse `json:"responses"`
			Schemas   map[string]readSchema   `json:"schemas"`
		} `json:"components"`
	}

	readOperation struct {
		Responses map[string]struct {
			Ref string `json:"$ref"`
		} `json:"responses"`
	}

	readResponse struct {
		Description string `json:"description"`
		Content     map[string]struct {
			Schema readSchema `json:"schema"`
		} `json:"content"`
	}

	readSchema struct {
		Ref         string                `json:"$ref"`
		Description string                `json:"description"`
		Type        string                `json:"type"`
		Format      string                `json:"format"`
		Const       any                   `json:"const"`
		Enum        []any                 `json:"enum"`
		AnyOf       []readSchema          `json:"anyOf"`
		OneOf       []readSchema          `json:"oneOf"`
		AllOf       []readSchema          `json:"allOf"`
		Items       *readSchema           `json:"items"`
		Properties  map[string]readSchema `json:"properties"`
		Required    []string              `json:"required"`
		Values      json.RawMessage       `json:"additionalProperties"` // false, true or the schema of further fields.
	}
)

// call returns what the page shows of a call.
func (d readDocument) call(a API, of Call) pageCall {
	shown := pageCall{Call: of, Anchor: identifier(of.Name)}

	if of.Request != nil {
		fields := d.Components.Schemas[requestName(of)].Properties
		for _, field := range schema.FieldsOf(of.Request) { // In the order of the struct.
			shown.Fields = append(shown.Fields, pageField{
				Name: field.Name, Type: fields[field.Name].html(), IsRequired: field.Required,
				Description: prose(field.Description),
			})
		}
	}

	for _, address := range a.addresses(of) {
		for _, method := range of.Methods {
			shown.Addresses = append(shown.Addresses, method+" "+address.path)
		}
	}

	operation := d.Paths[a.addresses(of)[0].path][strings.ToLower(of.Methods[len(of.Methods)-1])]

	for _, status := range slices.Sorted(maps.Keys(operation.Responses)) {
		response := d.Components.Responses[nameIn(operation.Responses[status].Ref)]
		entry := pageResponse{Status: status, Description: prose(response.Description)}

		for _, media := range slices.Sorted(maps.Keys(response.Content)) {
			of := response.Content[media].Schema
			if result, enveloped := of.Properties["result"]; enveloped {
				of = result
			}

			entry.Types = append(entry.Types, code(media)+" "+of.html())
		}

		shown.Responses = append(shown.Responses, entry)
	}

	return shown
}

// types returns the named types, in alphabetical order.
func (d readDocument) types() []pageType {
	var types []pageType

	for _, name := range slices.Sorted(maps.Keys(d.Components.Schemas)) {
		of := d.Components.Schemas[name]
		shown := pageType{Name: name, Description: prose(of.Description), Fields: of.fields()}

		if len(of.Properties) == 0 {
			shown.Is = of.html()
		}

		types = append(types, shown)
	}

	return types
}

// fields returns the fields of an object, the required ones first.
func (s readSchema) fields() []pageField {
	var required, optional []pageField

	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		of := s.Properties[name]
		field := pageField{Name: name, Type: of.html(), Description: prose(of.Description)}

		if field.IsRequired = slices.Contains(s.Required, name); field.IsRequired {
			required = append(required, field)
		} else {
			optional = append(optional, field)
		}
	}

	return append(required, optional...)
}

// html returns the schema in a few words, with links to the types that it refers to.
func (s readSchema) html() template.HTML {
	var values readSchema

	switch {
	case s.Ref != "":
		name := template.HTMLEscapeString(nameIn(s.Ref))

		return template.HTML(fmt.Sprintf(`<a href="#type-%[1]s">%[1]s</a>`, name)) //nolint:gosec // It is escaped.
	case s.Const != nil:
		return code(fmt.Sprint(s.Const))
	case len(s.Enum) > 0:
		return joined(s.Enum, " or ", func(value any) template.HTML { return code(fmt.Sprint(value)) })
	case len(s.AnyOf) > 0:
		return joined(s.AnyOf, " or ", readSchema.html)
	case len(s.OneOf) > 0:
		return joined(s.OneOf, " or ", readSchema.html)
	case len(s.AllOf) > 0:
		return s.AllOf[0].html()
	case s.Items != nil:
		return "list of " + s.Items.html()
	case s.Type == "object" && json.Unmarshal(s.Values, &values) == nil && values.html() != "any value":
		return "object of " + values.html()
	case s.Type == "object" && len(s.Properties) > 0:
		names := slices.Sorted(maps.Keys(s.Properties))

		return "object: " + joined(names, ", ", func(name string) template.HTML {
			return code(name) + " " + s.Properties[name].html()
		})
	case s.Format != "":
		return prose(s.Format)
	case s.Type == "":
		return "any value"
	default:
		return prose(s.Type)
	}
}

// joined returns the HTML of all entries with a separator between them.
func joined[T any](entries []T, separator template.HTML, htmlOf func(T) template.HTML) template.HTML {
	var all template.HTML

	for i, entry := range entries {
		if i > 0 {
			all += separator
		}

		all += htmlOf(entry)
	}

	return all
}

// nameIn returns the name of a component to which a reference refers.
func nameIn(ref string) string { return ref[strings.LastIndex(ref, "/")+1:] }

func code(text string) template.HTML {
	return "<code>" + template.HTML(template.HTMLEscapeString(text)) + "</code>" //nolint:gosec // It is escaped.
}

// prose returns text as HTML, in which backticks enclose code.
func prose(text string) template.HTML {
	var all template.HTML

	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			all += code(part)
		} else {
			all += template.HTML(template.HTMLEscapeString(part)) //nolint:gosec // It is escaped.
		}
	}

	return all
}
