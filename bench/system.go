package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
)

// The systems that are measured.
const (
	subject          = "jobwright"            // As it is installed: steps run as Jobwright decides.
	subjectActivity  = "jobwright activities" // Every step is an activity.
	subjectSeparate  = "jobwright separate"   // The API server and the worker are separate processes.
	activityPerStep  = "activities"
	localActivities  = "local activities"
	emptyWorkflow    = "empty workflow"
	requestTimeout   = 10 * time.Minute
	idleConnections  = 256
	longWaitSeconds  = 600
	readyInterval    = 20 * time.Millisecond
	statusCall       = "/api/v1/getJobStatus"
	executeCall      = "/api/v1/executeJob"
	devKey           = "dev"
	appOfSteps       = "7" // The app whose steps run as Jobwright decides.
	appOfActivities  = "8" // The app whose steps are activities.
	defaultNamespace = "default"
)

// work is what a job does.
type work struct {
	steps    int           // Light steps in order.
	branches int           // If not 0, this number of branches run the steps concurrently.
	rounds   int           // If not 0, a loop of this number of rounds with a light step, of which some run concurrently.
	wait     time.Duration // At the beginning.
}

// loopConcurrency is the number of concurrent rounds of a loop.
const loopConcurrency = 20

// system runs jobs, and is called over HTTP.
type system struct {
	name      string
	url       string
	client    *http.Client
	request   func(w work, id string) (path string, body any)
	processes []*process
	metrics   []string // The URLs of the metrics of its clients of Temporal.
	temporal  client.Client
	data      string    // The folder of its state.
	database  *database // The database of its Temporal, if that is PostgreSQL.
}

// run runs a job to its end and returns its workflow ID.
func (s *system) run(ctx context.Context, w work) (string, error) { return s.post(ctx, w, "") }

// start starts a job.
func (s *system) start(ctx context.Context, w work) (string, error) { return s.post(ctx, w, "start") }

func (s *system) post(ctx context.Context, w work, query string) (string, error) {
	id := uuid.NewString()
	path, body := s.request(w, id)

	if execute, ok := body.(executeJob); ok && query != "" {
		execute.IsAsync, execute.WaitSeconds = true, 0
		body = execute
	}

	answer, err := s.call(ctx, http.MethodPost, path+"?"+query, body)
	if err != nil {
		return "", err
	}

	if path != executeCall {
		id = string(answer)
	}

	return id, nil
}

// call sends a request and returns the response.
func (s *system) call(ctx context.Context, method, path string, body any) ([]byte, error) {
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return nil, err
		}
	}

	answer, err := fetch(ctx, s.client, method, s.url+path, &content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}

	return answer, nil
}

// fetch sends a request and returns the response. The error contains the response if its status is not 200.
func fetch(ctx context.Context, by *http.Client, method, url string, body io.Reader) (answer []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}

	request.Header.Set("Content-Type", "application/json")

	response, err := by.Do(request)
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, response.Body.Close()) }()

	answer, err = io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s responds %s: %s", url, response.Status, bytes.TrimSpace(answer))
	}

	return answer, err
}

// cpu returns the CPU time of all processes of the system so far, in seconds.
func (s *system) cpu(ctx context.Context) (total float64, err error) {
	for _, p := range s.processes {
		spent, err := p.cpu(ctx)
		if err != nil {
			return 0, err
		}

		total += spent
	}

	if s.database != nil {
		spent, err := s.database.cpu()

		return total + spent, err
	}

	return total, nil
}

// memory returns the anonymous memory of all processes of the system.
func (s *system) memory(context.Context) (total float64, err error) {
	for _, p := range s.processes {
		used, err := p.memory()
		if err != nil {
			return 0, err
		}

		total += used
	}

	return total, nil
}

// calls returns how many requests the system has sent to Temporal so far.
func (s *system) calls(ctx context.Context) (total float64, err error) {
	sample := regexp.MustCompile(`(?m)^temporal_(?:long_)?request_total\{.*\} (\S+)$`)

	for _, url := range s.metrics {
		text, err := fetch(ctx, s.client, http.MethodGet, url, http.NoBody)
		if err != nil {
			return 0, err
		}

		found := sample.FindAllSubmatch(text, -1)
		if found == nil {
			return 0, fmt.Errorf("%s has no counter of requests to Temporal", url)
		}

		for _, match := range found {
			value, err := strconv.ParseFloat(string(match[1]), 64)
			if err != nil {
				return 0, err
			}

			total += value
		}
	}

	return total, nil
}

// stop ends the processes of the system.
func (s *system) stop() error {
	if s.temporal != nil {
		s.temporal.Close()
	}

	var err error
	for _, p := range s.processes {
		err = errors.Join(err, p.stop())
	}

	return err
}

