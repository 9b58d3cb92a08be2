package apiserver

import (
	"errors"
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

// readCall checks the key of the header, reads the body of a POST, authorizes the caller and validates the fields, in this
// order: a caller without access learns nothing about other mistakes.
func readCall[T any](s *Server, c *gin.Context, right app.Right) (call bodyCall[T], err error) {
	if err := s.authenticateHeader(c); err != nil {
		return call, err
	}

	if call.body, err = readBody(c); err != nil {
		return call, err
	}

	key, _ := call.body["apiKey"].(string)
	appID, _ := call.body["appId"].(string)

	if call.has("appId") && appID == "" {
		return call, badRequest("appId must be a text such as \"7\", not %s", jsonvalue.Describe(call.body["appId"]))
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
