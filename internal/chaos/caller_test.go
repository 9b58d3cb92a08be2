package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/jobwright/jobwright/internal/faulttest"
)

// kind is a kind of jobs.
type kind struct {
	scenario string
	state    string // The final state of its jobs.
}

var kinds = []kind{
	{"Append", "completed"},
	{"Stage", "completed"},
	{"Load", "completed"},
	{"Drop", "completed"},
	{"Script", "completed"},
	{"Loop", "completed"},
	{"Count", "completed"},
	{"Try", "completedWithError"},
	{"Parent", "completed"},
	{"Request", "completed"},
	{"Stop", "stopped"},
	{"Terminate", "completedWithError"},
}

// trackedJob is a job and the responses that its caller received.
type trackedJob struct {
	kind

	jobID    string
	file     string // The file to load and drop, for the scenario Drop.
	accepted bool   // Whether a response confirmed the start.
	calls    int
	state    string    // The final state; empty before the job ended.
	result   string    // The response of getJobStatus that reported the final state.
	started  time.Time // The time before the first call.
	ended    time.Time
	watcher  *watcher // nil if the job has none.
}

// callers start jobs concurrently and follow each until it ends.
type callers struct {
	api  string
	hook string // The URL of the receiver of callbacks.

	// terminate terminates a job as an operator does. The error says that it may not have taken effect.
	terminate func(ctx context.Context, jobID string) error

	app    string // The app's folder.
	client *http.Client

	mutex    sync.Mutex
	random   *rand.Rand
	jobs     []*trackedJob
	problems []string // Responses that violate the contract.
}

func newCallers(s *system, terminate func(context.Context, string) error, seed uint64) *callers {
	return &callers{
		api: s.api, hook: s.receiverURL(), terminate: terminate, app: s.app(), random: rand.New(rand.NewPCG(seed, 1)),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}},
	}
}

// run starts jobs, one after the other, until startContext ends. It follows each job until the job or followContext ends.
func (c *callers) run(startContext, followContext context.Context) {
	for startContext.Err() == nil {
		job := c.newJob()

		c.follow(followContext, job)
		job.ended = time.Now()
	}
}

// newJob creates a job. The first jobs have one kind each, so that a short run covers all kinds; later kinds are random.
func (c *callers) newJob() *trackedJob {
	chosen := c.randomNumber(len(kinds))

	c.mutex.Lock()
	defer c.mutex.Unlock()

	if started := len(c.jobs); started < len(kinds) {
		chosen = started
	}

	job := &trackedJob{kind: kinds[chosen], jobID: uuid.NewString(), started: time.Now()}
	c.jobs = append(c.jobs, job)

	if job.scenario == "Drop" {
		var err error
		if job.file, err = writeFileToDrop(c.app, job.jobID); err != nil {
			c.problems = append(c.problems, err.Error())
		}
	}

	return job
}

// follow makes calls until the job has ended. It disconnects at random and repeats calls that got no response.
func (c *callers) follow(ctx context.Context, job *trackedJob) {
	for ctx.Err() == nil && !job.accepted {
		job.calls++
		c.start(ctx, job)
	}

	if job.accepted && job.isWatched() {
		var watching sync.WaitGroup
		defer watching.Wait()

		watching.Go(func() { c.watch(ctx, job) })
	}

	for ctx.Err() == nil && job.state == "" {
		job.calls++

		if c.randomNumber(4) == 0 {
			c.start(ctx, job) // The same request attaches to the job.
		} else {
			c.pollStatus(ctx, job)
		}

		faulttest.Pause(ctx, 200*time.Millisecond)
	}
}

