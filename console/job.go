package console

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/console/session"
	"github.com/jobwright/jobwright/job"
)

// jobPage is the data of the page of a job.
type jobPage struct {
	*client.Status

	Shown    state
	Ended    bool
	EndedAt  time.Time // Zero if unknown.
	Duration time.Duration
	Labels   []jobLabel
	Failure  *failure // nil if the job has not failed.
	Steps    stepTable
	Results  *resultPage // nil if there are none.
	NoWorker string      // Why the page shows only what Temporal knows; "" if it shows all.
	Gone     bool        // Whether the results have been removed.
	Value    string      // The value that the scenario returned, as JSON.

	Actions jobActions

	TemporalUI string // The address of the workflow in Temporal UI; "" if it is unknown.
}

// jobLabel is a label, with the address of the list of the jobs that have it.
type jobLabel struct{ Text, Address string }

// jobActions are the forms that the page has, by the state of the job and the rights of the key.
type jobActions struct{ Stop, Pause, Resume, Retry, Signal, Redeliver bool }

// failure is why a job failed.
type failure struct {
	problem

	Code, Place, Title, StepAddress string
	Attempts                        int32
	Trace, Causes                   []string
}

// showJob shows a job.
func showJob(r *request) (*view, error) {
	jobID := r.PathValue("job")

	selected, err := readResultSelection(r.URL.Query())
	if err != nil {
		return nil, err
	}

	steps, err := readStepSelection(r.URL.Query())
	if err != nil {
		return nil, err
	}

	status, gone, err := r.status(jobID, selected)
	if err != nil {
		return nil, err
	}

	shown := &jobPage{
		Status: status, Shown: stateOf(status.Status), Ended: status.Ended(), Gone: gone,
		Steps: stepTableOf(status, steps, r.now), Actions: r.actionsOf(status),
		Value: indent(status.Value),
	}

	if shown.EndedAt = endOf(status); !shown.Ended {
		shown.Duration = r.now.Sub(status.StartedAt)
		shown.NoWorker = status.Message
	} else if !shown.EndedAt.IsZero() {
		shown.Duration = shown.EndedAt.Sub(status.StartedAt)
	}

	for _, name := range slices.Sorted(maps.Keys(status.Labels)) {
		text := name + "=" + status.Labels[name]
		shown.Labels = append(shown.Labels, jobLabel{text, jobFilter{Label: text}.address()})
	}

	if status.Status == job.CompletedWithError {
		shown.Failure = failureOf(status)
	}

	if len(status.Results) > 0 {
		shown.Results = resultPageOf(status, selected)
	}

	shown.TemporalUI = r.temporalUI(jobID)

	page := &view{template: "job", section: "/jobs", Title: jobID, Data: shown}
	if !shown.Ended {
		page.Events = jobAddress(jobID) + "/events?after=" + strconv.FormatInt(status.Version, 10)
	}

	return page, nil
}

// status returns the status of a job and a page of its results; gone reports whether its results have been removed.
func (r *request) status(jobID string, selected resultSelection) (found *client.Status, gone bool, err error) {
	limit := int64(resultLimit)

	found, err = r.api.Status(r.Context(), client.StatusRequest{
		App: r.session.App, JobID: jobID, Offset: &selected.offset, Limit: &limit,
	})

	if failed, ok := errors.AsType[*client.Error](err); ok && failed.Code == "result_expired" {
		found, err = r.api.Current(r.Context(), r.session.App, jobID)

		return found, true, err
	}

	return found, false, err
}

// actionsOf returns the forms for a job.
func (r *request) actionsOf(status *client.Status) jobActions {
	ended, stopping := status.Ended(), status.Status == job.Stopping
	delivers := slices.ContainsFunc(status.Callbacks, func(d job.Delivery) bool { return d.State != job.DeliveryPending })

	return jobActions{
		Stop:   !ended && !stopping && r.may(app.Stop),
		Pause:  !ended && !stopping && status.Status != job.Paused && r.may(app.Stop),
		Resume: status.Status == job.Paused && r.may(app.Stop),
		Retry:  ended && r.may(app.Execute),
		Signal: !ended && r.may(app.Signal), Redeliver: ended && delivers && r.may(app.Execute),
	}
}

// endOf returns when a job ended, or the zero time.
func endOf(status *client.Status) (end time.Time) {
	if status.EndedAt != nil {
		end = *status.EndedAt
	}

	return end
}

// failureOf returns why a job failed.
func failureOf(status *client.Status) *failure {
	failed := &failure{
		problem: problem{Message: session.Sentence(status.Message), Remedy: jobRemedies[status.Code]},
		Code:    status.Code, Attempts: status.Attempts, Causes: status.Causes,
	}

	if len(status.Trace) > 1 {
		failed.Trace = status.Trace
	}

	if place := status.Step; place != nil {
		failed.Message = session.Sentence(strings.TrimPrefix(status.Message, place.String()+": ")) // The page shows the place.
		failed.Title, failed.StepAddress = place.Title, stepAddress(status, place.Path)
		failed.Place = place.Scenario

		if place.File != "" {
			failed.Place = place.File + ":" + strconv.Itoa(place.Line)
		}
	}

	return failed
}

// Address returns the address of the job's page with some of its parameters.
func (p jobPage) Address(parameters ...string) string {
	return addressWith(jobAddress(p.JobID), parameters...)
}

// temporalUI returns the address of a job's workflow in Temporal UI, for operators; "" if it is unknown.
func (r *request) temporalUI(jobID string) string {
	if !r.may(app.Operate) {
		return ""
	}

	known := r.console.temporalUI.Load()
	if known == nil { // It does not change while the server runs.
		system, err := r.api.System(r.Context(), r.session.App)
		if err != nil {
			return "" // The next page asks again.
		}

		known = new("")
		if system.Temporal.UI != "" {
			*known = system.Temporal.UI + "/namespaces/" + url.PathEscape(system.Temporal.Namespace) + "/workflows/"
		}

		r.console.temporalUI.Store(known)
	}

	if *known == "" {
		return ""
	}

	return *known + url.PathEscape(jobID)
}
