package replay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/sync/errgroup"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/workflows"
)

// CheckOptions configure a [Replayer.Check].
type CheckOptions struct {
	Query       string // A condition of Temporal's visibility, in addition to the workflow types of Jobwright.
	Limit       int    // How many open histories are replayed, the newest ones; 0 for all.
	Closed      int    // How many closed histories are replayed, the newest ones.
	Concurrency int    // How many histories are replayed at the same time; each can have 50 MB.
}

// Checked is what a check has replayed.
type Checked struct {
	Open    int `json:"open"`    // The number of open histories.
	Closed  int `json:"closed"`  // The number of closed histories.
	Deleted int `json:"deleted"` // The number of histories that Temporal deleted during the check.

	Incompatible []Incompatible `json:"incompatible"` // The histories that this version can't replay.
}

// Incompatible is a workflow run whose history this version can't replay. If the run is open, a worker of this version would not
// continue it.
type Incompatible struct {
	WorkflowID   string `json:"workflowId"` // For a job, the jobId.
	RunID        string `json:"runId"`
	WorkflowType string `json:"workflowType"`
	AppID        string `json:"appId,omitempty"`
	Scenario     string `json:"scenario,omitempty"` // Of a job.
	Open         bool   `json:"open"`

	// EventID is the ID of the event WorkflowTaskCompleted whose commands this version does not repeat.
	EventID int64  `json:"eventId"`
	Reason  string `json:"reason"`
}

// Check replays the histories of open runs of all workflows, and of some closed ones, and returns the incompatible ones. It calls
// found, one call at a time, for each as soon as it is found.
func (r *Replayer) Check(ctx context.Context, options CheckOptions, found func(Incompatible)) (Checked, error) {
	group, ctx := errgroup.WithContext(ctx)
	runs := make(chan *workflowpb.WorkflowExecutionInfo)

	group.Go(func() error {
		defer close(runs)

		if err := r.list(ctx, "ExecutionStatus = 'Running'", options.Query, options.Limit, runs); err != nil {
			return err
		}

		if options.Closed == 0 {
			return nil
		}

		return r.list(ctx, "ExecutionStatus != 'Running'", options.Query, options.Closed, runs)
	})

	var (
		mutex   sync.Mutex
		checked = Checked{Incompatible: []Incompatible{}}
	)

	for range max(options.Concurrency, 1) {
		group.Go(func() error {
			for run := range runs {
				result, deleted, err := r.check(ctx, run)
				if err != nil {
					return err
				}

				mutex.Lock()
				checked.add(run, result, deleted, found)
				mutex.Unlock()
			}

			return nil
		})
	}

	return checked, group.Wait()
}

// add counts a run whose check is done.
func (c *Checked) add(run *workflowpb.WorkflowExecutionInfo, result *Incompatible, deleted bool, found func(Incompatible)) {
	switch {
	case deleted:
		c.Deleted++

		return
	case isOpen(run):
		c.Open++
	default:
		c.Closed++
	}

	if result != nil {
		c.Incompatible = append(c.Incompatible, *result)
		found(*result)
	}
}

func isOpen(run *workflowpb.WorkflowExecutionInfo) bool {
	return run.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
}

// pageSize is how many runs a request for a list returns.
const pageSize = 200

// list sends the runs for which the conditions are true, at most limit if it is not 0.
func (r *Replayer) list(
	ctx context.Context, condition, query string, limit int, runs chan<- *workflowpb.WorkflowExecutionInfo,
) error {
	condition += " AND WorkflowType IN ('" + strings.Join(workflows.Types(), "', '") + "')"
	if query != "" {
		condition += " AND (" + query + ")"
	}

	request := &workflowservice.ListWorkflowExecutionsRequest{Query: condition, PageSize: pageSize}

	for sent := 0; ; {
		page, err := r.temporal.ListWorkflow(ctx, request)
		if err != nil {
			return err
		}

		for _, run := range page.GetExecutions() {
			if limit > 0 && sent == limit {
				return nil
			}

			select {
			case runs <- run:
				sent++
			case <-ctx.Done():
				return ctx.Err()
			}
		}

		if request.NextPageToken = page.GetNextPageToken(); len(request.GetNextPageToken()) == 0 {
			return nil
		}
	}
}

