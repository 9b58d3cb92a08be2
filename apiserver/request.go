package apiserver

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
)

// request is an authorized request whose fields are those of T.
type request[T any] struct {
	caller jobservice.Caller
	fields T
	given  jsonvalue.Object // The fields that are present.
}

// has reports whether the caller set the field.
func (r request[T]) has(field string) bool {
	_, present := r.given[field]

	return present
}

// readRequest checks the key of the header, reads the query of a GET or the body of a POST, authorizes the caller and validates
// the fields, in this order: a caller without access learns nothing about other mistakes.
func readRequest[T any](s *Server, c *gin.Context, right app.Right) (read request[T], err error) {
	if read.given, err = readGiven[T](s, c); err != nil {
		return read, err
	}

	key, _ := read.given["apiKey"].(string)
	appID, _ := read.given["appId"].(string)

	log := logOf(c)
	log.jobID, _ = read.given["jobId"].(string)
	log.schedule, _ = read.given["schedule"].(string)
	log.source, _ = read.given["source"].(string)

	if read.has("appId") && appID == "" && c.Request.Method != http.MethodGet {
		return read, jobservice.Invalid("appId must be a text such as \"7\", not %s", jsonvalue.Describe(read.given["appId"]))
	}

	if read.caller, err = s.authorize(c, key, appID, right); err != nil {
		return read, err
	}

	read.fields, err = decodeFields[T](c, read.given)

	return read, err
}

// readGiven checks the key of the header, and reads the query of a GET or the body of a POST.
func readGiven[T any](s *Server, c *gin.Context) (jsonvalue.Object, error) {
	if err := s.authenticateHeader(c); err != nil {
		return nil, err
	}

	if c.Request.Method == http.MethodGet {
		return fromQuery[T](c.Request.URL.Query()), nil
	}

	return readBody(c)
}

// decodeFields validates the fields of a request.
func decodeFields[T any](c *gin.Context, given jsonvalue.Object) (fields T, err error) {
	if c.Request.Method == http.MethodGet {
		if err := checkQuery[T](c.Request.URL.Query()); err != nil {
			return fields, err
		}
	}

	var problems problem.List
	if err := schema.Check[T](given); errors.As(err, &problems) {
		return fields, jobservice.WithProblems(jobservice.CodeRequestInvalid, problems)
	}

	return scenario.Decode[T](given)
}

// fromQuery returns the fields of T in a query, as they would be in a body. A text that is not a value of its field's type
// remains a text, which the check of the fields reports.
func fromQuery[T any](query url.Values) jsonvalue.Object {
	given := jsonvalue.Object{}

	for _, field := range schema.StructFields(reflect.TypeFor[T]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if !query.Has(name) {
			continue
		}

		text := query.Get(name)
		given[name] = text

		switch field.Type.Kind() {
		case reflect.Int64:
			if integer, err := strconv.ParseInt(text, 10, 64); err == nil {
				given[name] = integer
			}
		case reflect.Bool:
			if boolean, err := strconv.ParseBool(text); err == nil {
				given[name] = boolean
			}
		case reflect.Map:
			var object map[string]any
			if json.Unmarshal([]byte(text), &object) == nil {
				given[name] = object
			}
		}
	}

	return given
}

// checkQuery returns an error for unknown, repeated and missing parameters of a query.
func checkQuery[T any](query url.Values) error {
	fields := schema.Fields[T]()
	names := make([]string, len(fields))

	for i, field := range fields {
		names[i] = field.Name

		switch values := query[field.Name]; {
		case len(values) > 1:
			return jobservice.Invalid("the parameter %s is given %d times", field.Name, len(values))
		case field.Required && query.Get(field.Name) == "":
			return jobservice.Invalid("%s parameter is required.", field.Name)
		}

		query.Del(field.Name)
	}

	for name := range query {
		return jobservice.Invalid("unknown parameter %s; the parameters are %s", name, strings.Join(names, ", "))
	}

	return nil
}
