package apiserver

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/openapi"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/schedule"
)

// call is a call of the API.
type call struct {
	names    []string // The last part of its path; the first name is the documented one.
	methods  []string
	right    app.Right // What the caller's key has to permit.
	changes  bool      // Whether the call changes something.
	always   bool      // Whether an app may make the call beyond its quota.
	group    string    // The name of a group of [groups].
	needsKey bool      // Whether it needs a key although it needs no right.
	isOAuth  bool      // Whether its body is a form, and its response has no envelope, as RFC 6749 requires.
	summary  string

	// description is what the summary does not say; it may be empty.
	description string

	// errors are the codes of the errors that not every call has.
	errors []jobservice.Code

	// responses are the responses of a call that has others than a result with status 200.
	responses []openapi.Response

	request reflect.Type // The struct with the fields of the query of a GET or of the body of a POST.
	result  reflect.Type // The struct with the fields of the result in a response of status success.

	handle gin.HandlerFunc
}

// calls returns every call of the API.
func (s *Server) calls() []call {
	post, either := []string{http.MethodPost}, []string{http.MethodGet, http.MethodPost}

	return []call{
		newCall[executeRequest, jobStarted](s, call{
			names: []string{"executeJob"}, methods: post, right: app.Execute, changes: true, group: groupJobs,
			summary:     "Executes an operation as a job, usually a scenario",
			description: "The same request with the same jobId returns the same job, so that the call can be repeated safely.",
			errors: []jobservice.Code{
				jobservice.CodeScenarioNotFound, jobservice.CodeScenarioInvalid, jobservice.CodeJobIDTaken,
				jobservice.CodeSecretKeyMissing, jobservice.CodeCallbackForbidden, codeResultExpired, codeNotAcceptable,
			},
			responses: executeResponses(),
		}, s.executeJob),
		newCall[statusRequest, jobservice.Progress](s, call{
			names: []string{"getJobStatus"}, methods: either, right: app.Status, group: groupJobs,
			summary:     "Returns the status of a job and, if it has ended, its results",
			description: "With `waitSeconds`, it waits for the end of the job or, with `after`, for a change.",
			errors:      []jobservice.Code{codeResultExpired, codeResultNotFound, codeNotAcceptable},
			responses:   statusResponses(),
		}, s.getJobStatus),
		newCall[watchRequest, jobservice.Progress](s, call{
			names: []string{"watchJob"}, methods: either, right: app.Status, group: groupJobs,
			summary:     "Sends the status of a job, and each change of it, as server-sent events",
			description: "A client that connects again with the header `Last-Event-ID` receives what it does not know yet.",
			responses:   watchResponses(),
		}, s.watchJob),
		newAnswer(s, call{
			names: []string{"getJobs"}, methods: either, right: app.Status, group: groupJobs,
			summary: "Lists the jobs of an app, the newest first",
		}, s.getJobs),
		newAnswer(s, call{
			names: []string{"getJobHistory"}, methods: either, right: app.Status, group: groupJobs,
			summary:     "Returns how many jobs of the last hours started, failed and were stopped, and how long they took",
			description: "It also has the last jobs of each scenario. Callers share an answer for five seconds.",
		}, s.getJobHistory),
		// The API has both names and stops jobs by GET. Jobwright also accepts POST, the usual method for a change.
		newAnswer(s, call{
			names: []string{"stopJob", "stop"}, methods: either, right: app.Stop, changes: true, always: true, group: groupJobs,
			summary:     "Requests that a job stops",
			description: "It does not wait for the end of the job. Repeat it until it returns `already completed`.",
		}, s.stopJob),
		newCall[deleteRequest, jobservice.Deletions](s, call{
			names: []string{"deleteJob"}, methods: post, right: app.Delete, changes: true, group: groupJobs,
			summary: "Deletes an ended job, or all ended jobs with some labels",
			description: "It deletes their results, their records in the ledgers of sources, and their histories. Repeat " +
				"the call until it returns that the jobs are deleted.",
			errors:    []jobservice.Code{jobservice.CodeJobNotFound, jobservice.CodeJobNotEnded},
			responses: deleteResponses(),
		}, s.deleteJob),
		newAnswer(s, call{
			names: []string{"signalJob"}, methods: post, right: app.Signal, changes: true, group: groupJobs,
			summary: "Sends a signal to a running job",
			errors: []jobservice.Code{
				jobservice.CodeSignalForbidden, jobservice.CodeSignalNotFound, jobservice.CodeJobEnded,
			},
		}, s.signalJob),
		newAnswer(s, call{
			names: []string{"getScenarios"}, methods: either, right: app.Execute, group: groupScenarios,
			summary:     "Returns the scenarios that the key may run, and whether they are valid",
			description: "The parameters of each are described as JSON Schema.",
		}, s.getScenarios),
		newAnswer(s, call{
			names: []string{"getScenario"}, methods: either, right: app.Execute, group: groupScenarios,
			errors:  []jobservice.Code{jobservice.CodeScenarioNotFound},
			summary: "Returns a scenario with the text of its file, its mistakes, its tests and its schedules",
		}, s.getScenario),
		newAnswer(s, call{
			names: []string{"getLineage"}, methods: either, right: app.Execute, group: groupScenarios,
			errors:  []jobservice.Code{jobservice.CodeScenarioNotFound, jobservice.CodeScenarioInvalid},
			summary: "Returns which tables, files and URLs a scenario reads and writes, by its definition",
		}, s.getLineage),
		{
			names: []string{"getApps"}, methods: either, group: groupSystem, needsKey: true,
			summary:     "Returns the apps that the key may use, and its rights in them",
			description: "Every valid key may make the call, which needs no app.",
			request:     reflect.TypeFor[appsRequest](), result: reflect.TypeFor[jobservice.Apps](), handle: s.getApps,
		},
		newAnswer(s, call{
			names: []string{"getSources"}, methods: either, right: app.Execute, group: groupSystem,
			summary: "Returns the sources of an app, and which scenarios use them",
		}, s.getSources),
		newAnswer(s, call{
			names: []string{"getSystem"}, methods: either, right: app.Operate, group: groupSystem,
			summary:     "Returns the state of the system: workers, Temporal, the result store, and the version",
			description: "Callers share an answer for two seconds.",
		}, s.getSystem),
		newAnswer(s, call{
			names: []string{"checkSource"}, methods: post, right: app.Operate, changes: true, group: groupSystem,
			errors:      []jobservice.Code{jobservice.CodeSourceNotFound},
			summary:     "Checks that a worker can use a source",
			description: "It waits for the result. A source that can't be used is a result, not an error.",
		}, s.checkSource),
		newAnswer(s, call{
			names: []string{"redeliverCallback"}, methods: post, right: app.Execute, changes: true, group: groupJobs,
			errors:      []jobservice.Code{jobservice.CodeCallbackNotFound, jobservice.CodeJobNotEnded},
			summary:     "Calls the callback of an ended job again",
			description: "It does not wait for the call. `getJobStatus` shows the delivery.",
		}, s.redeliverCallback),
		{
			names: []string{"oauth2/token"}, methods: post, changes: true, group: groupTokens, isOAuth: true,
			summary:     "Issues an access token to a client that has a key",
			description: "The grant is that of client credentials (RFC 6749, section 4.4).",
			request:     reflect.TypeFor[tokenRequest](), result: reflect.TypeFor[tokenIssued](),
			responses: tokenResponses(), handle: s.issueToken,
		},
		newCall[retryRequest, jobservice.JobRetried](s, call{
			names: []string{"retryJob"}, methods: post, right: app.Execute, changes: true, group: groupJobs,
			summary:     "Runs an ended job again, whole or from one of its steps",
			description: "With `fromStep`, the outcomes of the steps before are taken over. A repeated call finds the same job.",
			errors: []jobservice.Code{
				jobservice.CodeJobNotEnded, jobservice.CodeJobIDTaken, jobservice.CodeStepNotFound, jobservice.CodeRetryRefused,
				jobservice.CodeSecretKeyMissing,
			},
		}, s.retryJob),
		newAnswer(s, call{
			names: []string{"pauseJob"}, methods: either, right: app.Stop, changes: true, group: groupJobs,
			summary:     "Pauses a job between two steps",
			description: "Steps that run end as usual, and no other one begins until the job is resumed.",
			errors:      []jobservice.Code{jobservice.CodeJobEnded, jobservice.CodeJobStopping},
		}, s.pauseJob),
		newAnswer(s, call{
			names: []string{"resumeJob"}, methods: either, right: app.Stop, changes: true, group: groupJobs,
			summary: "Resumes a paused job",
			errors:  []jobservice.Code{jobservice.CodeJobEnded, jobservice.CodeJobStopping},
		}, s.resumeJob),
		newAnswer(s, call{
			names: []string{"getSchedules"}, methods: either, right: app.Status, group: groupSchedules,
			summary: "Returns the schedules of an app with their next times and last firings",
			errors:  []jobservice.Code{schedule.CodeScheduleNotFound},
		}, s.getSchedules),
		newAnswer(s, call{
			names: []string{"pauseSchedule"}, methods: post, right: app.ChangeSchedules, changes: true, group: groupSchedules,
			summary: "Pauses a schedule",
			errors:  []jobservice.Code{schedule.CodeScheduleNotFound},
		}, s.pauseSchedule),
		newAnswer(s, call{
			names: []string{"resumeSchedule"}, methods: post, right: app.ChangeSchedules, changes: true, group: groupSchedules,
			summary: "Resumes a paused schedule",
			errors:  []jobservice.Code{schedule.CodeScheduleNotFound},
		}, s.resumeSchedule),
		newAnswer(s, call{
			names: []string{"runSchedule"}, methods: post, right: app.ChangeSchedules, changes: true, group: groupSchedules,
			summary: "Lets a schedule fire now",
			errors:  []jobservice.Code{schedule.CodeScheduleNotFound, schedule.CodeScheduleBusy},
		}, s.runSchedule),
		newAnswer(s, call{
			names: []string{"backfillSchedule"}, methods: post, right: app.ChangeSchedules, changes: true, group: groupSchedules,
			summary:     "Lets a schedule fire for the times of a range",
			description: "Times whose job has completed are skipped, unless `repeatCompleted` is true.",
			errors:      []jobservice.Code{schedule.CodeScheduleNotFound},
		}, s.backfillSchedule),
	}
}

// newAnswer completes the description of a call to which the server responds with what a function returns.
func newAnswer[T, R any](s *Server, described call, answer func(context.Context, request[T]) (R, error)) call {
	return newCall[T, R](s, described, func(c *gin.Context, read request[T]) {
		result, err := answer(c.Request.Context(), read)
		s.respond(c, result, err)
	})
}

// newCall completes the description of a call whose requests have the fields of T, and whose result has those of R, or of the
// struct to which R points.
func newCall[T, R any](s *Server, described call, handle func(*gin.Context, request[T])) call {
	described.request, described.result = reflect.TypeFor[T](), reflect.TypeFor[R]()
	if described.result.Kind() == reflect.Pointer {
		described.result = described.result.Elem()
	}

	described.handle = func(c *gin.Context) {
		if described.changes {
			if err := checkKeyInAddress(c); err != nil {
				s.respondError(c, err)

				return
			}
		}

		read, err := readRequest[T](s, c, described.right)
		if err == nil && !described.always {
			err = s.quotas.admit(read.caller.App, time.Now())
		}

		if err != nil {
			s.respondError(c, err)

			return
		}

		handle(c, read)
	}

	return described
}
