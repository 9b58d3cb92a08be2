package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// kind is a kind of jobs.
type kind struct {
	scenario string
	state    string // In which such a job ends.
}

var kinds = []kind{
	{"Append", "completed"},
	{"Keep", "completed"},
	{"Load", "completed"},
	{"Drop", "completed"},
	{"Script", "completed"},
	{"Loop", "completed"},
	{"Try", "completedWithError"},
	{"Parent", "completed"},
	{"Request", "completed"},
	{"Stop", "stopped"},
}

// ran is a job, and what its caller learned of it.
type ran struct {
	kind

	jobID    string
	file     string // What it loads and drops, if it is of that kind.
	accepted bool   // Whether its start was ever answered.
	calls    int
	state    string
	result   string // What getJobStatus answered when it had ended.
	began    time.Time
	ended    time.Time
}

// callers run jobs, several at a time, each until its end.
type callers struct {
	api    string
	app    string // The app's folder.
	client *http.Client

	mutex  sync.Mutex
	random *rand.Rand
	jobs   []*ran
	wrong  []string // Answers that nobody should ever get.
}

func newCallers(api, app string, seed uint64) *callers {
	return &callers{
		api: api, app: app, random: rand.New(rand.NewPCG(seed, 1)),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}},
	}
}

// run runs one job after the other until begin ends, and each of them until its end, or until give ends.
func (c *callers) run(begin, give context.Context) {
	for begin.Err() == nil {
		job := c.next()

		c.drive(give, job)
		job.ended = time.Now()
	}
}

// next is a new job: one of each kind, so that a short run has them all, and then of kinds of chance.
func (c *callers) next() *ran {
	chosen := c.number(len(kinds))

	c.mutex.Lock()
	defer c.mutex.Unlock()

	if begun := len(c.jobs); begun < len(kinds) {
		chosen = begun
	}

	job := &ran{kind: kinds[chosen], jobID: uuid.NewString(), began: time.Now()}
	c.jobs = append(c.jobs, job)

	if job.scenario == "Drop" {
		var err error
		if job.file, err = writeDropped(c.app, job.jobID); err != nil {
			c.wrong = append(c.wrong, err.Error())
		}
	}

	return job
}

// drive calls until the job has ended: it hangs up now and then, and repeats a call whose answer it did not get.
func (c *callers) drive(ctx context.Context, job *ran) {
	for ctx.Err() == nil && !job.accepted {
		job.calls++
		c.start(ctx, job)
	}

	for ctx.Err() == nil && job.state == "" {
		job.calls++

		if c.number(4) == 0 {
			c.start(ctx, job) // The same call again is the same job.
		} else {
			c.ask(ctx, job)
		}

		pause(ctx, 200*time.Millisecond)
	}
}

// start posts the job: asynchronously, or waiting for a while of chance.
func (c *callers) start(ctx context.Context, job *ran) {
	patience := time.Duration(50+c.number(5_000)) * time.Millisecond

	hasty, hangUp := context.WithTimeout(ctx, patience)
	defer hangUp()

	parameters := map[string]any{}

	switch job.scenario {
	case "Load":
		parameters["table"] = "loaded_" + job.jobID[:1] // Sixteen tables: jobs replace those of each other.
	case "Drop":
		parameters["file"] = job.file
	}

	status, answer, err := c.call(hasty, http.MethodPost, "executeJob.jsp", map[string]any{
		"apiKey": key, "appId": appID, "jobId": job.jobID, "isAsync": c.number(2) == 0,
		"operation": map[string]any{
			"opName": "RunScenario", "opParams": map[string]any{"scenario": job.scenario, "parameters": parameters},
		},
	})

	switch {
	case isUnknown(status, err):
		pause(ctx, 100*time.Millisecond)
	case slices.Contains([]int{http.StatusOK, http.StatusAccepted, http.StatusUnprocessableEntity}, status):
		job.accepted = true
	default:
		c.complainf("%s %s: start answered %d %s", job.scenario, job.jobID, status, answer)
		pause(ctx, time.Second)
	}
}

// ask asks how the job stands.
func (c *callers) ask(ctx context.Context, job *ran) {
	status, answer, err := c.status(ctx, job.jobID)

	switch {
	case isUnknown(status, err):
		return
	case status != http.StatusOK:
		c.complainf("%s %s: status of an accepted job answered %d %s", job.scenario, job.jobID, status, answer)
		pause(ctx, time.Second)

		return
	}

	state, working, problem := stateOf(answer)

	switch {
	case problem != nil:
		c.complainf("%s %s: status answered %s", job.scenario, job.jobID, answer)
	case isEnd(state):
		job.state, job.result = state, answer
	case job.scenario == "Stop" && working:
		c.attempt(ctx, job.jobID, stopIt) // Until it has ended, as a caller may.
	}
}

// isUnknown reports whether a call may or may not have done what it was to do, so that it is repeated.
func isUnknown(status int, err error) bool {
	return err != nil || status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests
}

// status is getJobStatus.
func (c *callers) status(ctx context.Context, jobID string) (status int, answer string, err error) {
	patient, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()

	query := url.Values{"apiKey": {key}, "appId": {appID}, "jobId": {jobID}}

	return c.call(patient, http.MethodGet, "getJobStatus.jsp?"+query.Encode(), nil)
}

func (c *callers) call(ctx context.Context, method, path string, body any) (status int, answer string, err error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return 0, "", err
	}

	request, err := http.NewRequestWithContext(ctx, method, c.api+"/api/v1/"+path, bytes.NewReader(encoded))
	if err != nil {
		return 0, "", err
	}

	request.Header.Set("Content-Type", "application/json")

	response, err := c.client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()

	text, err := io.ReadAll(response.Body)

	return response.StatusCode, string(text), err
}

func (c *callers) number(below int) int {
	c.mutex.Lock()
	defer c.mutex.Unlock()

	return c.random.IntN(below)
}

func (c *callers) complainf(format string, arguments ...any) {
	c.mutex.Lock()
	defer c.mutex.Unlock()

	c.wrong = append(c.wrong, fmt.Sprintf(format, arguments...))
}

// stateOf is the state of the job in an answer, and whether the one step that a job of kind Stop has in its middle runs.
func stateOf(answer string) (state string, working bool, err error) {
	var envelope struct {
		Result struct {
			Status string `json:"status"`
			Steps  []struct {
				Path  string `json:"path"`
				State string `json:"state"`
			} `json:"steps"`
		} `json:"result"`
	}

	err = json.Unmarshal([]byte(answer), &envelope)
	if err == nil && envelope.Result.Status == "" {
		err = fmt.Errorf("there is no status in %s", answer)
	}

	for _, step := range envelope.Result.Steps {
		working = working || (step.Path == "1.try.1" && step.State == "running")
	}

	return envelope.Result.Status, working, err
}

func isEnd(state string) bool {
	return slices.Contains([]string{"completed", "completedWithError", "stopped"}, state)
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, length time.Duration) {
	timer := time.NewTimer(length)
	defer timer.Stop()

	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
