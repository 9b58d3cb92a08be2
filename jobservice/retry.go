package jobservice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"

	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// FromFailed is the step from which a [Retry] continues a job where it failed, was stopped or was terminated.
const FromFailed = "failed"

// Continuations finds the states from which jobs continue ended ones.
type Continuations interface {
	// Plan returns what becomes of the steps of a job that runs a whole program.
	Plan(program scenario.Program) []job.PlannedStep

	// Continuation returns the state of an ended job before the step with that path, or where its last run has ended if the path
	// is empty, for a job with other values of the parameters that changed names. The error is a [job.NotContinuableError] if no
	// job can continue there.
	Continuation(ctx context.Context, run job.EarlierAttempt, from string, changed []string) (*job.Continuation, error)
}

// Retry asks for another job with the pinned program of an ended one, and with its parameters unless others are given.
type Retry struct {
	Caller   Caller
	JobID    string // The ended job.
	NewJobID string // The ID of the other job; empty to derive it.

	// FromStep is the path of the step, with its rounds, from which the job runs; the outcomes of the steps before are taken
	// over. It can also be [FromFailed]. If it is empty, the job runs all steps.
	FromStep string

	// Parameters replace those of the ended job with the same names. The steps before FromStep have used the former ones.
	Parameters jsonvalue.Object
}

// JobRetried is what retryJob returns: the new job or, of a dry run, what it would do.
type JobRetried struct {
	JobID   string `json:"jobId"   description:"The new job."`
	RetryOf string `json:"retryOf" description:"The ended job."`

	// Of a dry run:
	DryRun      bool              `json:"dryRun,omitempty" description:"Whether no job was started."`
	Interrupted []string          `json:"interrupted,omitempty" description:"The steps without an outcome, which run again."`
	Steps       []job.PlannedStep `json:"steps,omitempty" description:"What becomes of each step."`
}

// PlanRetry returns what the retry would do, and starts no job.
func (s *Service) PlanRetry(ctx context.Context, retry Retry) (_ *JobRetried, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*patience) //nolint:mnd // As Retry.
	defer cancel()
	defer s.asErrorOf(ctx, retry.JobID, &err)

	ended, err := s.retriedJob(ctx, &retry)
	if err != nil {
		return nil, err
	}

	parameters, err := s.retryCall(retry, ended).parameters(ended)
	if err != nil {
		return nil, err
	}

	continuation, err := s.continuation(ctx, retry, ended, parameters.changed)
	if err != nil {
		return nil, err
	}

	return &JobRetried{
		JobID: retry.NewJobID, RetryOf: retry.JobID, DryRun: true, Interrupted: continuation.Interrupted,
		Steps: continuation.Plan,
	}, nil
}

// Retry starts the job, or finds the job that the same retry has started before: unless the caller names another jobId, a job is
// retried once, and the retry can be retried.
func (s *Service) Retry(ctx context.Context, retry Retry) (*Started, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*patience) //nolint:mnd // For reading the ended job, and for starting the other one.
	defer cancel()

	started, err := s.retry(ctx, retry)
	if err == nil {
		return started, nil
	}

	err = s.asError(ctx, retry.JobID, err)
	if failed, ok := errors.AsType[*Error](err); ok && failed.RetryAfter > 0 {
		failed.JobID = retry.JobID
	}

	return nil, err
}

func (s *Service) retry(ctx context.Context, retry Retry) (*Started, error) {
	ended, err := s.retriedJob(ctx, &retry)
	if err != nil {
		return nil, err
	}

	call := s.retryCall(retry, ended)
	started := &Started{JobID: retry.NewJobID}

	// The state of the ended job is read only if no job has continued from it.
	err = s.attach(ctx, call, started)
	if !HasCode(err, CodeJobNotFound) {
		return started, err
	}

	input, err := s.retryInput(ctx, call, retry, ended)
	if err != nil {
		return nil, err
	}

	return started, s.startPersistently(ctx, call, input, started)
}

// retriedJob is a job that has ended.
type retriedJob struct {
	run         job.EarlierAttempt // Its last run.
	firstRun    string             // The ID of its first run, which distinguishes it from other jobs with its jobId.
	input       job.Input
	hasScenario bool
	version     string // The [job.ProgramVersion] of its scenario.
}

// identity returns an operation that identifies the retry.
func (e *retriedJob) identity(retry Retry) jsonvalue.Object {
	identity := jsonvalue.Object{"retryOf": retry.JobID, "run": e.firstRun, "fromStep": retry.FromStep}
	if len(retry.Parameters) > 0 {
		identity[fieldParameters] = map[string]any(retry.Parameters)
	}

	return identity
}

// retriedJob returns the job to retry, if the caller may execute it. It derives the ID of the other job.
func (s *Service) retriedJob(ctx context.Context, retry *Retry) (*retriedJob, error) {
	if strings.Contains(retry.JobID, "/") {
		return nil, Invalid("%s is the child of another job; retry the job that has started it", retry.JobID)
	}

	if retry.NewJobID == "" {
		retry.NewJobID = nextID(retry.JobID)
	}

	if err := job.CheckID(retry.NewJobID); err != nil {
		return nil, Invalid("the jobId of the retry, %s: %v; give it a newJobId", retry.NewJobID, err)
	}

	described, err := s.describeOf(ctx, retry.Caller.App.ID, retry.JobID)
	if err != nil {
		return nil, err
	}

	info := described.GetWorkflowExecutionInfo()
	if info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return nil, notEnded(retry.JobID, "the job %s still runs; retry it when it has ended", retry.JobID)
	}

	if err := s.checkNotDeleting(ctx, retry.Caller.App.ID, retry.JobID); err != nil {
		return nil, err
	}

	began, err := s.beginning(ctx, info.GetExecution())
	if err != nil {
		return nil, asJobError(retry.JobID, err)
	}

	ended := &retriedJob{
		run:         job.EarlierAttempt{JobID: retry.JobID, RunID: info.GetExecution().GetRunId()},
		firstRun:    info.GetFirstRunId(),
		hasScenario: memoField[string](s, described, job.MemoScenario) != "",
		version:     memoField[string](s, described, job.MemoProgramVersion),
		input:       began.Input,
	}

	return ended, ended.permit(retry.Caller)
}

