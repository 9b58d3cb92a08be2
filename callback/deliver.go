package callback

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/secret"
)

// Jobs returns how jobs ended.
type Jobs interface {
	// Ended returns how a job ended; see [jobservice.Service.Ended].
	Ended(ctx context.Context, appID, jobID string) (jobservice.End, error)
}

// Activities are the activities of the workflow Notify that concern callbacks.
type Activities struct {
	apps *app.Catalog
	jobs Jobs
}

// New returns the activities for the callbacks of the apps.
func New(apps *app.Catalog, jobs Jobs) *Activities { return &Activities{apps: apps, jobs: jobs} }

// message is the body of a call.
type message struct {
	Type      job.Event       `json:"type"`
	Timestamp time.Time       `json:"timestamp"` // When the event happened.
	Data      json.RawMessage `json:"data"`      // The status of the job.
}

// DeliverCallback makes one attempt to call the callback of a notification. The detail of its error is a [job.Delivery].
func (a *Activities) DeliverCallback(ctx context.Context, notification job.Notification) (*job.Delivery, error) {
	delivery := &job.Delivery{
		URL: notification.Listeners.Callback.ShownURL(), Event: notification.Event, State: job.DeliveryDelivered,
		Attempts: activity.GetInfo(ctx).Attempt,
	}

	failed := a.deliver(ctx, notification)
	if failed == nil {
		at := time.Now().UTC()
		delivery.DeliveredAt = &at
	} else {
		delivery.State, delivery.LastError = job.DeliveryPending, failed.message
	}

	activity.GetMetricsHandler(ctx).WithTags(map[string]string{
		"app": notification.AppID, "outcome": failed.outcome(),
	}).Counter(metric).Inc(1)

	if failed == nil {
		return delivery, nil
	}

	return nil, temporal.NewApplicationErrorWithOptions(failed.message, failed.code, temporal.ApplicationErrorOptions{
		NonRetryable: failed.final, Details: []any{delivery},
	})
}

// metric is the name of the counter of attempts, by outcome.
const metric = "jobwright_callback_attempts"

// failure is why an attempt failed.
type failure struct {
	code    string
	message string // Without secrets.
	final   bool   // Whether another attempt would fail too.
}

// outcome returns the outcome of the attempt as a tag of a metric. It accepts nil.
func (f *failure) outcome() string {
	if f == nil {
		return string(job.DeliveryDelivered)
	}

	return f.code
}

func failedf(format string, arguments ...any) *failure {
	return &failure{code: job.CallbackFailed, message: fmt.Sprintf(format, arguments...)}
}

// deliver calls the callback of a notification.
func (a *Activities) deliver(ctx context.Context, notification job.Notification) *failure {
	found, err := a.apps.App(notification.AppID)
	if err != nil {
		return failedf("app %s can't be read: %v", notification.AppID, err)
	}

	target, hide, failed := targetOf(found.Callbacks, *notification.Listeners.Callback)
	if failed != nil {
		return failed
	}

	secrets, err := readSecrets(found.Callbacks.Secrets)
	if err != nil {
		return failedf("the call can't be signed: %v", err)
	}

	body, failed := a.body(ctx, notification)
	if failed != nil {
		return failed
	}

	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return failedf("the call can't be made")
	}

	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Jobwright")

	if err := sign(request.Header, notification.MessageID(), time.Now(), body, secrets); err != nil {
		return failedf("the call can't be signed")
	}

	failed = call(newClient(found.Callbacks.Addresses, nil), request)
	if failed != nil {
		failed.message = hide.Replace(failed.message)
	}

	return failed
}

// body returns the body of the call.
func (a *Activities) body(ctx context.Context, notification job.Notification) ([]byte, *failure) {
	end, err := a.jobs.Ended(ctx, notification.AppID, notification.JobID)
	if err != nil {
		failed := failedf("the status of the job can't be read: %v", err)
		failed.final = jobservice.HasCode(err, jobservice.CodeJobNotFound)

		return nil, failed
	}

	if event := job.EventOf(end.State); event != notification.Event {
		failed := failedf("an operator has reset the job, and it has ended with %s", event)
		failed.final = true

		return nil, failed
	}

	body, err := json.Marshal(message{Type: notification.Event, Timestamp: end.At, Data: end.Status})
	if err != nil {
		return nil, failedf("the status of the job can't be written: %v", err)
	}

	return body, nil
}

// targetOf returns the URL to call, and a replacer of the secrets in it. The default of the app is that of now, so that an
// operator who corrects it corrects the calls that are to come.
func targetOf(rules app.Callbacks, callback job.Callback) (*url.URL, *strings.Replacer, *failure) {
	if !callback.Default {
		if err := rules.Check(callback.URL); err != nil {
			return nil, nil, &failure{code: job.CallbackForbidden, message: err.Error(), final: true}
		}

		target, err := app.ParseTarget(callback.URL)
		if err != nil {
			return nil, nil, &failure{code: job.CallbackForbidden, message: err.Error(), final: true}
		}

		return target, source.Hide(), nil
	}

	var (
		text    = rules.URL
		secrets []string
	)

	for _, reference := range secret.References(text) {
		read, err := reference.Read()
		if err != nil {
			return nil, nil, failedf("the URL in app.yaml can't be resolved: %v", err)
		}

		text = strings.ReplaceAll(text, reference.String(), read)
		secrets = append(secrets, read)
	}

	target, err := app.ParseTarget(text)
	if err != nil {
		return nil, nil, failedf("the URL in app.yaml can't be called: %v", err)
	}

	return target, source.Hide(secrets...), nil
}

// call sends a request once.
func call(client *http.Client, request *http.Request) *failure {
	response, err := client.Do(request)
	if err != nil {
		if isForbidden(err) {
			return &failure{code: job.CallbackForbidden, message: "the URL must not be called: " + cause(err), final: true}
		}

		return failedf("the receiver did not answer: %s", cause(err))
	}

	const maxBody = 64 << 10 // A receiver that sends more than that is cut off.

	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxBody))
	_ = response.Body.Close()

	answered := fmt.Sprintf("the receiver answered %d %s", response.StatusCode,
		cmp.Or(http.StatusText(response.StatusCode), "(an unknown status)"))

	switch status := response.StatusCode; {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusGone:
		return &failure{code: job.CallbackGone, message: answered + ": it wants no more calls", final: true}
	case status >= 300 && status < 400:
		return failedf("%s; redirects are not followed, so correct the URL", answered)
	default:
		return failedf("%s", answered)
	}
}

// cause returns the text of an error without the URL, which may contain secrets.
func cause(err error) string {
	if ofURL, ok := errors.AsType[*url.Error](err); ok {
		if ofURL.Timeout() {
			return fmt.Sprintf("no answer within %s", callTimeout)
		}

		err = ofURL.Err
	}

	if forbidden, ok := errors.AsType[*forbiddenAddressError](err); ok {
		return forbidden.Error()
	}

	if ofName, ok := errors.AsType[*net.DNSError](err); ok {
		return fmt.Sprintf("the name %s can't be resolved: %s", ofName.Name, ofName.Err)
	}

	return err.Error()
}
