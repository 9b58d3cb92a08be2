package console

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// events responds with an event for each change of a job. The page ignores what the events say.
func events(w http.ResponseWriter, r *request) error {
	header := http.Header{}
	if known := r.Header.Get("Last-Event-ID"); known != "" {
		header.Set("Last-Event-ID", known)
	}

	query := map[string]string{"appId": r.session.App, "jobId": r.PathValue("job"), "after": cmp.Or(r.query("after"), "0")}

	return r.copyCall(w, "watchJob", query, header)
}

// ofJob returns the change that a call about the job of the address makes.
func ofJob[R any](done string, call func(*client.Client, context.Context, string, string) (R, error)) change {
	return func(r *request) (string, error) {
		jobID := r.PathValue("job")
		_, err := call(r.api, r.Context(), r.session.App, jobID)

		return jobAddress(jobID) + "?done=" + done, err
	}
}

// The forms of the page of a job.
var (
	stopJob   = ofJob("stop", (*client.Client).Stop)
	pauseJob  = ofJob("pause", (*client.Client).Pause)
	resumeJob = ofJob("resume", (*client.Client).Resume)
	redeliver = ofJob("redeliver", (*client.Client).Redeliver)
)

// signalJob sends the signal of the form.
func signalJob(r *request) (string, error) {
	signal := client.Signal{App: r.session.App, JobID: r.PathValue("job"), Name: strings.TrimSpace(r.PostFormValue("signal"))}

	if text := strings.TrimSpace(r.PostFormValue("data")); text != "" {
		data, err := jsonvalue.Decode([]byte(text))
		if err != nil {
			return "", refused(
				`The data of a signal is JSON, such as "approved", true or {"by": "Ann"}; %q is not. Texts have quotes.`, text)
		}

		signal.Data = jsonvalue.Value{Any: data}
	}

	_, err := r.api.Signal(r.Context(), signal)

	return jobAddress(signal.JobID) + "?done=signal", err
}

// bulk stops or retries the selected jobs of a list. It changes as many as it can; then the page has an error for each other.
func bulk(r *request) (string, error) {
	const parallel = 4

	do, done := r.stop, "bulk-stop"
	if r.PostFormValue("do") == "retry" {
		do, done = r.retry, "bulk-retry"
	}

	jobIDs := r.PostForm["job"]
	failed := make([]error, len(jobIDs))

	var group errgroup.Group
	group.SetLimit(parallel)

	for i, jobID := range jobIDs {
		group.Go(func() error {
			failed[i] = do(jobID)

			return nil
		})
	}

	_ = group.Wait() // No function returns an error.

	if len(jobIDs) == 0 {
		return "", refused("No job is selected.")
	}

	if err := joinFailures(jobIDs, failed); err != nil {
		return "", err
	}

	list, err := url.Parse(back(r.Request))
	if err != nil {
		return "", err
	}

	query := list.Query()
	query.Set("done", done)
	list.RawQuery = query.Encode()

	return list.String(), nil
}

func (r *request) stop(jobID string) error {
	_, err := r.api.Stop(r.Context(), r.session.App, jobID)

	return err
}

// retry runs a job again from where it failed or was stopped, or a completed one whole.
func (r *request) retry(jobID string) error {
	_, err := r.api.Retry(r.Context(), client.Retry{App: r.session.App, JobID: jobID, FromStep: jobservice.FromFailed})

	if refusal, ok := errors.AsType[*client.Error](err); !ok || refusal.Code != jobservice.CodeRetryRefused {
		return err
	}

	status, _, unknown := r.status(jobID, resultSelection{})
	if unknown == nil && status.Status == job.Completed {
		_, err = r.api.Retry(r.Context(), client.Retry{App: r.session.App, JobID: jobID})
	}

	return err
}

// joinFailures returns one error for the jobs that were not changed.
func joinFailures(jobIDs []string, failed []error) error {
	var (
		messages []string
		first    *client.Error
	)

	for i, err := range failed {
		if err == nil {
			continue
		}

		refusal, ok := errors.AsType[*client.Error](err)
		if !ok {
			return err
		}

		first = cmp.Or(first, refusal)
		messages = append(messages, jobIDs[i]+": "+refusal.Message)
	}

	if first == nil {
		return nil
	}

	return &client.Error{
		HTTPStatus: first.HTTPStatus, Code: first.Code,
		Message: strconv.Itoa(len(messages)) + " of " + strconv.Itoa(len(jobIDs)) + " jobs were not changed: " +
			strings.Join(messages, "; "),
	}
}