// numbered matches a jobId that [nextID] has returned.
var numbered = regexp.MustCompile(`^(.+)~([1-9]\d{0,5})$`)

// nextID derives the ID of a retry: load~2 for load, load~3 for load~2. It is the same for each retry of a job, so that a
// repeated request finds the job that the first one has started.
func nextID(jobID string) string {
	first, number := jobID, 1

	if parts := numbered.FindStringSubmatch(jobID); parts != nil {
		first = parts[1]
		number, _ = strconv.Atoi(parts[2]) // The pattern matches only numbers.
	}

	return fmt.Sprintf("%s~%d", first, number+1)
}

// permit returns an error if the caller may not execute the job.
func (e *retriedJob) permit(caller Caller) error {
	if e.hasScenario {
		return caller.permit(jsonvalue.Object{
			"opName": scenario.OpRunScenario, "opParams": map[string]any{"scenario": e.input.Scenario},
		})
	}

	// The job of a single operation: it and those within it are the steps of a generated scenario.
	for _, step := range e.input.Program.Scenarios[e.input.Program.Entry].Steps {
		encoded, err := json.Marshal(step)
		if err != nil {
			return err
		}

		var operation jsonvalue.Object
		if err := json.Unmarshal(encoded, &operation); err != nil {
			return err
		}

		if err := caller.permit(operation); err != nil {
			return err
		}
	}

	return nil
}

// continuation returns the state in which the retry continues the ended job with other values of the parameters that changed
// names. Without a step, it has only a plan.
func (s *Service) continuation(
	ctx context.Context, retry Retry, ended *retriedJob, changed []string,
) (*job.Continuation, error) {
	from := retry.FromStep

	switch from {
	case "":
		return &job.Continuation{Plan: s.options.Continuations.Plan(ended.input.Program)}, nil
	case FromFailed:
		from = ""
	}

	found, err := s.options.Continuations.Continuation(ctx, ended.run, from, changed)

	refused, ok := errors.AsType[*job.NotContinuableError](err)
	if !ok {
		return found, err
	}

	code := CodeRetryRefused
	if refused.UnknownStep {
		code = CodeStepNotFound
	}

	return nil, NewError(code, "the job %s can't be retried from there: %s", retry.JobID, refused.Reason).OfJob(retry.JobID)
}

// retryInput returns the input of the retry.
func (s *Service) retryInput(ctx context.Context, call *execution, retry Retry, ended *retriedJob) (*jobInput, error) {
	parameters, err := call.parameters(ended)
	if err != nil {
		return nil, err
	}

	found, err := s.continuation(ctx, retry, ended, parameters.changed)
	if err != nil {
		return nil, err
	}

	input := &jobInput{
		Input: ended.input, description: ended.input.Program.Scenarios[ended.input.Program.Entry].Description,
		hasScenario: ended.hasScenario, version: ended.version,
	}
	input.Caller, input.RetryOf = retry.Caller.Access.Name, retry.JobID
	input.Slot = slotUse(retry.Caller.App.Quota)
	input.Parameters = parameters.values
	input.Secrets = slices.Concat(input.Secrets, call.secrets)

	encoded, err := json.Marshal(input.Input)
	if err != nil {
		return nil, err
	}

	reseal := s.resealer(retry, ended)
	if input.encoded, err = reseal(encoded); err != nil {
		return nil, err
	}

	if err := checkSize(input.encoded); err != nil {
		return nil, err
	}

	if found.Checkpoint != nil {
		input.checkpoint, err = reseal(found.Checkpoint)
	}

	return input, err
}

// resealer returns a function that seals the secrets in a JSON text of the ended job for the other job.
func (s *Service) resealer(retry Retry, ended *retriedJob) func(text []byte) ([]byte, error) {
	resealed := map[string]string{}

	return func(text []byte) ([]byte, error) {
		replaced, err := job.ReplaceSecrets(string(text), func(found job.SealedSecret) (string, error) {
			if !slices.Contains(ended.input.Secrets, found.String()) {
				return found.String(), nil // Data that looks like a secret.
			}

			if known, ok := resealed[found.String()]; ok {
				return known, nil
			}

			value, err := s.options.Keys.Open(found, retry.Caller.App.ID, retry.JobID)
			if err != nil {
				return "", err
			}

			sealed, err := s.options.Keys.Seal(value, seal.Place{
				AppID: retry.Caller.App.ID, JobID: retry.NewJobID, Parameter: found.Parameter,
			})
			resealed[found.String()] = sealed.String()

			return sealed.String(), err
		})
		if err != nil {
			return nil, secretKeyMissing(err)
		}

		return []byte(replaced), nil
	}
}
