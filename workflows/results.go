package workflows

import (
	"encoding/json"

	"github.com/jobwright/jobwright/job"
)

// Bounds of the results of a job.
const (
	maxResults = 1_000 // References to them are part of the checkpoint.

	// maxReference is the size of a reference to a result beside its key, in bytes: its name and its numbers.
	maxReference = 400

	// Bytes of results within the job itself: of all of them together, and of each. Concurrent steps may each use the
	// capacity that is left.
	maxInline       = 256 << 10
	maxInlineResult = 4 << 10
)

// inlineCapacity returns how many bytes the next result may have within the job itself. The results of a child would be
// in two jobs.
func (m *machine) inlineCapacity() int {
	if m.input.Depth > 0 {
		return 0
	}

	left := maxInline
	for _, result := range m.checkpoint.Results {
		left -= len(result.Inline)
	}

	return min(max(left, 0), maxInlineResult)
}

// addResults adds the results of a step to those of the job.
func (m *machine) addResults(s *step, results ...job.Result) error {
	if s.level.run.discardResults {
		return nil
	}

	if len(m.checkpoint.Results)+len(results) > maxResults {
		return failedWith(job.CodeLimitExceeded, "a job returns at most %d results; store the records in a table", maxResults)
	}

	for _, result := range results {
		if err := m.reserve(len(result.Inline) + len(result.Key) + maxReference); err != nil {
			return err
		}

		m.Recording.addsResult(s, len(m.checkpoint.Results))
		m.checkpoint.Results = append(m.checkpoint.Results, result)
	}

	return nil
}

// outcome returns the outcome of the job so far.
func (m *machine) outcome() job.Outcome {
	outcome := job.Outcome{
		StartedAt: m.checkpoint.StartedAt, Results: append([]job.Result{}, m.checkpoint.Results...), Steps: m.tracker.statuses(),
	}

	// Temporal could reject the outcome of a thousand steps with long titles and errors. The results matter more.
	if encoded, err := json.Marshal(outcome); err == nil && len(encoded) > maxPayload-2*maxValue {
		outcome.Steps = []job.StepStatus{}
	}

	return outcome
}