// check replays the history of a run. The result is nil if this version can replay it.
func (r *Replayer) check(
	ctx context.Context, run *workflowpb.WorkflowExecutionInfo,
) (result *Incompatible, deleted bool, err error) {
	execution := workflow.Execution{ID: run.GetExecution().GetWorkflowId(), RunID: run.GetExecution().GetRunId()}

	history, err := r.history(ctx, job.EarlierAttempt{JobID: execution.ID, RunID: execution.RunID})
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return nil, true, nil
	}

	if err != nil {
		return nil, false, err
	}

	if result = r.compare(history.GetEvents(), execution); result != nil {
		result.WorkflowID, result.RunID = execution.ID, execution.RunID
		result.WorkflowType, result.Open = run.GetType().GetName(), isOpen(run)
		result.AppID, result.Scenario = attribute(run, job.AppAttribute), attribute(run, job.ScenarioAttribute)
	}

	return result, false, nil
}

// attribute returns the value of a search attribute, or "" if the run has none.
func attribute(run *workflowpb.WorkflowExecutionInfo, key temporal.SearchAttributeKeyKeyword) (value string) {
	if encoded, ok := run.GetSearchAttributes().GetIndexedFields()[key.GetName()]; ok {
		_ = converter.GetDefaultDataConverter().FromPayload(encoded, &value) // A text, which Temporal has checked.
	}

	return value
}

// compare replays a history. The result is nil if this version can replay it.
func (r *Replayer) compare(events []*historypb.HistoryEvent, execution workflow.Execution) *Incompatible {
	events = decided(events)

	failure := r.replayEvents(events, execution)
	if failure == nil {
		return nil
	}

	return &Incompatible{EventID: r.firstDifference(events, execution), Reason: reason(failure)}
}

// minEvents is the number of events before which a run has not done anything: its start, and its first workflow task.
const minEvents = 3

// replayEvents returns the error of replaying a history, or the beginning of one.
func (r *Replayer) replayEvents(events []*historypb.HistoryEvent, execution workflow.Execution) error {
	if len(events) < minEvents {
		return nil
	}

	replayer, err := worker.NewWorkflowReplayerWithOptions(r.options())
	if err != nil {
		return err
	}

	workflows.Register(replayer)

	return replayer.ReplayWorkflowHistoryWithOptions(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
		&historypb.History{Events: events}, worker.ReplayWorkflowHistoryOptions{OriginalExecution: execution})
}

// decided returns the events up to the last command of the last completed workflow task. Some of the events after it make the
// replayer issue commands that the next workflow task of the run will have.
func decided(events []*historypb.HistoryEvent) []*historypb.HistoryEvent {
	for i, event := range slices.Backward(events) {
		if event.GetEventType() != enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			continue
		}

		end := i + 1
		for end < len(events) && isDecision(events[end], event.GetEventId()) {
			end++
		}

		return events[:end]
	}

	return nil
}

// wasTerminated reports whether Temporal has ended a run, rather than the job itself.
func wasTerminated(events []*historypb.HistoryEvent) bool {
	switch events[len(events)-1].GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
		return true
	default:
		return false
	}
}

// answered returns the events of a run that has ended. Of a terminated run, these are the events up to the last commands of the
// job: what Temporal stored later, the job never knew. There are none if the job has never had a command.
func answered(events []*historypb.HistoryEvent) []*historypb.HistoryEvent {
	if wasTerminated(events) {
		return decided(events)
	}

	return events
}

