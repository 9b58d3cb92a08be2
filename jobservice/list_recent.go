package jobservice

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// recentTime is how long a service remembers that it has started a job or has seen its end. Temporal's lists are up to date after
// less than that, unless Temporal is overloaded.
const recentTime = 10 * time.Second

// maxRecent is the number of jobs that a service remembers, and the number that a list describes.
const (
	maxRecent     = 2_000
	maxRecentList = 100
)

// recentJobs are the jobs that the service has recently started or seen ending. Temporal's lists lag a little behind: a list
// describes these jobs instead. The zero value is ready for use.
type recentJobs struct {
	mutex sync.Mutex
	jobs  map[string]recentJob // By jobId.
}

// recentJob is a job that has recently changed.
type recentJob struct {
	jobID   string
	appID   string
	changed time.Time
	known   *Entry // What a description has returned since, if any.
}

// add records a change of a job.
func (r *recentJobs) add(jobID, appID string, now time.Time) {
	r.mutex.Lock()
	defer r.mutex.Unlock()

	if r.jobs == nil {
		r.jobs = map[string]recentJob{}
	}

	if len(r.jobs) >= maxRecent {
		maps.DeleteFunc(r.jobs, func(_ string, known recentJob) bool { return now.Sub(known.changed) > recentTime })
	}

	if len(r.jobs) < maxRecent {
		r.jobs[jobID] = recentJob{jobID: jobID, appID: appID, changed: now}
	}
}

// remove forgets a job, because it was deleted.
func (r *recentJobs) remove(jobID string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()

	delete(r.jobs, jobID)
}

// describe records what a description of a job has returned, unless the job has changed since.
func (r *recentJobs) describe(of recentJob, entry Entry) {
	r.mutex.Lock()
	defer r.mutex.Unlock()

	if known, ok := r.jobs[of.jobID]; ok && known.changed.Equal(of.changed) {
		known.known = &entry
		r.jobs[of.jobID] = known
	}
}

// of returns the recent jobs of the app, those that changed last first.
func (r *recentJobs) of(appID string, now time.Time) []recentJob {
	r.mutex.Lock()
	defer r.mutex.Unlock()

	var found []recentJob

	for _, known := range r.jobs {
		if known.appID == appID && now.Sub(known.changed) <= recentTime {
			found = append(found, known)
		}
	}

	slices.SortFunc(found, func(a, b recentJob) int { return b.changed.Compare(a.changed) })

	return found
}
