package apiserver

import (
	"net/http"
	"reflect"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/openapi"
	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/source"
)

// The groups of calls.
const (
	groupJobs      = "Jobs"
	groupScenarios = "Scenarios"
	groupTokens    = "Access tokens"
	groupSchedules = "Schedules"
	groupSystem    = "System"
	groupServers   = "Servers"
)

// groups are the groups of calls, in the order of the documentation.
func groups() []openapi.Group {
	return []openapi.Group{
		{Name: groupJobs, Description: "Start jobs, follow them, and read their results."},
		{Name: groupScenarios, Description: "Find out which scenarios an app has, and what they read and write."},
		{Name: groupTokens, Description: "Get a token that replaces a key for half an hour, by OAuth 2.0."},
		{Name: groupSchedules, Description: "See when scenarios run by themselves, and pause, repeat or start that."},
		{Name: groupSystem, Description: "See the apps of a key, their sources, and the state of the system."},
		{Name: groupServers, Description: "Check the health of a server, and read this description. These calls need no key."},
	}
}

// description is how a server describes its API.
type description struct {
	document []byte // In OpenAPI, as JSON.
	page     []byte // In HTML.
	policy   string // The Content-Security-Policy of the page.
}

// openAPI responds with the API's description for programs.
func (s *Server) openAPI(c *gin.Context) {
	described, err := s.described()
	if err != nil {
		s.respondError(c, err)

		return
	}

	c.Data(http.StatusOK, mediaJSON+"; charset=utf-8", described.document)
}

// docs responds with the API's description for people.
func (s *Server) docs(c *gin.Context) {
	described, err := s.described()
	if err != nil {
		s.respondError(c, err)

		return
	}

	c.Header("Content-Security-Policy", described.policy)
	c.Data(http.StatusOK, "text/html; charset=utf-8", described.page)
}

// describe describes the API.
func (s *Server) describe() (*description, error) {
	api := s.api()

	document, err := api.Document()
	if err != nil {
		return nil, err
	}

	page, policy, err := api.Page()

	return &description{document: document, page: page, policy: policy}, err
}

// api returns the API that the server serves.
func (s *Server) api() openapi.API {
	api := openapi.API{
		Title:   "Jobwright",
		Version: "1",
		Description: "Runs jobs. Each response of a call is an object with `status`, which is `success` or `error`, and " +
			"`result`. Every call is also served with the suffix `.jsp`.",
		Manual:   "https://github.com/jobwright/jobwright/blob/main/docs/api.md",
		Prefix:   "/api/v1/",
		Suffixes: []string{"", ".jsp"},
		Groups:   groups(),
		Failure:  reflect.TypeFor[jobservice.Error](),
		Names: map[reflect.Type]string{
			reflect.TypeFor[problem.Code](): "ProblemCode",
			reflect.TypeFor[job.State]():    "JobState",
			reflect.TypeFor[executed]():     "JobExecuted",
		},
		Objects:  map[string]reflect.Type{"callback": reflect.TypeFor[app.CallbackRequest]()},
		Statuses: map[string]int{},
		Errors: texts(
			jobservice.CodeRequestInvalid, codeUnauthorized, codeKeyExpired, codeTokenExpired, codeIdentityProviderUnavailable,
			jobservice.CodeForbidden, codeBrowserRefused, codeHostNotAllowed,
			codeAppNotFound, codeAppInvalid, codeTooManyFailures, jobservice.CodeTooManyRequests, jobservice.CodeQuotaExceeded,
			jobservice.CodeTemporalUnavailable, jobservice.CodeInternal,
		),
		BodyErrors: texts(codeRequestTimeout, jobservice.CodeRequestTooLarge, codeMediaTypeUnsupported),
	}

	for code, status := range httpStatuses {
		api.Statuses[string(code)] = status
	}

	for _, call := range s.calls() {
		api.Calls = append(api.Calls, call.openAPI())
	}

	api.Calls = append(api.Calls, serverCalls()...)

	return api
}

func texts(codes ...jobservice.Code) []string {
	all := make([]string, len(codes))
	for i, code := range codes {
		all[i] = string(code)
	}

	return all
}

// openAPI returns the description of the call.
func (d call) openAPI() openapi.Call {
	described := openapi.Call{
		Name: d.names[0], Aliases: d.names[1:], Group: d.group, Methods: d.methods, Right: string(d.right), NeedsKey: d.needsKey,
		Summary: d.summary, Description: d.description, Request: d.request, Responses: d.responses, Errors: texts(d.errors...),
	}

	if described.Responses == nil {
		described.Responses = []openapi.Response{{
			Status: http.StatusOK, Description: "The call succeeded.", Result: d.result,
		}}
	}

	if d.isOAuth {
		described.Form = true
	}

	isAboutJob := slices.ContainsFunc(schema.FieldsOf(d.request), func(field schema.Field) bool {
		return field.Name == "jobId" && field.Required
	})
	if isAboutJob {
		described.Errors = append(described.Errors, string(jobservice.CodeJobNotFound))
	}

	return described
}