// wasWorking reports whether a worker had begun a workflow task of a terminated run that it did not complete. Steps that ran in
// local activities of the task may have had effects, and the history has none of these steps.
func wasWorking(events []*historypb.HistoryEvent) bool {
	if !wasTerminated(events) {
		return false
	}

	for _, event := range slices.Backward(events) {
		switch event.GetEventType() {
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
			return false
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED:
			return true
		}
	}

	return false
}

// isDecision reports whether an event is a command, or the answer to an update, of a completed workflow task.
func isDecision(event *historypb.HistoryEvent, completedID int64) bool {
	switch event.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_REJECTED,
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
		return true
	}

	message := event.ProtoReflect()

	attributes := message.WhichOneof(message.Descriptor().Oneofs().ByName("attributes"))
	if attributes == nil {
		return false
	}

	field := attributes.Message().Fields().ByName("workflow_task_completed_event_id")

	return field != nil && message.Get(attributes).Message().Get(field).Int() == completedID
}

// firstDifference returns the ID of the first completed workflow task whose commands differ.
func (r *Replayer) firstDifference(events []*historypb.HistoryEvent, execution workflow.Execution) int64 {
	var completed []int // The indexes of the events with which workflow tasks complete.

	for i, event := range events {
		if event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			completed = append(completed, i)
		}
	}

	found := sort.Search(len(completed)-1, func(i int) bool {
		return r.replayEvents(decided(events[:completed[i+1]]), execution) != nil
	})

	return events[completed[found]].GetEventId()
}

// reason returns the reason for which a history can't be replayed, without the data in the commands.
func reason(failure error) string {
	text := strings.TrimPrefix(failure.Error(), "[TMPRL1100] ")

	for _, form := range []struct {
		pattern *regexp.Regexp
		text    string
	}{
		{otherCommand, "the history has %s, but this version would have %s"},
		{missingCommand, "the history has %s, which this version would not have"},
		{extraCommand, "this version would have %s, which the history does not have"},
	} {
		if found := form.pattern.FindStringSubmatch(text); found != nil {
			var commands []any
			for _, command := range found[1:] {
				commands = append(commands, commandName(command))
			}

			return fmt.Sprintf(form.text, commands...)
		}
	}

	if found := missingActivity.FindStringSubmatch(text); found != nil {
		return "the history has the activity of event " + found[1] + ", which this version would not have"
	}

	if found := failureMessage.FindStringSubmatch(text); found != nil {
		text = strings.TrimPrefix(found[1], "[TMPRL1100] ")
	}

	text, _, _ = strings.Cut(text, ", markerData") // The outcome of a local activity.

	if short := []rune(text); len(short) > maxReason {
		text = string(short[:maxReason]) + "…"
	}

	return text
}

// maxReason bounds a reason, in characters.
const maxReason = 300

// The forms of the errors of Temporal's SDK.
var (
	otherCommand = regexp.MustCompile(
		`(?s)nondeterministic workflow: history event is (\w+: .*?), replay command is (\w+: .*)`)
	missingCommand  = regexp.MustCompile(`(?s)nondeterministic workflow: missing replay command for (\w+: .*)`)
	extraCommand    = regexp.MustCompile(`(?s)nondeterministic workflow: extra replay command for (\w+: .*)`)
	missingActivity = regexp.MustCompile(`lookup failed for scheduledEventID to activityID: scheduleEventID: (\d+)`)
	failureMessage  = regexp.MustCompile(`(?s)failure: message:"((?:[^"\\]|\\.)*)"`)
	command         = regexp.MustCompile(
		`^(\w+): \((?:(?:ActivityId|TimerId|MarkerName):([^,)]+)(?:, ActivityType:\(Name:(\w+))?)?`)
)

// commandName returns the type of a command or event, with the step, timer or marker, and the activity.
func commandName(text string) string {
	found := command.FindStringSubmatch(text)
	if found == nil {
		return "something else"
	}

	name := found[1]
	if found[2] != "" {
		name += " " + found[2]
	}

	if found[3] != "" {
		name += " (" + found[3] + ")"
	}

	return name
}
