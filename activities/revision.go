package activities

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
)

const (
	// revisionAge is how long the local activities of a job use an app.yaml without looking for a change. To look takes a
	// twentieth of the time of a small step.
	revisionAge = 100 * time.Millisecond

	// maxRevisions bounds the number of jobs whose app is remembered.
	maxRevisions = 1000
)

// revisions are the revisions of apps that the local activities of jobs have used last.
type revisions struct {
	mu    sync.Mutex
	ofRun map[string]revision // By the ID of the workflow run.
}

// revision is a revision of an app that was current at a time.
type revision struct {
	app *app.App
	at  time.Time
}

// app returns the app of an attempt: the current revision or, in a local activity, the one that was current when another local
// activity of the job began less than revisionAge ago.
func (a *Activities) app(ctx context.Context, task job.Task) (*app.App, error) {
	if task.Local == nil {
		return a.apps.App(task.AppID)
	}

	run := activity.GetInfo(ctx).WorkflowExecution.RunID
	now := time.Now()

	if known := a.revisions.of(run, now); known != nil {
		return known, nil
	}

	found, err := a.apps.App(task.AppID)
	if err == nil {
		a.revisions.add(run, revision{found, now})
	}

	return found, err
}

// of returns the revision of a run, or nil if it is older than revisionAge.
func (r *revisions) of(run string, now time.Time) *app.App {
	r.mu.Lock()
	defer r.mu.Unlock()

	known := r.ofRun[run]
	if now.Sub(known.at) >= revisionAge {
		return nil
	}

	return known.app
}

// add adds the revision of a run.
func (r *revisions) add(run string, found revision) {
	r.mu.Lock()
	defer r.mu.Unlock()

	if r.ofRun == nil || len(r.ofRun) >= maxRevisions {
		r.ofRun = map[string]revision{}
	}

	r.ofRun[run] = found
}
