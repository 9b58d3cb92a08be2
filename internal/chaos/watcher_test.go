package chaos_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jobwright/jobwright/internal/faulttest"
)

// watcher follows a job by server-sent events, and connects again until the job has ended.
type watcher struct {
	connections int
	events      int
	version     int64  // Of the last event; 0 before the first.
	state       string // The final state; empty before the end.
}

// isWatched reports whether the job has a watcher.
func (j *trackedJob) isWatched() bool { return (j.jobID[1]-'0')%2 == 0 }

// watch watches the job until it ends, or ctx does.
func (c *callers) watch(ctx context.Context, job *trackedJob) {
	job.watcher = &watcher{}

	for ctx.Err() == nil && job.watcher.state == "" {
		c.connectWatcher(ctx, job)
		faulttest.Pause(ctx, 50*time.Millisecond)
	}
}

// connectWatcher reads events until the connection ends. At random, it disconnects itself.
func (c *callers) connectWatcher(ctx context.Context, job *trackedJob) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(500+c.randomNumber(20_000))*time.Millisecond)
	defer cancel()

	query := url.Values{"appId": {appID}, "jobId": {job.jobID}}

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.api+"/api/v1/watchJob?"+query.Encode(), http.NoBody)
	if err != nil {
		c.addProblemf("%v", err)

		return
	}

	request.Header.Set("Authorization", "Bearer "+key)

	if job.watcher.version > 0 {
		request.Header.Set("Last-Event-ID", strconv.FormatInt(job.watcher.version, 10))
	}

	response, err := c.client.Do(request)
	if err != nil {
		return
	}
	defer response.Body.Close()

	job.watcher.connections++

	switch {
	case response.StatusCode == http.StatusOK:
		c.readEvents(response.Body, job)
	case hasUnknownEffect(response.StatusCode, nil):
		faulttest.Pause(ctx, 100*time.Millisecond)
	default:
		c.addProblemf("%s %s: watchJob responded %d after version %d", job.scenario, job.jobID, response.StatusCode, job.watcher.version)
		faulttest.Pause(ctx, time.Second)
	}
}

// readEvents reads complete events: the server may die in the middle of one.
func (c *callers) readEvents(body io.Reader, job *trackedJob) {
	reader := bufio.NewReader(body)
	fields := map[string]string{}

	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return
		}

		if line = strings.TrimSuffix(line, "\n"); line != "" {
			name, value, _ := strings.Cut(line, ": ")
			fields[name] = value

			continue
		}

		if fields["data"] != "" {
			c.receiveEvent(fields, job)
		}

		fields = map[string]string{}
	}
}

// receiveEvent verifies that the version has grown and belongs to the status.
func (c *callers) receiveEvent(fields map[string]string, job *trackedJob) {
	var status struct {
		Status  string `json:"status"`
		Version int64  `json:"version"`
	}

	id, err := strconv.ParseInt(fields["id"], 10, 64)
	if err == nil {
		err = json.Unmarshal([]byte(fields["data"]), &status)
	}

	if err != nil || id != status.Version || id <= job.watcher.version || faulttest.IsFinal(status.Status) != (fields["event"] == "end") {
		c.addProblemf("%s %s: after version %d, watchJob sent the event %v: %v", job.scenario, job.jobID, job.watcher.version, fields, err)

		return
	}

	job.watcher.events++
	job.watcher.version = id

	if fields["event"] == "end" {
		job.watcher.state = status.Status
	}
}

// checkWatchers verifies that each watcher has seen the end of its job.
func (c *checker) checkWatchers() {
	for _, job := range c.callers.jobs {
		if job.watcher == nil || job.state == "" {
			continue
		}

		c.counts["watchers"]++
		c.counts["connections of watchers"] += job.watcher.connections
		c.counts["events of watchers"] += job.watcher.events

		if job.watcher.state != job.state {
			c.addProblemf("the watcher of %s %s saw the end %q, and the job ended %s", job.scenario, job.jobID, job.watcher.state, job.state)
		}
	}
}
