package apiserver

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
)

// maxBody is the largest body of a request, in bytes. The pinned program needs the rest of the 2 MiB that Temporal allows
// for a workflow's input.
const maxBody = 1 << 20

// bodyCall is an authorized call whose body has the fields of T.
type bodyCall[T any] struct {
	authorization

	request T
	body    jsonvalue.Object // The fields that are present.
}

// has reports whether the caller set the field.
func (b *bodyCall[T]) has(field string) bool {
	_, present := b.body[field]

	return present
}

// readCall reads the body of a POST, authorizes the caller and validates the fields, in this order: a caller without
// access learns nothing about other mistakes.
func readCall[T any](s *Server, c *gin.Context, right app.Right) (call bodyCall[T], err error) {
	if call.body, err = readBody(c); err != nil {
		return call, err
	}

	key, _ := call.body["apiKey"].(string)
	appID, _ := call.body["appId"].(string)

	if call.has("appId") && appID == "" {
		return call, badRequest("appId must be a text such as \"7\", not %v", call.body["appId"])
	}

	if call.authorization, err = s.authorize(c, key, appID, right); err != nil {
		return call, err
	}

	var problems problem.List
	if err := schema.Check[T](call.body); errors.As(err, &problems) {
		return call, withProblems(http.StatusBadRequest, CodeRequestInvalid, problems)
	}

	call.request, err = scenario.Decode[T](call.body)

	return call, err
}

// maxJobID is the longest jobId in bytes that Temporal accepts. The jobId of a child job contains the path of its step.
const maxJobID = 1000

// checkJobID rejects jobIds that Temporal would reject with a less helpful error.
func checkJobID(id string) error {
	switch {
	case !utf8.ValidString(id):
		return badRequest("jobId must be UTF-8")
	case len(id) > maxJobID:
		return badRequest("a jobId has at most %d bytes, this one has %d", maxJobID, len(id))
	case strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }):
		return badRequest("a jobId can't contain unprintable characters")
	}

	return nil
}

// readBody reads the body as a JSON object.
func readBody(c *gin.Context) (jsonvalue.Object, error) {
	if err := checkContentType(c.GetHeader("Content-Type")); err != nil {
		return nil, err
	}

	text, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))

	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, newError(http.StatusRequestEntityTooLarge, CodeRequestTooLarge,
			"the body has more than %d bytes; store large data in a source and refer to it in the operation", tooLarge.Limit)
	}

	if err != nil {
		return nil, badRequest("the body can't be read: %v", err)
	}

	value, err := jsonvalue.Decode(text)
	if err != nil {
		return nil, badRequest("the body is not valid JSON: %v", err)
	}

	object, ok := value.(map[string]any)
	if !ok {
		return nil, badRequest("the body must be a JSON object")
	}

	return object, nil
}

// checkContentType requires JSON. A web page can't send it to another origin without asking, so the header is required too.
func checkContentType(given string) error {
	if given == "" {
		return newError(http.StatusUnsupportedMediaType, CodeMediaTypeUnsupported,
			"the header Content-Type is missing; it must be application/json")
	}

	mediaType, parameters, err := mime.ParseMediaType(given)
	charset := strings.ToLower(parameters["charset"])

	if err != nil || mediaType != "application/json" || (charset != "" && charset != "utf-8") {
		return newError(http.StatusUnsupportedMediaType, CodeMediaTypeUnsupported,
			"the body must be application/json in UTF-8, not %.100q", given)
	}

	return nil
}

// readQuery reads the query parameters of a GET. Unknown and repeated parameters are errors.
func readQuery(c *gin.Context, known ...string) (map[string]string, error) {
	query := make(map[string]any)

	for name, values := range c.Request.URL.Query() {
		if len(values) > 1 {
			return nil, badRequest("the parameter %s is given %d times", name, len(values))
		}

		query[name] = values[0]
	}

	read := make(map[string]string, len(known))

	for _, name := range known {
		if value, given := query[name].(string); given {
			read[name] = value
		}

		delete(query, name)
	}

	for name := range query {
		return nil, badRequest("unknown parameter %s; the parameters are %s", name, strings.Join(known, ", "))
	}

	return read, nil
}
