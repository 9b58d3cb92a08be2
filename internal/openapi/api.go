// Package openapi describes an HTTP API as an OpenAPI 3.1 document, which programs read, and as a page for people. Both are
// generated from the Go types of its requests and results, and from their tags json, description and required.
package openapi

import (
	"net/http"
	"reflect"
	"slices"
)

// API is an HTTP API.
type API struct {
	Title       string
	Version     string
	Description string
	Manual      string   // The address of the documentation.
	Prefix      string   // The path of all calls: /api/v1/.
	Suffixes    []string // Each call is served with each of these suffixes; the first is that of the usual path.
	Groups      []Group
	Calls       []Call

	// Names are the names of types in the document that differ from their names in Go.
	Names map[reflect.Type]string

	// Objects are the structs of those fields of requests whose Go type does not say which fields they have, by their names.
	Objects map[string]reflect.Type

	// Failure is the result of a call that failed. Its field code identifies the error.
	Failure reflect.Type

	// Statuses has the HTTP status of each error code.
	Statuses map[string]int

	// Errors are the codes of the errors that every call can return, and BodyErrors those of requests with a body.
	Errors, BodyErrors []string
}

// Group is a group of calls, such as those about jobs.
type Group struct{ Name, Description string }

// Call is a call of the API.
type Call struct {
	Name        string
	Aliases     []string // Other names of the call.
	Group       string   // The name of its [Group].
	Methods     []string // GET, POST or both.
	Right       string   // The right that the key needs; empty if it needs none.
	NeedsKey    bool     // Whether the call needs a key; so does every call with a Right.
	Summary     string
	Description string

	// Request is a struct with the fields of the request: query parameters of a GET, or the body of a POST.
	Request reflect.Type

	// Form reports whether the body is form-encoded instead of JSON.
	Form bool

	// Responses are the responses without errors.
	Responses []Response

	// Errors are the codes of further errors.
	Errors []string

	// Path is the whole path of a call outside the prefix of the API; empty for others. Its responses have no envelope.
	Path string
}

// Response is a response of a call.
type Response struct {
	Status      int
	Description string
	Result      reflect.Type      // The result in the envelope, or the whole body if Bare is true; nil if there is no JSON.
	OrResult    reflect.Type      // Another possible result; nil if there is none.
	Bare        bool              // Whether the body has no envelope.
	Failed      bool              // Whether the envelope's status is error.
	Headers     map[string]string // The descriptions of headers by name.
	Texts       map[string]string // Other media types of the response, each with a description of the text.
}

// names returns the call's name and its aliases.
func (c Call) names() []string { return append([]string{c.Name}, c.Aliases...) }

// has reports whether the call has the method.
func (c Call) has(method string) bool { return slices.Contains(c.Methods, method) }

// method returns the usual method of the call.
func (c Call) method() string {
	if c.has(http.MethodGet) {
		return http.MethodGet
	}

	return c.Methods[0]
}

// errorsOf returns the codes of the errors of a call by their HTTP status.
func (a API) errorsOf(call Call, method string) map[int][]string {
	codes := slices.Clone(call.Errors)

	if call.Path == "" && !call.Form {
		codes = append(codes, a.Errors...)

		if method != http.MethodGet {
			codes = append(codes, a.BodyErrors...)
		}
	}

	slices.Sort(codes)

	statuses := map[int][]string{}
	for _, code := range slices.Compact(codes) {
		statuses[a.Statuses[code]] = append(statuses[a.Statuses[code]], code)
	}

	return statuses
}
