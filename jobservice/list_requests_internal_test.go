package jobservice

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
)

// visibility is a Temporal that lists workflows, the ones that closed last first, and counts requests.
type visibility struct {
	client.Client

	jobs []*workflowpb.WorkflowExecutionInfo

	mutex         sync.Mutex
	lists, counts int
	listed        int // The workflows that it has returned.
}

var fromTime = regexp.MustCompile(`JobwrightStarted >= ['"]([^'"]+)['"]`)

func (v *visibility) ListWorkflow(
	_ context.Context, request *workflowservice.ListWorkflowExecutionsRequest,
) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	v.mutex.Lock()
	defer v.mutex.Unlock()

	var from time.Time

	for _, bound := range fromTime.FindAllStringSubmatch(request.GetQuery(), -1) {
		if at, err := time.Parse(time.RFC3339Nano, bound[1]); err == nil && at.After(from) {
			from = at
		}
	}

	at, _ := strconv.Atoi(string(request.GetNextPageToken())) // None is 0.
	page := &workflowservice.ListWorkflowExecutionsResponse{}

	for ; at < len(v.jobs) && len(page.GetExecutions()) < int(request.GetPageSize()); at++ {
		if !v.jobs[at].GetStartTime().AsTime().Before(from) {
			page.Executions = append(page.Executions, v.jobs[at])
		}
	}

	if at < len(v.jobs) {
		page.NextPageToken = []byte(strconv.Itoa(at))
	}

	v.lists++
	v.listed += len(page.GetExecutions())

	return page, nil
}

func (v *visibility) CountWorkflow(
	context.Context, *workflowservice.CountWorkflowExecutionsRequest,
) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	v.mutex.Lock()
	defer v.mutex.Unlock()

	v.counts++

	return &workflowservice.CountWorkflowExecutionsResponse{}, nil
}

// requests returns the numbers of requests since its last call.
func (v *visibility) requests() (lists, counts, listed int) {
	v.mutex.Lock()
	defer v.mutex.Unlock()

	lists, counts, listed = v.lists, v.counts, v.listed
	v.lists, v.counts, v.listed = 0, 0, 0

	return lists, counts, listed
}

// manyJobs returns a Temporal with completed jobs of the last day, and a service for it.
func manyJobs(tb testing.TB, count int) (*visibility, *Service) {
	tb.Helper()

	payload := func(value any) *commonpb.Payload {
		encoded, err := converter.GetDefaultDataConverter().ToPayload(value)
		require.NoError(tb, err)

		return encoded
	}
	memo := map[string]*commonpb.Payload{
		job.MemoAppID: payload("7"), job.MemoScenario: payload("Load"), job.MemoCaller: payload("nightly load"),
	}
	temporal := &visibility{}
	now := time.Now().UTC().Truncate(time.Millisecond)

	for i := range count {
		started := now.Add(-time.Duration(i) * 20 * time.Hour / time.Duration(count))
		temporal.jobs = append(temporal.jobs, &workflowpb.WorkflowExecutionInfo{
			Execution: &commonpb.WorkflowExecution{WorkflowId: fmt.Sprint("job-", i)},
			Status:    enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, Memo: &commonpb.Memo{Fields: memo},
			StartTime: timestamppb.New(started), CloseTime: timestamppb.New(started.Add(time.Second)),
			SearchAttributes: &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{
				job.StartedAttribute.GetName(): payload(started),
			}},
		})
	}

	service := New(Options{Temporal: temporal, Converter: converter.GetDefaultDataConverter()})
	tb.Cleanup(service.Close)

	return temporal, service
}

// Lists of 10,000 jobs, as the console shows them, cost Temporal few requests.
func TestListsOfManyJobsCostFewRequests(t *testing.T) {
	t.Parallel()

	temporal, service := manyJobs(t, 10_000)
	caller := Caller{App: &app.App{ID: "7"}}

	first, err := service.List(t.Context(), caller, Filter{}, ListPage{Counts: true})
	require.NoError(t, err)
	require.Len(t, first.Jobs, DefaultListLimit)
	require.Equal(t, "job-0", first.Jobs[0].JobID)

	lists, counts, listed := temporal.requests()
	require.LessOrEqual(t, lists, 2)
	require.Equal(t, 1, counts)
	require.LessOrEqual(t, listed, 300)

	request := HistoryRequest{Scenario: "Load", Hours: DefaultHistoryHours, Buckets: DefaultHistoryBuckets}
	history, err := service.History(t.Context(), caller, request)
	require.NoError(t, err)
	require.False(t, history.Sample.Complete)

	lists, counts, listed = temporal.requests()
	require.Equal(t, DefaultHistoryJobs/historyPage, lists)
	require.Equal(t, DefaultHistoryJobs, listed)
	require.LessOrEqual(t, counts, DefaultHistoryBuckets)

	// All who look within a few seconds share them.
	_, err = service.History(t.Context(), caller, request)
	require.NoError(t, err)

	lists, counts, _ = temporal.requests()
	require.Zero(t, lists+counts)
}

func BenchmarkHistoryOfManyJobs(b *testing.B) {
	_, service := manyJobs(b, 10_000)
	now := time.Now()

	for b.Loop() {
		_, err := service.history(b.Context(), Caller{App: &app.App{ID: "7"}}, HistoryRequest{
			Scenario: "Load", Hours: DefaultHistoryHours, Buckets: DefaultHistoryBuckets,
		}, now)
		require.NoError(b, err)
	}
}
