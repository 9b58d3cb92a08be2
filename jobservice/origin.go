package jobservice

import (
	"context"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// origin is what started a job, as its status shows it.
type origin struct {
	App        string            `json:"app" description:"The app."`
	Scenario   string            `json:"scenario,omitempty" description:"The scenario. The job of a single operation has none."`
	Caller     string            `json:"caller,omitempty" description:"The name of the access whose key started the job."`
	Labels     map[string]string `json:"labels,omitempty" description:"The labels of the job."`
	Priority   int               `json:"priority,omitempty" description:"The priority of the job, unless it is 3."`
	Parameters jsonvalue.Object  `json:"parameters,omitempty" description:"The parameters of the scenario. A secret is shown as (secret)."`
	StartedAt  time.Time         `json:"startedAt" description:"When the job started."`

	ProgramVersion string `json:"programVersion,omitempty" description:"A digest of the scenario, with everything that it can run, when the job started. Jobs with the same one run the same steps."`

	RetryOf string `json:"retryOf,omitempty" description:"The ended job that this one runs again or continues."`
}

// originOf returns the origin of a described job, without its parameters. After a continue-as-new, Temporal's start time is
// that of the last run.
func (s *Service) originOf(described *workflowservice.DescribeWorkflowExecutionResponse) origin {
	return origin{
		App:       memoField[string](s, described, job.MemoAppID),
		Scenario:  memoField[string](s, described, job.MemoScenario),
		RetryOf:   memoField[string](s, described, job.MemoRetryOf),
		Caller:    memoField[string](s, described, job.MemoCaller),
		Labels:    memoField[map[string]string](s, described, job.MemoLabels),
		Priority:  memoField[int](s, described, job.MemoPriority),
		StartedAt: described.GetWorkflowExecutionInfo().GetStartTime().AsTime(),

		ProgramVersion: memoField[string](s, described, job.MemoProgramVersion),
	}
}

// start is what the first event of a workflow run says.
type start struct {
	parameters jsonvalue.Object // The parameters of the job, with secrets hidden.
	runs       int64            // The number of runs before.
}

// startOf reads the first event of a run, which has the job's input.
func (s *Service) startOf(ctx context.Context, run *commonpb.WorkflowExecution) (start, error) {
	first, err := s.firstEvent(ctx, run)
	if err != nil {
		return start{}, err
	}

	arguments := first.GetWorkflowExecutionStartedEventAttributes().GetInput().GetPayloads()

	var input struct {
		Parameters jsonvalue.Object `json:"parameters"`
	}

	if len(arguments) > 0 {
		if err := s.options.Converter.FromPayload(arguments[0], &input); err != nil {
			return start{}, err
		}
	}

	// The second argument of a continued job is its checkpoint.
	var checkpoint struct {
		Runs int64 `json:"runs"`
	}

	if len(arguments) > 1 {
		if err := s.options.Converter.FromPayload(arguments[1], &checkpoint); err != nil {
			return start{}, err
		}
	}

	return start{parameters: job.HideSecrets(input.Parameters), runs: checkpoint.Runs}, nil
}