// newClient returns an HTTP client that keeps its connections open.
func newClient() *http.Client {
	return &http.Client{
		Timeout:   requestTimeout,
		Transport: &http.Transport{MaxIdleConns: idleConnections, MaxIdleConnsPerHost: idleConnections},
	}
}

// as returns the system under another name, with other requests. Both share the processes.
func (s *system) as(name string, request func(w work, id string) (path string, body any)) *system {
	other := *s
	other.name, other.request = name, request

	return &other
}

// executeJob is the body of a call of Jobwright.
type executeJob struct {
	APIKey      string    `json:"apiKey"`
	AppID       string    `json:"appId"`
	JobID       string    `json:"jobId"`
	Operation   operation `json:"operation"`
	IsAsync     bool      `json:"isAsync"`
	WaitSeconds int       `json:"waitSeconds,omitempty"`
}

type operation struct {
	OpName   string    `json:"opName"`
	OpParams runParams `json:"opParams"`
}

type runParams struct {
	Scenario   string         `json:"scenario"`
	Parameters map[string]any `json:"parameters"`
}

// runScenario returns the call that runs a scenario.
func runScenario(app, name string, parameters map[string]any, id string) executeJob {
	if parameters == nil {
		parameters = map[string]any{}
	}

	return executeJob{
		APIKey: devKey, AppID: app, JobID: id, WaitSeconds: longWaitSeconds,
		Operation: operation{OpName: "RunScenario", OpParams: runParams{Scenario: name, Parameters: parameters}},
	}
}

// scenarioCall returns the requests of an app of Jobwright.
func scenarioCall(app string) func(w work, id string) (string, any) {
	return func(w work, id string) (string, any) {
		name, parameters := scenarioOf(w), map[string]any(nil)
		if w.rounds > 0 {
			parameters = map[string]any{"rounds": w.rounds}
		}

		return executeCall, runScenario(app, name, parameters, id)
	}
}

// planCall returns the requests of a reference.
func planCall(mode string) func(w work, id string) (string, any) {
	return func(w work, _ string) (string, any) {
		plan := referencePlan{Mode: mode, Steps: w.steps, Branches: w.branches, Rounds: w.rounds, Wait: w.wait}
		if w.rounds > 0 {
			plan.Branches = loopConcurrency
		}

		return "/run", plan
	}
}

// scenarioOf returns the name of the scenario for the work.
func scenarioOf(w work) string {
	switch {
	case w.wait > 0:
		return "Wait"
	case w.rounds > 0:
		return "Loop"
	case w.branches > 0:
		return fmt.Sprintf("Wide%dx%d", w.branches, w.steps)
	default:
		return fmt.Sprintf("Steps%d", w.steps)
	}
}

// lightStep returns the YAML of a step that queries a number. The argument is its ID or an expression.
func lightStep(id string) string {
	return `{opName: Transform, opParams: {source: stage, query: "SELECT value FROM numbers WHERE id = :id", bind: {id: ` + id +
		`}, returnValue: true}}`
}

// writeApps writes the apps of Jobwright with a scenario for each work.
func writeApps(dir string, s sizes) error {
	files := map[string]string{
		"Setup": "steps:\n- opName: RunSourceScript\n  opParams: {source: stage, script: \"" +
			createNumbers + "; " + insertNumbers + "\"}\n",
		"Loop": `parameters: {rounds: {type: integer}}
steps:
- opName: ForEach
  opParams:
    source: stage
    query: |-
      WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < :rounds)
      SELECT i % ` + strconv.Itoa(numbers) + ` AS i FROM s
    bind: {rounds: "${rounds}"}
    maxConcurrency: ` + strconv.Itoa(loopConcurrency) + `
    steps:
    - ` + lightStep(`"${item.i}"`) + "\n",
		"Wait": "steps:\n- {opName: Wait, opParams: {duration: 24h}}\n",
		"Slow": fmt.Sprintf(`steps:
- %s
- opName: Transform
  opParams:
    source: stage
    query: |-
      WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < %d)
      SELECT count(*) AS n FROM s
    returnValue: true
- %s
`, lightStep("1"), s.slowRows, lightStep("2")),
	}

	for _, w := range []work{{steps: 0}, {steps: 3}, {steps: 10}, {steps: s.steps}} {
		var text strings.Builder

		text.WriteString("steps:\n")

		for i := range w.steps {
			text.WriteString("- " + lightStep(strconv.Itoa(i%numbers)) + "\n")
		}

		text.WriteString("- {opName: Return, opParams: {value: 1}}\n")

		files[scenarioOf(w)] = text.String()
	}

	entries := make([]string, s.branches)
	for i := range entries {
		entries[i] = strconv.Itoa(i)
	}

	var wide strings.Builder

	fmt.Fprintf(&wide, "steps:\n- opName: ForEach\n  opParams:\n    in: [%s]\n    maxConcurrency: %d\n    steps:\n",
		strings.Join(entries, ", "), s.branches)

	for i := range s.branchSteps {
		wide.WriteString("    - " + lightStep(strconv.Itoa(i)) + "\n")
	}

	files[scenarioOf(work{branches: s.branches, steps: s.branchSteps})] = wide.String()

	for app, manifest := range map[string]string{
		appOfSteps:      "sources:\n  stage: {kind: SQLiteSource}\n",
		appOfActivities: "execution: activity\nsources:\n  stage: {kind: SQLiteSource}\n",
	} {
		folder := filepath.Join(dir, app, "scenarios")
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return err
		}

		manifest += "access:\n- {name: bench, key: \"${env:" + keyVariable(app) + "}\"}\n"
		if err := os.WriteFile(filepath.Join(dir, app, "app.yaml"), []byte(manifest), 0o600); err != nil {
			return err
		}

		for name, text := range files {
			if err := os.WriteFile(filepath.Join(folder, name+".yaml"), []byte(text), 0o600); err != nil {
				return err
			}
		}
	}

	return nil
}

