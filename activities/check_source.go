package activities

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// sourceCheckTimeout limits the check of a source.
const sourceCheckTimeout = 30 * time.Second

// CheckSource connects to a source of an app as a step would, and examines the privileges of its user. A source that can't be
// used is a result, not an error.
func (a *Activities) CheckSource(ctx context.Context, check job.SourceCheck) (checked job.SourceChecked, _ error) {
	ctx, cancel := context.WithTimeout(ctx, sourceCheckTimeout)
	defer cancel()

	began := time.Now()
	err := a.checkSource(ctx, check, &checked)
	checked.DurationMs = time.Since(began).Milliseconds()
	checked.Worker, _ = os.Hostname() // Without a name, the result has none.

	var (
		failed   *source.Error
		panicked *source.PanicError
	)

	switch {
	case err == nil:
		checked.OK = true
	case errors.As(err, &panicked):
		checked.Code, checked.Message = job.CodeInternal, defect(ctx, panicked).Error()
	case ctx.Err() != nil:
		checked.Code, checked.Message = string(source.CodeUnavailable), fmt.Sprintf("no response within %s", sourceCheckTimeout)
		checked.Hint = "check the address, the network and the firewall between the worker and the server"
	case errors.As(err, &failed):
		checked.Code, checked.Message, checked.Hint = string(failed.Code), failed.Message, failed.Hint
	default:
		activity.GetLogger(ctx).Warn("A source can't be checked", "app", check.AppID, "source", check.Source, "error", err)

		checked.Code, checked.Message = job.CodeAppInvalid, "the app of this worker can't be used, or has no such source"
		checked.Hint = "deploy the same files to all workers; the log of the worker has the reason"
	}

	if !checked.OK && checked.Hint == "" {
		checked.Hint = sourceHint(source.Code(checked.Code))
	}

	return checked, nil
}

// sourceHint returns what to do about an error that says nothing of it.
func sourceHint(code source.Code) string {
	if code == source.CodeUnavailable {
		return "check that the server runs and is reachable from the worker, and the address, the user and the password of the " +
			"source in app.yaml"
	}

	return "correct the source in app.yaml; docs/errors.md explains the code"
}

// checkSource checks a source, and adds what it finds to checked.
func (a *Activities) checkSource(ctx context.Context, check job.SourceCheck, checked *job.SourceChecked) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = &source.PanicError{Value: panicked, Stack: debug.Stack()}
		}
	}()

	of, err := a.apps.App(check.AppID)
	if err != nil {
		return err
	}

	definition, isKnown := of.Sources[check.Source]
	if !isKnown {
		return fmt.Errorf("the app has no source %s", check.Source)
	}

	opened, release, err := a.sources.Get(ctx, definition, of.Place(a.dataDir))
	if err != nil {
		return err
	}
	defer release()

	if checked.Text, err = opened.Check(ctx); err != nil {
		return err
	}

	auditor, isAuditor := opened.(source.Auditor)
	if !isAuditor {
		return nil
	}

	warnings, err := auditor.Audit(ctx)
	for _, warning := range warnings {
		checked.Warnings = append(checked.Warnings, job.SourceWarning{Message: warning.Message, Hint: warning.Hint})
	}

	return err
}