// start posts the job, with isAsync at random, and disconnects after a random timeout.
func (c *callers) start(ctx context.Context, job *trackedJob) {
	timeout := time.Duration(50+c.randomNumber(5_000)) * time.Millisecond

	callContext, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	parameters := map[string]any{}

	switch job.scenario {
	case "Load":
		parameters["table"] = "loaded_" + job.jobID[:1] // Sixteen tables, so that jobs replace the same table.
	case "Drop":
		parameters["file"] = job.file
	}

	request := map[string]any{
		"apiKey": key, "appId": appID, "jobId": job.jobID, "isAsync": c.randomNumber(2) == 0,
		"operation": map[string]any{
			"opName": "RunScenario", "opParams": map[string]any{"scenario": job.scenario, "parameters": parameters},
		},
	}
	if job.hasCallback() {
		request["callback"] = map[string]any{"url": c.hook + "jobs"}
	}

	status, response, err := c.call(callContext, http.MethodPost, "executeJob.jsp", request)

	switch {
	case hasUnknownEffect(status, err):
		faulttest.Pause(ctx, 100*time.Millisecond)
	case slices.Contains([]int{http.StatusOK, http.StatusAccepted, http.StatusUnprocessableEntity}, status):
		job.accepted = true
	default:
		c.addProblemf("%s %s: start responded %d %s", job.scenario, job.jobID, status, response)
		faulttest.Pause(ctx, time.Second)
	}
}

// pollStatus requests the job's status and records a final state. It also stops running jobs of the scenario Stop.
func (c *callers) pollStatus(ctx context.Context, job *trackedJob) {
	status, response, err := c.status(ctx, job.jobID)

	switch {
	case hasUnknownEffect(status, err):
		return
	case status != http.StatusOK:
		c.addProblemf("%s %s: status of an accepted job responded %d %s", job.scenario, job.jobID, status, response)
		faulttest.Pause(ctx, time.Second)

		return
	}

	state, running, err := parseStatus(response)

	switch {
	case err != nil:
		c.addProblemf("%s %s: status responded %s: %v", job.scenario, job.jobID, response, err)
	case faulttest.IsFinal(state):
		job.state, job.result = state, response
	case job.scenario == "Stop" && running:
		c.callSharedJob(ctx, job.jobID, stopJob) // Repeated until the job has ended, as callers may.
	case job.scenario == "Terminate":
		_ = c.terminate(ctx, job.jobID) // Repeated until the job has ended.
	}
}

// hasUnknownEffect reports whether the call may or may not have taken effect. The caller repeats such a call.
func hasUnknownEffect(status int, err error) bool {
	return err != nil || status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests
}

// status calls getJobStatus.
func (c *callers) status(ctx context.Context, jobID string) (status int, response string, err error) {
	callContext, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()

	query := url.Values{"apiKey": {key}, "appId": {appID}, "jobId": {jobID}}

	return c.call(callContext, http.MethodGet, "getJobStatus.jsp?"+query.Encode(), nil)
}

func (c *callers) call(ctx context.Context, method, path string, body any) (status int, response string, err error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return 0, "", err
	}

	request, err := http.NewRequestWithContext(ctx, method, c.api+"/api/v1/"+path, bytes.NewReader(encoded))
	if err != nil {
		return 0, "", err
	}

	request.Header.Set("Content-Type", "application/json")

	reply, err := c.client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer reply.Body.Close()

	text, err := io.ReadAll(reply.Body)

	return reply.StatusCode, string(text), err
}

// randomNumber returns a number from 0 to limit-1.
func (c *callers) randomNumber(limit int) int {
	c.mutex.Lock()
	defer c.mutex.Unlock()

	return c.random.IntN(limit)
}

func (c *callers) addProblemf(format string, arguments ...any) {
	c.mutex.Lock()
	defer c.mutex.Unlock()

	c.problems = append(c.problems, fmt.Sprintf(format, arguments...))
}

// parseStatus returns the job's state in a response, and whether the step that blocks a job of the scenario Stop is running.
func parseStatus(response string) (state string, running bool, err error) {
	var envelope struct {
		Result struct {
			Status string `json:"status"`
			Steps  []struct {
				Path  string `json:"path"`
				State string `json:"state"`
			} `json:"steps"`
		} `json:"result"`
	}

	err = json.Unmarshal([]byte(response), &envelope)
	if err == nil && envelope.Result.Status == "" {
		err = errors.New("status is missing")
	}

	for _, step := range envelope.Result.Steps {
		running = running || (step.Path == "1.try.1" && step.State == "running")
	}

	return envelope.Result.Status, running, err
}
