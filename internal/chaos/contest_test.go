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
)

// contest is what several callers do to one jobId at the same time: they start it by two different requests, ask for it and
// stop it. Whatever is broken meanwhile, it must look as if they had done so one after the other.
type contest struct {
	jobID string

	mutex      sync.Mutex
	operations []porcupine.Operation
}

// Inputs and outputs of the operations.
const (
	startOne = "start the one"
	startTwo = "start the other"
	askFor   = "status"
	stopIt   = "stop"

	accepted  = "accepted"
	conflict  = "409"
	missing   = "404"
	known     = "known"
	stopping  = "stop started"
	isStopped = "already being stopped"
	completed = "already completed"
	unknown   = "" // The answer was lost: it may have been done at any time since, or never.
)

// jobID tells how a job stands: none is without a request.
type held struct {
	request string
	stopped bool // It was told to.
	ended   bool // Somebody was told that it had ended.
}

// oneJob is what a single jobId is: the first request that starts it owns it.
var oneJob = porcupine.Model{
	Init: func() any { return held{} },
	Step: func(state, input, output any) (bool, any) {
		was := state.(held)

		switch input {
		case startOne, startTwo:
			if was.request == "" && output != conflict {
				return true, held{request: input.(string)}
			}

			return output == unknown || (output == accepted) == (was.request == input), was
		case askFor:
			return output == unknown || (output == known) == (was.request != ""), was
		}

		after := was
		after.stopped = was.request != ""
		after.ended = was.ended || output == completed

		switch output {
		case unknown:
			return true, after
		case missing:
			return was.request == "", after
		case stopping: // Of two stops at the same moment, both may be told so; inOrder looks that no later one is.
			return was.request != "" && !was.ended, after
		case isStopped:
			return was.stopped && !was.ended, after
		default:
			return output == completed && was.stopped, after
		}
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%s: %q", input, output) },
}

// hold lets callers contest for one jobId after the other until ctx ends.
func (c *callers) hold(ctx context.Context) []*contest {
	var contests []*contest

	for ctx.Err() == nil {
		one := &contest{jobID: uuid.NewString()}
		contests = append(contests, one)

		var all sync.WaitGroup

		for client := range 4 {
			all.Go(func() {
				for range 4 {
					c.contend(ctx, one, client)
				}
			})
		}

		all.Wait()
		pause(ctx, time.Second)
	}

	return contests
}

// contend does one thing, and notes what came of it.
func (c *callers) contend(ctx context.Context, one *contest, client int) {
	input := []string{startOne, startTwo, startOne, askFor, stopIt}[c.number(5)]

	patient, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()

	began := time.Now()
	output := c.attempt(patient, one.jobID, input)
	ended := time.Now().UnixNano()

	if output == unknown {
		ended = math.MaxInt64
	}

	one.mutex.Lock()
	defer one.mutex.Unlock()

	one.operations = append(one.operations, porcupine.Operation{
		ClientId: client, Input: input, Output: output, Call: began.UnixNano(), Return: ended,
	})
}

func (c *callers) attempt(ctx context.Context, jobID, input string) (output string) {
	var (
		status int
		answer string
		err    error
	)

	query := url.Values{"apiKey": {key}, "appId": {appID}, "jobId": {jobID}}

	switch input {
	case askFor:
		status, answer, err = c.status(ctx, jobID)
	case stopIt:
		status, answer, err = c.call(ctx, http.MethodGet, "stopJob.jsp?"+query.Encode(), nil)
	default:
		status, answer, err = c.call(ctx, http.MethodPost, "executeJob.jsp", map[string]any{
			"apiKey": key, "appId": appID, "jobId": jobID,
			"operation": map[string]any{"opName": "RunScenario", "opParams": map[string]any{
				"scenario": "Hold", "parameters": map[string]any{"variant": input},
			}},
		})
	}

	switch {
	case isUnknown(status, err):
		return unknown
	case status == http.StatusNotFound:
		return missing
	case status == http.StatusConflict:
		return conflict
	case status != http.StatusOK:
		c.complainf("%s of %s answered %d %s", input, jobID, status, answer)

		return unknown
	}

	for _, told := range []string{stopping, isStopped, completed} {
		if input == stopIt && strings.Contains(answer, `"`+told+`"`) {
			return told
		}
	}

	if input == askFor {
		return known
	}

	return accepted
}

// windUp stops what the contests have started, and holds that it ends.
func (c *check) windUp(ctx context.Context, contests []*contest) {
	patient, cancel := context.WithTimeout(ctx, ending)
	defer cancel()

	for _, one := range contests {
		told := unknown

		for patient.Err() == nil && told != completed && told != missing {
			told = c.callers.attempt(patient, one.jobID, stopIt)
			pause(patient, 10*time.Millisecond)
		}

		if told != completed && told != missing {
			c.counts["stuck"]++
			c.failf("%s, which was contested, has not ended: %q", one.jobID, told)
		}
	}
}

// stoppedAnew reports whether a stop was told to have been the first although another had been answered before it began.
func stoppedAnew(operations []porcupine.Operation) bool {
	earliest := int64(math.MaxInt64)

	for _, call := range operations {
		if call.Input == stopIt && call.Output != unknown && call.Output != missing {
			earliest = min(earliest, call.Return)
		}
	}

	return slices.ContainsFunc(operations, func(call porcupine.Operation) bool {
		return call.Output == stopping && call.Call > earliest
	})
}

// inOrder holds that each contest could have happened one call after the other.
func (c *check) inOrder(contests []*contest) {
	for _, one := range contests {
		c.counts["contested calls"] += len(one.operations)

		if porcupine.CheckOperations(oneJob, one.operations) && !stoppedAnew(one.operations) {
			continue
		}

		begin := one.operations[0].Call

		var told strings.Builder
		for _, call := range one.operations {
			fmt.Fprintf(&told, "\n  %8.3f to %8.3f ms: %s: %q", float64(call.Call-begin)/1e6, float64(call.Return-begin)/1e6,
				call.Input, call.Output)
		}

		c.failf("%s can't have happened one call after the other:%s", one.jobID, &told)
	}
}
