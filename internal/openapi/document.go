package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/internal/scenarioschema"
	"github.com/jobwright/jobwright/internal/schema"
)

// The media types of requests and responses.
const (
	mediaJSON = "application/json"
	mediaForm = "application/x-www-form-urlencoded"
)

// The parts of a document. Their fields are in the order of the specification, OpenAPI 3.1.
type (
	document struct {
		OpenAPI      string              `json:"openapi"`
		Info         info                `json:"info"`
		ExternalDocs node                `json:"externalDocs"`
		Servers      []node              `json:"servers"`
		Tags         []tag               `json:"tags"`
		Paths        map[string]pathItem `json:"paths"`
		Components   components          `json:"components"`
	}

	info struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		Version     string `json:"version"`
	}

	tag struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	}

	// pathItem has the operations of a path by their methods in lower case.
	pathItem map[string]operation

	operation struct {
		OperationID string                `json:"operationId"`
		Tags        []string              `json:"tags"`
		Summary     string                `json:"summary"`
		Description string                `json:"description,omitempty"`
		Security    []map[string][]string `json:"security"`
		Parameters  []node                `json:"parameters,omitempty"`
		RequestBody node                  `json:"requestBody,omitempty"`
		Responses   map[string]node       `json:"responses"`
	}

	components struct {
		SecuritySchemes map[string]node `json:"securitySchemes"`
		Parameters      map[string]node `json:"parameters"`
		RequestBodies   map[string]node `json:"requestBodies"`
		Responses       map[string]node `json:"responses"`
		Schemas         schemas         `json:"schemas"`
	}
)

// Document returns the OpenAPI document of the API as JSON.
func (a API) Document() ([]byte, error) {
	described, err := a.describe()
	if err != nil {
		return nil, err
	}

	var text bytes.Buffer

	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")

	err = encoder.Encode(described)

	return text.Bytes(), err
}

// describe returns the document.
func (a API) describe() (*document, error) {
	d := &document{
		OpenAPI:      "3.1.0",
		Info:         info{Title: a.Title, Description: a.Description, Version: a.Version},
		ExternalDocs: node{"url": a.Manual},
		Servers:      []node{{"url": "/"}},
		Paths:        map[string]pathItem{},
		Components: components{
			SecuritySchemes: securitySchemes(),
			Parameters:      map[string]node{},
			RequestBodies:   map[string]node{},
			Responses:       map[string]node{},
			Schemas:         newSchemas(a.Names),
		},
	}

	for _, group := range a.Groups {
		d.Tags = append(d.Tags, tag(group))
	}

	if err := d.Components.Schemas.addOperations(); err != nil {
		return nil, err
	}

	d.addFailure(a)

	for _, call := range a.Calls {
		if err := d.addCall(a, call); err != nil {
			return nil, err
		}
	}

	for unknown := range d.Components.Schemas.unknown {
		return nil, fmt.Errorf("no schema can be generated for the type %v", unknown)
	}

	return d, nil
}

// The ways to pass a key, and the field that has it.
const (
	bearerScheme = "bearer"
	keyScheme    = "apiKey"
	keyField     = "apiKey"
)

func securitySchemes() map[string]node {
	return map[string]node{
		bearerScheme: {
			"type": "http", "scheme": "bearer",
			"description": "The caller's key, in the header Authorization. Prefer it: proxies don't log it.",
		},
		keyScheme: {
			"type": "apiKey", "in": "query", "name": keyField,
			"description": "The caller's key, in the query of a GET. A POST has it in the field apiKey of its body.",
		},
	}
}

// addFailure adds the schema of the result of a call that failed, with all codes.
func (d *document) addFailure(a API) {
	s := d.Components.Schemas
	s.of(a.Failure)

	failure, _ := s.named[s.nameOf(a.Failure)].(node)
	properties, _ := failure["properties"].(node)
	code, _ := properties["code"].(node)
	code["enum"] = slices.Sorted(maps.Keys(a.Statuses))
}

