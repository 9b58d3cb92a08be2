package apiserver

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// maxBody is the size in bytes up to which a request's body is read. It leaves the pinned program, beside it in the
// workflow's input, its share of Temporal's 2 MiB.
const maxBody = 1 << 20

// executeRequest is the body of executeJob.
type executeRequest struct {
	APIKey         string          `json:"apiKey"         description:"The caller's key."`
	AppID          string          `json:"appId"          required:"true" description:"The app in whose context the job runs."`
	Operation      scenario.Params `json:"operation"      required:"true" description:"The operation to execute."`
	IsAsync        bool            `json:"isAsync"        description:"Whether to answer as soon as the job has started."`
	NoResultSchema bool            `json:"noResultSchema" description:"Whether to leave the schemas out of the results."`
	JobID          string          `json:"jobId"          description:"The jobId to use instead of a generated one."`
	WaitSeconds    int64           `json:"waitSeconds"    description:"How long to wait for the job's end when isAsync is false."`
}

// execution is a call of executeJob, checked.
type execution struct {
	app         *app.App
	operation   scenario.Params
	jobID       string // Empty when the caller gives none.
	fingerprint string
	async       bool
	form        resultForm // Of the results, where the call waits for them.
	wait        time.Duration
}

// readExecution reads and checks a call of executeJob, all but its operation.
func (s *Server) readExecution(c *gin.Context) (*execution, error) {
	body, err := readBody(c)
	if err != nil {
		return nil, err
	}

	// Who does not get in learns nothing of what else is wrong.
	key, _ := body["apiKey"].(string)
	appID, _ := body["appId"].(string)

	if given, present := body["appId"]; present && appID == "" {
		return nil, badRequest("appId must be a text such as \"7\", not %v", given)
	}

	found, _, err := s.authorize(c, key, appID, app.Execute)
	if err != nil {
		return nil, err
	}

	var problems scenario.Problems
	if err := scenario.Check[executeRequest](body); errors.As(err, &problems) {
		return nil, withProblems(http.StatusBadRequest, CodeRequestInvalid, problems)
	}

	request, err := scenario.Decode[executeRequest](body)
	if err != nil {
		return nil, err
	}

	form, err := readResultForm(c, nil)
	if err != nil {
		return nil, err
	}

	form.withSchema = !request.NoResultSchema

	call := &execution{
		app: found, operation: request.Operation, async: true, form: form, wait: s.options.DefaultWait,
	}

	if _, given := body["isAsync"]; given {
		call.async = request.IsAsync
	}

	if _, given := body["waitSeconds"]; given {
		call.wait = time.Duration(request.WaitSeconds) * time.Second
		if most := int64(MaximumWait / time.Second); request.WaitSeconds < 0 || request.WaitSeconds > most {
			return nil, badRequest("waitSeconds must be between 0 and %d, not %d", most, request.WaitSeconds)
		}
	}

	if _, given := body["jobId"]; given {
		if err := job.CheckID(request.JobID); err != nil {
			return nil, badRequest("%v", err)
		}

		call.jobID = request.JobID
	}

	call.fingerprint, err = job.Fingerprint(found.ID, call.operation)

	return call, err
}

// readCall reads and checks the body of a call whose caller needs the right. It returns the name of the access by which the
// caller got in.
func readCall[T any](s *Server, c *gin.Context, right app.Right) (request T, by string, err error) {
	body, err := readBody(c)
	if err != nil {
		return request, "", err
	}

	// Who does not get in learns nothing of what else is wrong.
	key, _ := body["apiKey"].(string)
	appID, _ := body["appId"].(string)

	_, by, err = s.authorize(c, key, appID, right)
	if err != nil {
		return request, "", err
	}

	var problems scenario.Problems
	if err := scenario.Check[T](body); errors.As(err, &problems) {
		return request, "", withProblems(http.StatusBadRequest, CodeRequestInvalid, problems)
	}

	request, err = scenario.Decode[T](body)

	return request, by, err
}

// maxJobID is the length of a jobId in bytes that Temporal takes: that of a child has the path of its step in it.
const maxJobID = 1000

// checkJobID refuses, in words that help, what Temporal could not be asked for.
func checkJobID(id string) error {
	switch {
	case !utf8.ValidString(id):
		return badRequest("jobId must be UTF-8")
	case len(id) > maxJobID:
		return badRequest("a jobId has at most %d bytes, this has %d", maxJobID, len(id))
	case strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }):
		return badRequest("a jobId can't contain characters that don't print")
	}

	return nil
}

// readBody reads the body as a JSON object.
func readBody(c *gin.Context) (scenario.Params, error) {
	if given := c.GetHeader("Content-Type"); given != "" {
		mediaType, parameters, err := mime.ParseMediaType(given)
		charset := strings.ToLower(parameters["charset"])

		if err != nil || mediaType != "application/json" || (charset != "" && charset != "utf-8") {
			return nil, newError(http.StatusUnsupportedMediaType, CodeMediaTypeUnsupported,
				"the body must be application/json in UTF-8, not %s", given)
		}
	}

	text, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))

	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, newError(http.StatusRequestEntityTooLarge, CodeRequestTooLarge,
			"the body has more than %d bytes; put large data into a source and name it in the operation", tooLarge.Limit)
	}

	if err != nil {
		return nil, badRequest("the body can't be read: %v", err)
	}

	value, err := scenario.DecodeJSON(text)
	if err != nil {
		return nil, badRequest("the body is no JSON: %v", err)
	}

	object, ok := value.(map[string]any)
	if !ok {
		return nil, badRequest("the body must be a JSON object")
	}

	return object, nil
}

// readQuery reads the parameters of a GET, each of which may be given once.
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
		return nil, badRequest("unknown parameter %s; there are %s", name, strings.Join(known, ", "))
	}

	return read, nil
}
