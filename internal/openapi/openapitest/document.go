// Package openapitest checks exchanges of HTTP against an OpenAPI document, for the tests of a server.
package openapitest

import (
	"bytes"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Document is an OpenAPI 3.1 document. It can be used by several goroutines.
type Document struct {
	root     map[string]any
	mutex    sync.Mutex
	compiler *jsonschema.Compiler
}

// name is the name of the document for the compiler of its schemas.
const name = "openapi.json"

// Parse reads a document.
func Parse(text []byte) (*Document, error) {
	read, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}

	root, ok := read.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s must be an object", name)
	}

	closeObjects(root)

	document := &Document{root: root, compiler: jsonschema.NewCompiler()}
	document.compiler.AssertFormat()

	return document, document.compiler.AddResource(name, root)
}

// closeObjects makes schemas of objects refuse fields that they do not describe. Clients have to ignore such fields, because a
// later server may return more of them; a server's own tests have to notice them.
func closeObjects(root map[string]any) {
	components, _ := root["components"].(map[string]any)
	schemas, _ := components["schemas"].(map[string]any)
	parts := map[uintptr]bool{} // Schemas that are a part of others.

	each(root, func(object map[string]any, isPart bool) {
		ref, _ := object["$ref"].(string)
		if part, isSchema := schemas[strings.TrimPrefix(ref, "#/components/schemas/")].(map[string]any); isPart && isSchema {
			parts[reflect.ValueOf(part).Pointer()] = true
		}
	})

	each(root, func(object map[string]any, isPart bool) {
		_, hasProperties := object["properties"].(map[string]any)
		_, isWhole := object["allOf"].([]any)
		_, isDefined := object["additionalProperties"]

		if (hasProperties && object["type"] == "object" || isWhole) &&
			!isPart && !isDefined && !parts[reflect.ValueOf(object).Pointer()] {
			object["unevaluatedProperties"] = false
		}
	})
}

// each visits the objects in a value. isPart is whether the object is an entry of allOf.
func each(value any, visit func(object map[string]any, isPart bool)) {
	var walk func(value any, isPart bool)

	walk = func(value any, isPart bool) {
		switch of := value.(type) {
		case map[string]any:
			for key, field := range of {
				walk(field, key == "allOf")
			}

			visit(of, isPart)
		case []any:
			for _, entry := range of {
				walk(entry, isPart)
			}
		}
	}

	walk(value, false)
}

// Exchange is a request with its response.
type Exchange struct {
	Request      *http.Request
	RequestBody  []byte
	Response     *http.Response
	ResponseBody []byte
}

// Check returns what the document does not describe of an exchange. A request is checked if the server has accepted it.
func (d *Document) Check(exchange Exchange) error {
	request, response := exchange.Request, exchange.Response

	operation, known := d.at("paths", request.URL.Path, strings.ToLower(request.Method))
	if !known {
		if response.StatusCode == http.StatusNotFound || response.StatusCode == http.StatusMethodNotAllowed {
			return nil
		}

		return fmt.Errorf("the document has no %s %s, but the server responds with %d",
			request.Method, request.URL.Path, response.StatusCode)
	}

	if response.StatusCode < http.StatusBadRequest {
		if err := d.checkRequest(operation, exchange); err != nil {
			return fmt.Errorf("the document does not describe the request %s %s %s: %w",
				request.Method, request.URL.Path, exchange.RequestBody, err)
		}
	}

	if err := d.checkResponse(operation, exchange); err != nil {
		return fmt.Errorf("the document does not describe the response %d of %s %s: %w\n%.2000s",
			response.StatusCode, request.Method, request.URL.Path, err, exchange.ResponseBody)
	}

	return nil
}

// checkRequest checks the query and the body of a request.
func (d *Document) checkRequest(operation []string, exchange Exchange) error {
	given := exchange.Request.URL.Query()
	given.Del("apiKey") // A security scheme describes it.

	parameters, _ := d.value(below(operation, "parameters")...)
	list, _ := parameters.([]any)

	for i := range list {
		if err := d.checkParameter(d.resolve(below(operation, "parameters", strconv.Itoa(i))), given); err != nil {
			return err
		}
	}

	for name := range given {
		return fmt.Errorf("it has no parameter %s", name)
	}

	body := d.resolve(below(operation, "requestBody"))

	content, has := d.value(below(body, "content")...)
	if !has {
		return nil
	}

	return d.checkContent(below(body, "content"), content, exchange.Request.Header, exchange.RequestBody)
}