// addCall adds the call under all its paths.
func (d *document) addCall(a API, call Call) error {
	for _, method := range call.Methods {
		described, err := d.operationOf(a, call, method)
		if err != nil {
			return err
		}

		for _, address := range a.addresses(call) {
			if d.Paths[address.path] == nil {
				d.Paths[address.path] = pathItem{}
			}

			described.OperationID = address.id
			if method != call.method() {
				described.OperationID += "By" + capitalized(strings.ToLower(method))
			}

			d.Paths[address.path][strings.ToLower(method)] = described
		}
	}

	return nil
}

// address is a path of a call, with the ID of its operation.
type address struct{ path, id string }

// addresses returns all paths of a call, the usual path first.
func (a API) addresses(call Call) []address {
	if call.Path != "" {
		return []address{{call.Path, call.Name}}
	}

	var all []address

	for _, name := range call.names() {
		for _, suffix := range a.Suffixes {
			all = append(all, address{a.Prefix + name + suffix, identifier(name + suffix)})
		}
	}

	return all
}

// identifier returns a path as an identifier, in which a capital begins each part: executeJobJsp.
func identifier(path string) string {
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '/' })
	for i := range parts[1:] {
		parts[i+1] = capitalized(parts[i+1])
	}

	return strings.Join(parts, "")
}

// operationOf returns the operation of a method of the call, whose parts are components. It has no ID.
func (d *document) operationOf(a API, call Call, method string) (operation, error) {
	described := operation{
		Tags: []string{call.Group}, Summary: call.Summary, Description: call.Description,
		Security: []map[string][]string{}, Responses: map[string]node{},
	}

	if call.NeedsKey || call.Right != "" {
		inRequest := map[string][]string{}
		if method == http.MethodGet {
			inRequest[keyScheme] = []string{}
		}

		described.Security = append(described.Security, map[string][]string{bearerScheme: {}}, inRequest)
	}

	if call.Right != "" {
		described.Description = strings.TrimSpace(described.Description + " The key needs the right `" + call.Right + "`.")
	}

	if err := d.addRequest(a, call, method, &described); err != nil {
		return described, err
	}

	failures := a.errorsOf(call, method)

	for _, response := range call.Responses {
		name := identifier(call.Name) + strconv.Itoa(response.Status)
		d.Components.Responses[name] = d.responseOf(a, response, failures[response.Status])
		described.Responses[strconv.Itoa(response.Status)] = refTo("responses", name)

		delete(failures, response.Status)
	}

	common := a.errorsOf(Call{}, http.MethodPost)

	for status, codes := range failures {
		name := "error" + strconv.Itoa(status)
		if !slices.Equal(codes, common[status]) {
			name = identifier(call.Name) + strconv.Itoa(status)
		}

		d.Components.Responses[name] = d.errorResponse(a, status, codes)
		described.Responses[strconv.Itoa(status)] = refTo("responses", name)
	}

	return described, nil
}

// addRequest adds the fields of a request, as parameters of a GET or as the body of a POST.
func (d *document) addRequest(a API, call Call, method string, described *operation) error {
	if call.Request == nil {
		return nil
	}

	fields, err := a.requestSchema(call.Request)
	if err != nil {
		return err
	}

	if method == http.MethodGet {
		d.addParameters(call, fields, described)

		return nil
	}

	name := requestName(call)
	d.Components.Schemas.named[name] = fields

	media := mediaJSON
	if call.Form {
		media = mediaForm
	}

	body := node{"required": true, "content": node{media: node{"schema": refTo("schemas", name)}}}
	d.Components.RequestBodies[identifier(call.Name)] = body
	described.RequestBody = refTo("requestBodies", identifier(call.Name))

	return nil
}

// requestName returns the name of the schema of the fields of a call's request.
func requestName(call Call) string { return capitalized(identifier(call.Name)) + "Request" }

