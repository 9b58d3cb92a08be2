package openlineage

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
)

// defaultNamespace is the namespace of jobs if [Options] have none.
const defaultNamespace = "jobwright"

// The environment variables of [FromEnvironment].
const (
	URLVariable       = "JOBWRIGHT_OPENLINEAGE_URL"
	KeyVariable       = "JOBWRIGHT_OPENLINEAGE_KEY"
	NamespaceVariable = "JOBWRIGHT_OPENLINEAGE_NAMESPACE"
)

// Options configure where events are sent.
type Options struct {
	URL       string // The address that accepts events, for example http://marquez:5000/api/v1/lineage; empty to send none.
	Key       string // Sent as Authorization: Bearer, if it is not empty.
	Namespace string // The namespace of the jobs; empty for jobwright.
}

// FromEnvironment returns the options that environment variables contain.
func FromEnvironment() (Options, error) {
	options := Options{URL: os.Getenv(URLVariable), Key: os.Getenv(KeyVariable), Namespace: os.Getenv(NamespaceVariable)}

	parsed, err := url.Parse(options.URL)
	if options.URL != "" && (err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https") {
		return options, errors.New(URLVariable + " must be a URL such as http://marquez:5000/api/v1/lineage")
	}

	return options, nil
}

// Jobs returns how jobs began, and how they ended.
type Jobs interface {
	// Beginning returns how a run of the workflow of a job began.
	Beginning(ctx context.Context, jobID, runID string) (*jobservice.Beginning, error)

	// Ended returns how a job ended. If the job still runs, Ended may wait for some seconds.
	Ended(ctx context.Context, appID, jobID string) (jobservice.End, error)

	// Status returns the status of a job.
	Status(ctx context.Context, appID, jobID string) (*jobservice.Status, error)
}

// Activities are the activities of the workflow Notify that concern OpenLineage.
type Activities struct {
	options Options
	apps    *app.Catalog
	jobs    Jobs
	client  *http.Client
}

// New returns the activities for the jobs of the apps.
func New(options Options, apps *app.Catalog, jobs Jobs) *Activities {
	options.Namespace = cmp.Or(options.Namespace, defaultNamespace)

	return &Activities{options: options, apps: apps, jobs: jobs, client: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ReportLineage makes one attempt to send the event of a notification. It reports whether the job still runs.
func (a *Activities) ReportLineage(ctx context.Context, notification job.Notification) (running bool, err error) {
	state, err := a.state(ctx, notification)
	if err != nil || state == nil {
		return false, ofJob(err)
	}

	event, err := a.event(ctx, notification, *state)
	if err != nil {
		return false, ofJob(err)
	}

	return state.Type == Start || state.Type == Running, a.send(ctx, event)
}

// ofJob returns the error of a request about a job. If Temporal has deleted the job, no attempt can succeed.
func ofJob(err error) error {
	if known, ok := errors.AsType[*jobservice.Error](err); ok && known.Code == jobservice.CodeJobNotFound {
		return temporal.NewNonRetryableApplicationError(known.Message, job.LineageRefused, err)
	}

	return err
}

// state returns the state that a notification reports. It is nil if the job should still run and has ended.
func (a *Activities) state(ctx context.Context, notification job.Notification) (*State, error) {
	switch notification.Event {
	case job.JobStarted:
		began, err := a.jobs.Beginning(ctx, notification.JobID, notification.RunID)
		if err != nil {
			return nil, err
		}

		return &State{Type: Start, At: began.At}, nil
	case job.JobRunning:
		status, err := a.jobs.Status(ctx, notification.AppID, notification.JobID)
		if err != nil || status.Ended {
			return nil, err
		}

		return stateOf(Running, time.Now(), status.Fields)
	case job.JobCompleted, job.JobFailed, job.JobStopped:
	}

	end, err := a.jobs.Ended(ctx, notification.AppID, notification.JobID)
	if err != nil {
		return nil, err
	}

	return stateOf(endOf(notification.Event), end.At, end.Status)
}

func endOf(event job.Event) EventType {
	switch event {
	case job.JobCompleted:
		return Complete
	case job.JobStopped:
		return Abort
	case job.JobFailed, job.JobStarted, job.JobRunning:
	}

	return Fail
}

// stateOf returns a state with the fields of a status.
func stateOf(reported EventType, at time.Time, fields json.RawMessage) (*State, error) {
	var status struct {
		Message string           `json:"message"`
		Trace   []string         `json:"trace"`
		Steps   []job.StepStatus `json:"steps"`
	}

	err := json.Unmarshal(fields, &status)

	return &State{Type: reported, At: at, Message: status.Message, Trace: status.Trace, Steps: status.Steps}, err
}

// event returns the event for a state of a job.
func (a *Activities) event(ctx context.Context, notification job.Notification, state State) (event Event, err error) {
	of, err := a.apps.App(notification.AppID)
	if err != nil {
		return event, fmt.Errorf("app %s can't be read: %w", notification.AppID, err)
	}

	began, err := a.jobs.Beginning(ctx, notification.JobID, notification.RunID)
	if err != nil {
		return event, err
	}

	run := JobRun{
		JobID: notification.JobID, RunID: notification.RunID, AppID: notification.AppID, Scenario: began.Input.Scenario,
		Program: began.Input.Program,
	}

	for began.ParentID != "" {
		parentID := began.ParentID

		if began, err = a.jobs.Beginning(ctx, parentID, began.ParentRunID); err != nil {
			return event, err
		}

		run.Parents = append(run.Parents, Ancestor{
			JobID: parentID, RunID: began.FirstRunID, AppID: began.Input.AppID, Scenario: began.Input.Scenario,
		})
	}

	return NewEvent(a.options.Namespace, run, of.Sources, state), nil
}

// send sends an event once.
func (a *Activities) send(ctx context.Context, event Event) error {
	if a.options.URL == "" {
		return errors.New("this worker has no address of a server for OpenLineage; set the same one for API servers and workers")
	}

	body, err := json.Marshal(event)
	if err != nil {
		return err
	}

	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.options.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}

	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Jobwright")

	if a.options.Key != "" {
		request.Header.Set("Authorization", "Bearer "+a.options.Key)
	}

	response, err := a.client.Do(request)

	outcome := "failed"
	if err == nil && response.StatusCode < http.StatusMultipleChoices {
		outcome = "sent"
	}

	activity.GetMetricsHandler(ctx).WithTags(map[string]string{"outcome": outcome}).Counter(metric).Inc(1)

	if err != nil {
		if ofURL, ok := errors.AsType[*url.Error](err); ok {
			err = ofURL.Err // Without the URL, which may contain secrets.
		}

		return fmt.Errorf("the server for OpenLineage did not answer: %w", err)
	}

	const maxBody = 64 << 10

	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxBody))
	_ = response.Body.Close()

	switch {
	case outcome == "sent":
		return nil
	case response.StatusCode == http.StatusBadRequest, response.StatusCode == http.StatusUnprocessableEntity:
		return temporal.NewNonRetryableApplicationError(
			fmt.Sprintf("the server for OpenLineage refused the event: %s", response.Status), job.LineageRefused, nil)
	}

	return fmt.Errorf("the server for OpenLineage answered %s", response.Status)
}

// metric is the name of the counter of attempts to send an event, by outcome.
const metric = "jobwright_openlineage_attempts"
