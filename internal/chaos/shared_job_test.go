package chaos_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"

	"github.com/jobwright/jobwright/internal/faulttest"
)

// sharedJob is a jobId that several callers use concurrently: they start it with two different requests, request its status
// and stop it. Their responses must be linearizable whatever faults occur meanwhile.
type sharedJob struct {
	jobID string

	mutex      sync.Mutex
	operations []porcupine.Operation
}

// The inputs of the operations.
const (
	startFirst  = "start first request"
	startSecond = "start second request"
	getStatus   = "status"
	stopJob     = "stop"
)

// The outputs of the operations. Those of stop are texts of the API.
const (
	accepted    = "accepted"
	conflict    = "409"
	notFound    = "404"
	exists      = "exists"
	stopStarted = "stop started"
	stopping    = "already being stopped"
	completed   = "already completed"
	unknown     = "" // The response was lost: the call may have taken effect at any later time, or never.
)

// jobState is the state of a jobId in [jobModel]. A job that does not exist has no request.
type jobState struct {
	request string
	stopped bool // A stop took effect.
	ended   bool // A response reported that the job had ended.
}

// jobModel is the sequential specification of a jobId: the first request that starts it owns it.
var jobModel = porcupine.Model{
	Init: func() any { return jobState{} },
	Step: func(state, input, output any) (bool, any) {
		before := state.(jobState)

		switch input {
		case startFirst, startSecond:
			if before.request == "" && output != conflict {
				return true, jobState{request: input.(string)}
			}

			return output == unknown || (output == accepted) == (before.request == input), before
		case getStatus:
			return output == unknown || (output == exists) == (before.request != ""), before
		}

		after := before
		after.stopped = before.request != ""
		after.ended = before.ended || output == completed

		switch output {
		case unknown:
			return true, after
		case notFound:
			return before.request == "", after
		case stopStarted: // Two concurrent stops may both get this response; hasLateStopStarted excludes later ones.
			return before.request != "" && !before.ended, after
		case stopping:
			return before.stopped && !before.ended, after
		default:
			return output == completed && before.stopped, after
		}
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%s: %q", input, output) },
}

// runSharedJobs makes four callers use one shared job after the other until ctx ends.
func (c *callers) runSharedJobs(ctx context.Context) []*sharedJob {
	var jobs []*sharedJob

	for ctx.Err() == nil {
		job := &sharedJob{jobID: uuid.NewString()}
		jobs = append(jobs, job)

		var running sync.WaitGroup

		for client := range 4 {
			running.Go(func() {
				for range 4 {
					c.recordSharedCall(ctx, job, client)
				}
			})
		}

		running.Wait()
		faulttest.Pause(ctx, time.Second)
	}

	return jobs
}

// recordSharedCall makes a random call of a shared job and records the operation.
func (c *callers) recordSharedCall(ctx context.Context, job *sharedJob, client int) {
	input := []string{startFirst, startSecond, startFirst, getStatus, stopJob}[c.randomNumber(5)]

	callContext, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()

	called := time.Now()
	output := c.callSharedJob(callContext, job.jobID, input)
	returned := time.Now().UnixNano()

	if output == unknown {
		returned = math.MaxInt64
	}

	job.mutex.Lock()
	defer job.mutex.Unlock()

	job.operations = append(job.operations, porcupine.Operation{
		ClientId: client, Input: input, Output: output, Call: called.UnixNano(), Return: returned,
	})
}

// callSharedJob makes the call that an input of [jobModel] stands for, and returns the output.
func (c *callers) callSharedJob(ctx context.Context, jobID, input string) (output string) {
	var (
		status   int
		response string
		err      error
	)

	query := url.Values{"apiKey": {key}, "appId": {appID}, "jobId": {jobID}}

	switch input {
	case getStatus:
		status, response, err = c.status(ctx, jobID)
	case stopJob:
		status, response, err = c.call(ctx, http.MethodGet, "stopJob.jsp?"+query.Encode(), nil)
	default:
		status, response, err = c.call(ctx, http.MethodPost, "executeJob.jsp", map[string]any{
			"apiKey": key, "appId": appID, "jobId": jobID,
			"operation": map[string]any{"opName": "RunScenario", "opParams": map[string]any{
				"scenario": "Wait", "parameters": map[string]any{"variant": input},
			}},
		})
	}

	switch {
	case hasUnknownEffect(status, err):
		return unknown
	case status == http.StatusNotFound:
		return notFound
	case status == http.StatusConflict:
		return conflict
	case status != http.StatusOK:
		c.addProblemf("%s of %s responded %d %s", input, jobID, status, response)

		return unknown
	}

	for _, output := range []string{stopStarted, stopping, completed} {
		if input == stopJob && strings.Contains(response, `"`+output+`"`) {
			return output
		}
	}

	if input == getStatus {
		return exists
	}

	return accepted
}

// stopSharedJobs stops all shared jobs and verifies that they end.
func (c *checker) stopSharedJobs(ctx context.Context, jobs []*sharedJob) {
	stopContext, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()

	for _, job := range jobs {
		output := unknown

		for stopContext.Err() == nil && output != completed && output != notFound {
			output = c.callers.callSharedJob(stopContext, job.jobID, stopJob)
			faulttest.Pause(stopContext, 10*time.Millisecond)
		}

		if output != completed && output != notFound {
			c.counts["stuck jobs"]++
			c.addProblemf("the shared job %s has not ended: %q", job.jobID, output)
		}
	}
}

// hasLateStopStarted reports whether a call that began after the response to an earlier stop was answered with "stop started".
func hasLateStopStarted(operations []porcupine.Operation) bool {
	earliest := int64(math.MaxInt64)

	for _, call := range operations {
		if call.Input == stopJob && call.Output != unknown && call.Output != notFound {
			earliest = min(earliest, call.Return)
		}
	}

	return slices.ContainsFunc(operations, func(call porcupine.Operation) bool {
		return call.Output == stopStarted && call.Call > earliest
	})
}

// checkLinearizability verifies that the responses of each shared job are linearizable.
func (c *checker) checkLinearizability(jobs []*sharedJob) {
	for _, job := range jobs {
		c.counts["calls of shared jobs"] += len(job.operations)

		if porcupine.CheckOperations(jobModel, job.operations) && !hasLateStopStarted(job.operations) {
			continue
		}

		begin := job.operations[0].Call

		var history strings.Builder
		for _, call := range job.operations {
			fmt.Fprintf(&history, "\n  %8.3f to %8.3f ms: %s: %q", float64(call.Call-begin)/1e6, float64(call.Return-begin)/1e6,
				call.Input, call.Output)
		}

		c.addProblemf("the calls of the shared job %s are not linearizable:%s", job.jobID, &history)
	}
}