// requestSchema returns the schema of the fields of a request.
func (a API) requestSchema(of reflect.Type) (node, error) {
	text, err := json.Marshal(scenarioschema.Object(schema.FieldsOf(of)))
	if err != nil {
		return nil, err
	}

	var object node
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, err
	}

	properties, _ := object["properties"].(map[string]any)
	if operation, isObject := properties["operation"].(map[string]any); isObject {
		properties["operation"] = node{"$ref": operationRef, "description": operation["description"]}
	}

	for _, field := range properties {
		values, isObject := field.(map[string]any)
		_, hasFields := values["properties"]
		_, hasValues := values["additionalProperties"]

		if isObject && values["type"] == "object" && !hasFields && !hasValues {
			values["additionalProperties"] = node{} // Generators of clients take an object without it for one without fields.
		}
	}

	for name, of := range a.Objects {
		if field, isObject := properties[name].(map[string]any); isObject {
			properties[name] = node{
				"description": field["description"], "allOf": []any{scenarioschema.Object(schema.FieldsOf(of))},
			}
		}
	}

	return object, nil
}

// addParameters adds the fields of a request as query parameters. The key has its security scheme.
func (d *document) addParameters(call Call, fields node, described *operation) {
	properties, _ := fields["properties"].(map[string]any)

	for _, field := range schema.FieldsOf(call.Request) {
		if field.Name == keyField {
			continue
		}

		name := identifier(call.Name) + "." + field.Name
		of, _ := properties[field.Name].(map[string]any)
		delete(of, "description")

		parameter := node{
			"name": field.Name, "in": "query", "required": field.Required, "description": field.Description, "schema": of,
		}

		if of["type"] == "object" { // A query has it as JSON.
			delete(parameter, "schema")

			parameter["content"] = node{mediaJSON: node{"schema": of}}
		}

		d.Components.Parameters[name] = parameter
		described.Parameters = append(described.Parameters, refTo("parameters", name))
	}
}

// responseOf returns a response of a call. codes are those of the errors with the same status.
func (d *document) responseOf(a API, response Response, codes []string) node {
	content := node{}

	if response.Result != nil {
		content[mediaJSON] = node{"schema": d.bodyOf(a, response, codes)}
	}

	for media, description := range response.Texts {
		content[media] = node{"schema": node{"type": "string", "description": description}}
	}

	described := node{"description": response.Description, "content": content}

	if len(response.Headers) > 0 {
		headers := node{}
		for name, description := range response.Headers {
			headers[name] = header(description)
		}

		described["headers"] = headers
	}

	return described
}

// bodyOf returns the schema of the body of a response.
func (d *document) bodyOf(a API, response Response, codes []string) node {
	choices := []node{d.Components.Schemas.of(response.Result)}

	if response.OrResult != nil {
		choices = append(choices, d.Components.Schemas.of(response.OrResult))
	}

	if len(codes) > 0 {
		choices = append(choices, d.failed(a, codes))
	}

	result := choices[0]
	if len(choices) > 1 {
		result = node{"anyOf": choices}
	}

	switch {
	case response.Bare:
		return result
	case response.Failed:
		return envelope("error", result)
	default:
		return envelope("success", result)
	}
}

// envelope returns the schema of the body of a response.
func envelope(status string, result node) node {
	return node{
		"type":       "object",
		"properties": node{"status": node{"type": "string", "const": status}, "result": result},
		"required":   []string{"status", "result"},
	}
}

// failed returns the schema of the result of a call that failed with one of the codes.
func (d *document) failed(a API, codes []string) node {
	return node{"allOf": []node{
		d.Components.Schemas.of(a.Failure), {"type": "object", "properties": node{"code": node{"enum": codes}}},
	}}
}

// errorResponse returns the response of a call that failed with one of the codes.
func (d *document) errorResponse(a API, status int, codes []string) node {
	described := node{
		"description": http.StatusText(status) + ": `" + strings.Join(codes, "`, `") + "`.",
		"content":     node{mediaJSON: node{"schema": envelope("error", d.failed(a, codes))}},
	}

	headers := map[int]node{
		http.StatusUnauthorized:       {"WWW-Authenticate": header("The scheme of the key: Bearer.")},
		http.StatusTooManyRequests:    {"Retry-After": header("After how many seconds to repeat the call.")},
		http.StatusServiceUnavailable: {"Retry-After": header("After how many seconds to repeat the call.")},
	}

	if added, has := headers[status]; has {
		described["headers"] = added
	}

	return described
}

func header(description string) node {
	return node{"description": description, "schema": node{"type": "string"}}
}
