package cluster_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/time/rate"

	"github.com/jobwright/jobwright/internal/faulttest"
)

const (
	callers       = 8
	jobsPerSecond = 2
)

// trackedJob is a job and what its caller knows about it.
type trackedJob struct {
	kind

	jobID string
	state string // The final state; empty before the job ended.
	last  string // The last response.
	took  time.Duration
}

// load is a steady load of jobs: callers start them at a constant rate, each on another API server than the one before, and
// follow each until it ends.
type load struct {
	apis   []string
	logged func(reference string) string // Returns the lines that the API servers have logged lately with a reference.
	limit  *rate.Limiter

	mutex    sync.Mutex
	jobs     []*trackedJob
	calls    int
	repeated int
	problems []string // Responses that violate the contract.

	calling     sync.WaitGroup
	stopStarts  context.CancelFunc
	stopFollows context.CancelFunc
}

// startLoad starts the load.
func startLoad(t *testing.T, c *cluster) *load {
	t.Helper()

	l := &load{apis: c.apis(), logged: c.logged, limit: rate.NewLimiter(jobsPerSecond, 1)}

	var starts, follows context.Context

	follows, l.stopFollows = context.WithCancel(t.Context())
	starts, l.stopStarts = context.WithCancel(follows)

	for range callers {
		l.calling.Go(func() {
			for l.limit.Wait(starts) == nil {
				l.follow(follows, l.newJob())
			}
		})
	}

	t.Cleanup(func() { l.stopFollows(); l.calling.Wait() })

	return l
}

// stop starts no more jobs, and returns when all jobs have ended. Those that have not ended after a long time are stuck.
func (l *load) stop() {
	l.stopStarts()

	timer := time.AfterFunc(patience, l.stopFollows)
	defer timer.Stop()

	l.calling.Wait()
}

// newJob creates a job of the next kind.
func (l *load) newJob() *trackedJob {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	job := &trackedJob{kind: kinds[len(l.jobs)%len(kinds)], jobID: uuid.NewString()}
	l.jobs = append(l.jobs, job)

	return job
}

// follow makes calls until the job has ended, and repeats those without a response.
func (l *load) follow(ctx context.Context, job *trackedJob) {
	started := time.Now()

	for accepted := false; ctx.Err() == nil && job.state == ""; {
		var answer *response

		if accepted {
			answer = ask(ctx, l.nextAPI(), "getJobStatus", job.jobID, url.Values{"waitSeconds": {"10"}})
		} else {
			answer = execute(ctx, l.nextAPI(), job.jobID, job.scenario, execution{"isAsync": false, "waitSeconds": 10})
		}

		job.last = answer.body

		switch {
		case answer.isRepeatable():
			l.addRepeated()
			faulttest.Pause(ctx, 100*time.Millisecond)
		case !slices.Contains([]int{http.StatusOK, http.StatusAccepted, http.StatusUnprocessableEntity}, answer.status):
			l.addProblemf("%s %s: after %s, accepted %t, the response was %d %s\n%s", job.scenario, job.jobID, time.Since(started),
				accepted, answer.status, answer.body, l.logged(answer.logReference()))
			faulttest.Pause(ctx, time.Second)
		case accepted && faulttest.IsFinal(answer.Result.Status):
			job.state = answer.Result.Status
		default:
			accepted = true
		}
	}

	l.mutex.Lock()
	defer l.mutex.Unlock()

	job.took = time.Since(started)
}

// nextAPI returns the API servers in turn.
func (l *load) nextAPI() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	l.calls++

	return l.apis[l.calls%len(l.apis)]
}

func (l *load) addRepeated() {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	l.repeated++
}

func (l *load) addProblemf(format string, arguments ...any) {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	l.problems = append(l.problems, fmt.Sprintf(format, arguments...))
}

// losses are what the guarantees exclude.
type losses struct {
	faulttest.Records

	failed, stuck int
}

// check verifies that every job has ended, has completed, and has written its records exactly once.
func (l *load) check(t *testing.T, c *cluster) (found losses) {
	t.Helper()

	jobIDs := map[kind][]string{}

	for _, job := range l.jobs {
		jobIDs[job.kind] = append(jobIDs[job.kind], job.jobID)

		switch {
		case job.state == "":
			found.stuck++
			l.addProblemf("%s %s has not ended: %s", job.scenario, job.jobID, job.last)
		case job.state != "completed":
			found.failed++
			l.addProblemf("%s %s ended %s: %s", job.scenario, job.jobID, job.state, job.last)
		}
	}

	faulttest.WithPostgreSQL(t, c.warehouse, func(ctx context.Context, connection *pgx.Conn) {
		for _, kind := range kinds {
			counts := faulttest.CountRecords(ctx, t, connection, kind.table)
			found.Check(kind.table, kind.scenario, kind.records, jobIDs[kind], counts)
		}

		found.CheckTotal(ctx, t, connection)
	})

	l.problems = append(l.problems, found.Problems...)

	return found
}