// checkParameter checks a parameter, and removes it from the given ones.
func (d *Document) checkParameter(parameter []string, given url.Values) error {
	field := func(name string) any {
		value, _ := d.value(below(parameter, name)...)

		return value
	}

	name, _ := field("name").(string)

	if !given.Has(name) {
		if field("required") == true {
			return fmt.Errorf("the parameter %s is required", name)
		}

		return nil
	}

	text := given.Get(name)
	given.Del(name)

	schema := below(parameter, "schema")
	if _, isJSON := field("content").(map[string]any); isJSON {
		schema = below(parameter, "content", "application/json", "schema")
	}

	var value any = text
	if kind, _ := d.value(below(schema, "type")...); kind != "string" && kind != nil {
		decoded, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			return fmt.Errorf("the parameter %s: %w", name, err)
		}

		value = decoded
	}

	return d.validate(schema, value)
}

// checkResponse checks the status, the media type and the body of a response.
func (d *Document) checkResponse(operation []string, exchange Exchange) error {
	response := d.resolve(below(operation, "responses", strconv.Itoa(exchange.Response.StatusCode)))

	content, known := d.value(below(response, "content")...)
	if !known {
		return fmt.Errorf("it has no response %d", exchange.Response.StatusCode)
	}

	return d.checkContent(below(response, "content"), content, exchange.Response.Header, exchange.ResponseBody)
}

// checkContent checks a body of one of the media types of content, which is at a path.
func (d *Document) checkContent(path []string, content any, header http.Header, body []byte) error {
	described, _ := content.(map[string]any)

	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return err
	}

	if _, known := described[media]; !known {
		return fmt.Errorf("it has no media type %s; it has %v", media, slices.Sorted(maps.Keys(described)))
	}

	if media != "application/json" {
		return nil
	}

	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}

	return d.validate(below(path, media, "schema"), value)
}

// validate validates a value with the schema at a path.
func (d *Document) validate(path []string, value any) error {
	d.mutex.Lock()
	schema, err := d.compiler.Compile(name + "#" + pointer(path)) // It remembers what it has compiled.
	d.mutex.Unlock()

	if err != nil {
		return err
	}

	return schema.Validate(value)
}

// CompileSchemas compiles every schema of the document's components.
func (d *Document) CompileSchemas() error {
	schemas, _ := d.value("components", "schemas")
	named, _ := schemas.(map[string]any)

	for schema := range named {
		if _, err := d.compiler.Compile(name + "#" + pointer([]string{"components", "schemas", schema})); err != nil {
			return err
		}
	}

	return nil
}

// at returns the path of a part of the document, and whether the document has it.
func (d *Document) at(path ...string) ([]string, bool) {
	_, known := d.value(path...)

	return path, known
}

// resolve returns the path of a part, or of the part to which it refers.
func (d *Document) resolve(path []string) []string {
	ref, isRef := d.value(below(path, "$ref")...)
	if !isRef {
		return path
	}

	text, _ := ref.(string)

	return strings.Split(strings.TrimPrefix(text, "#/"), "/")
}

// value returns the part of the document at a path.
func (d *Document) value(path ...string) (any, bool) {
	var value any = d.root

	for _, key := range path {
		switch of := value.(type) {
		case map[string]any:
			field, has := of[key]
			if !has {
				return nil, false
			}

			value = field
		case []any:
			index, err := strconv.Atoi(key)
			if err != nil || index >= len(of) {
				return nil, false
			}

			value = of[index]
		default:
			return nil, false
		}
	}

	return value, true
}

// pointer returns a path as a JSON pointer in a URL.
func pointer(path []string) string {
	var text strings.Builder

	for _, key := range path {
		text.WriteString("/" + url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(key)))
	}

	return text.String()
}

// below returns the path of a part of the part at a path.
func below(path []string, keys ...string) []string { return slices.Concat(path, keys) }