// keyVariable returns the environment variable with the key of an app.
func keyVariable(app string) string { return "JOBWRIGHT_APP_" + app + "_KEY" }

// keys returns the environment of Jobwright's processes. They accept the same key as jobwright-dev.
func keys() []string {
	return []string{keyVariable(appOfSteps) + "=" + devKey, keyVariable(appOfActivities) + "=" + devKey}
}

// prepare waits until Jobwright runs jobs, and creates the tables that the steps query.
func (s *system) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()

	for _, app := range []string{appOfSteps, appOfActivities} {
		for {
			_, err := s.call(ctx, http.MethodPost, executeCall, runScenario(app, "Setup", nil, uuid.NewString()))
			if err == nil {
				break
			}

			if await(ctx, time.After(readyInterval)) != nil {
				return fmt.Errorf("jobs can't run: %w", err)
			}
		}
	}

	return nil
}

// startDev starts jobwright-dev, with its state in a folder of the name.
func (b *bench) startDev(ctx context.Context, name string) (*system, error) {
	dir, err := b.folder(name)
	if err != nil {
		return nil, err
	}

	program, err := b.program(ctx, "jobwright-dev")
	if err != nil {
		return nil, err
	}

	// The context of the user's commands remains the one of the user.
	p, found, err := b.launch(append(keys(), "XDG_CONFIG_HOME="+dir),
		`API +(http://[0-9.:]+)/api/v1/[\s\S]+ Temporal +([0-9.:]+), [\s\S]+ Metrics +(http://\S+)\n`,
		program, "--apps", b.apps, "--data", dir, "--durable="+strconv.FormatBool(b.durable),
		"--http", "127.0.0.1:0", "--temporal", "127.0.0.1:0", "--ui", "127.0.0.1:0", "--metrics", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}

	s := &system{
		name: subject, client: newClient(), request: scenarioCall(appOfSteps), processes: []*process{p}, data: dir,
		url: found[0], metrics: []string{found[2]},
	}
	s.temporal, err = dial(ctx, silent(found[1], defaultNamespace))

	return s, err
}

// startReference starts the process of the references: on an embedded Temporal, or on the Temporal at the address.
func (b *bench) startReference(ctx context.Context, name, address string) (*system, error) {
	dir, err := b.folder(name)
	if err != nil {
		return nil, err
	}

	environment, arguments, namespace := []string(nil), []string{referenceProcess, "-data", dir}, referenceProcess

	if address == "" {
		// The target of the garbage collector is that of jobwright-dev.
		environment, namespace = []string{"GOGC=400"}, defaultNamespace
	}

	arguments = append(arguments, "-temporal", address, "-namespace", namespace, "-durable="+strconv.FormatBool(b.durable))

	p, found, err := b.launch(environment, `reference is up http=(\S+) temporal=(\S+)\n`, b.self, arguments...)
	if err != nil {
		return nil, err
	}

	url := "http://" + found[0]
	s := &system{
		name: localActivities, client: newClient(), request: planCall(modeLocal), processes: []*process{p}, data: dir,
		url: url, metrics: []string{url + "/metrics"},
	}
	s.temporal, err = dial(ctx, silent(found[1], namespace))

	return s, err
}