// retryPage is the data of the page from which a job is run again.
type retryPage struct {
	JobID    string
	NewJobID string
	Scenario string
	From     string
	Steps    []retryStep // The steps with which the new job can begin.
	Plan     *jobservice.JobRetried
	Refused  *problem // Why the new job can't begin there; nil if it can.
	Fields   []field
}

// retryStep is a step with which a retry can begin.
type retryStep struct {
	Path, Text string
	IsCurrent  bool
}

// showRetry shows what runs if a job is run again from a step, with its parameters.
func showRetry(r *request) (*view, error) {
	status, fields, err := r.toRetry()
	if err != nil {
		return nil, err
	}

	page := retryPage{JobID: status.JobID, Scenario: status.Scenario, Fields: fields, From: r.query("from")}

	for _, step := range status.Steps {
		if step.StartedAt != nil && !step.TakenOver {
			page.Steps = append(page.Steps, retryStep{step.Path, step.Path + " " + step.Title, step.Path == page.From})
		}
	}

	if page.NewJobID, err = r.unusedJobID(status.JobID); err != nil {
		return nil, err
	}

	page.Plan, err = r.api.Retry(r.Context(), client.Retry{
		App: r.session.App, JobID: status.JobID, NewJobID: page.NewJobID, FromStep: page.From, DryRun: true,
	})
	if refusal, ok := errors.AsType[*client.Error](err); ok && !isSignedOut(err) {
		_, shown := problemOf(refusal)
		page.Refused = &shown
	} else if err != nil {
		return nil, err
	}

	return &view{template: "retry", section: "/jobs", Title: "Retry " + status.JobID, Data: page}, nil
}

// toRetry returns the job of the address, with the fields of its parameters.
func (r *request) toRetry() (*client.Status, []field, error) {
	status, _, err := r.status(r.PathValue("job"), resultSelection{})
	if err != nil {
		return nil, nil, err
	}

	if !r.may(app.Execute) {
		return nil, nil, &client.Error{
			HTTPStatus: http.StatusForbidden, Message: "This key may not start jobs", Code: jobservice.CodeForbidden,
		}
	}

	scenarios, err := r.api.Scenarios(r.Context(), r.session.App, false)
	if err != nil {
		return nil, nil, err
	}

	var schema map[string]any

	for _, scenario := range scenarios {
		if scenario.Name == status.Scenario {
			schema = scenario.Parameters
		}
	}

	// The job has the parameters of its own version of the scenario.
	fields := fieldsOf(schema, status.Parameters)
	kept := fields[:0]

	for _, f := range fields {
		if _, has := status.Parameters[f.Name]; has {
			kept = append(kept, f)
		}
	}

	return status, kept, nil
}

// retryNumber matches the end of the jobId of a retry.
var retryNumber = regexp.MustCompile(`~(\d{1,6})$`)

// unusedJobID returns a jobId for a retry that no other job has.
func (r *request) unusedJobID(jobID string) (string, error) {
	base, number := jobID, 1

	if found := retryNumber.FindStringSubmatch(jobID); found != nil {
		base = strings.TrimSuffix(jobID, found[0])
		number, _ = strconv.Atoi(found[1]) // The pattern matches only numbers.
	}

	const attempts = 50

	limit := int64(1)

	for range attempts {
		number++
		candidate := base + "~" + strconv.Itoa(number)

		_, err := r.api.Status(r.Context(), client.StatusRequest{App: r.session.App, JobID: candidate, Limit: &limit})
		if missing, ok := errors.AsType[*client.Error](err); ok && missing.Code == jobservice.CodeJobNotFound {
			return candidate, nil
		} else if err != nil {
			return "", err
		}
	}

	return "", nil // The API chooses one.
}

// retryJob runs a job again, with the parameters of the form that differ from those of the job.
func retryJob(r *request) (string, error) {
	status, fields, err := r.toRetry()
	if err != nil {
		return "", err
	}

	parameters, err := readFields(r.PostForm, fields)
	if err != nil {
		return "", err
	}

	retried, err := r.api.Retry(r.Context(), client.Retry{
		App: r.session.App, JobID: status.JobID, NewJobID: strings.TrimSpace(r.PostFormValue("newJobId")),
		FromStep: r.PostFormValue("from"), Parameters: parameters,
	})
	if err != nil {
		return "", err
	}

	return jobAddress(retried.JobID) + "?" + url.Values{"done": {"retry"}}.Encode(), nil
}