// serverCalls returns the calls that are not under the path of the API.
func serverCalls() []openapi.Call {
	server := func(name, path, summary string, responses ...openapi.Response) openapi.Call {
		return openapi.Call{
			Name: name, Path: path, Group: groupServers, Methods: []string{http.MethodGet},
			Errors: texts(codeHostNotAllowed, codeBrowserRefused), Summary: summary, Responses: responses,
		}
	}
	bare := func(status int, description string, of reflect.Type) openapi.Response {
		return openapi.Response{Status: status, Description: description, Result: of, Bare: true}
	}

	return []openapi.Call{
		server("healthz", "/healthz", "Checks that the process lives",
			bare(http.StatusOK, "The process lives.", reflect.TypeFor[alive]())),
		server("readyz", "/readyz", "Checks that a new job would run now",
			bare(http.StatusOK, "A new job would run.", reflect.TypeFor[health]()),
			bare(http.StatusServiceUnavailable, "A new job would not run.", reflect.TypeFor[health]())),
		server("openapi", "/openapi.json", "Returns the description of the API for programs",
			bare(http.StatusOK, "The document.", reflect.TypeFor[map[string]any]())),
		server("docs", "/docs", "Returns the description of the API for people", openapi.Response{
			Status: http.StatusOK, Description: "The page.", Texts: map[string]string{"text/html": "HTML."},
		}),
	}
}

// resultSet is a result in the response of a call that returns results.
type resultSet struct {
	Name       *string `json:"name" description:"The resultName of the step, or null."`
	Result     records `json:"result" description:"The records with their schema."`
	NextOffset int64   `json:"nextOffset,omitempty" description:"Of a page: the offset of the next one, if there is one."`
	Records    int64   `json:"records,omitempty" description:"Of a page: the number of records of the whole result."`
}

type records struct {
	Schema  []source.Column    `json:"schema,omitempty" description:"The columns. With noResultSchema, it is missing."`
	Records []jsonvalue.Object `json:"records" description:"The records: the values of the columns by their names."`
}

// executed is the result of executeJob if the job completed, or if the call did not wait for its end.
type executed struct {
	JobID   string           `json:"jobId" description:"The job."`
	Value   *jsonvalue.Plain `json:"value,omitempty" description:"The value that the scenario returned."`
	Results []resultSet      `json:"results,omitempty" description:"The results. With isAsync, they are missing."`
}

// jobRunning is the result of executeJob if the job still runs at the end of the wait.
type jobRunning struct {
	JobID  string    `json:"jobId" description:"The job."`
	Status job.State `json:"status" enum:"running" description:"That the job runs."`
}

// jobEnded is the status of a job that has ended, with its results.
type jobEnded struct {
	jobservice.Outcome

	Results   []resultSet    `json:"results" description:"The results; of a job that did not complete, those of the steps before."`
	Callbacks []job.Delivery `json:"callbacks,omitempty" description:"The delivery of the job's callback, if it is to be called."`
}

// recordTexts are the media types of the records of a single result.
func recordTexts() map[string]string {
	return map[string]string{
		mediaNDJSON: "The records of one result, each as JSON on a line.",
		mediaCSV:    "The records of one result as CSV (RFC 4180). The first line has the names of the columns.",
	}
}

func executeResponses() []openapi.Response {
	return []openapi.Response{
		{
			Status: http.StatusOK, Result: reflect.TypeFor[executed](), Texts: recordTexts(),
			Description: "The job has started or, if `isAsync` is false, completed.",
		},
		{
			Status: http.StatusAccepted, Result: reflect.TypeFor[jobRunning](),
			Description: "The job still runs at the end of `waitSeconds`.",
			Headers: map[string]string{
				"Location": "The address of the job's status.", "Retry-After": "After how many seconds to ask for it.",
			},
		},
		{
			Status: http.StatusUnprocessableEntity, Result: reflect.TypeFor[jobEnded](), Failed: true,
			Description: "The job failed or was stopped, or the scenario has mistakes (`scenario_invalid`).",
		},
	}
}

func statusResponses() []openapi.Response {
	return []openapi.Response{{
		Status: http.StatusOK, Description: "The status, whether the job runs, completed or failed.", Texts: recordTexts(),
		Result: reflect.TypeFor[jobservice.Progress](), OrResult: reflect.TypeFor[jobEnded](),
	}}
}

func deleteResponses() []openapi.Response {
	return []openapi.Response{
		{
			Status: http.StatusOK, Result: reflect.TypeFor[jobservice.Deletions](),
			Description: "No deletion still runs. Of each job, the status says whether it is deleted.",
		},
		{
			Status: http.StatusAccepted, Result: reflect.TypeFor[jobservice.Deletions](),
			Description: "Deletions still run at the end of `waitSeconds`.",
		},
	}
}

func watchResponses() []openapi.Response {
	return []openapi.Response{
		{
			Status: http.StatusOK, Texts: map[string]string{
				mediaEvents: "Events `status` and a last event `end`, each with the version as its ID and the status of " +
					"the job as its data: " +
					"the `result` of getJobStatus, without results.",
			},
			Description: "The current status of the job, and each change of it.",
		},
		{Status: http.StatusNoContent, Description: "The job has ended, as the client knows."},
	}
}
