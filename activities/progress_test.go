package activities_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// watch runs an operation to its end, and closes told when a heartbeat tells that progress.
func (b *bench) watch(t *testing.T, operation, params any, progress job.Progress, told chan struct{}) job.StepOutcome {
	t.Helper()

	var (
		suite   testsuite.WorkflowTestSuite
		outcome job.StepOutcome
	)

	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivity(b.Activities)
	env.SetTestTimeout(time.Minute)

	once := sync.OnceFunc(func() { close(told) })

	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		var beat job.Progress
		if err := details.Get(&beat); err == nil && beat == progress {
			once()
		}
	})

	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: time.Hour, HeartbeatTimeout: 5 * time.Second, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
		})

		return workflow.ExecuteActivity(ctx, operation, task, params).Get(ctx, &outcome)
	})
	require.NoError(t, env.GetWorkflowError())

	return outcome
}

func TestTheBytesOfAnAnswerAreToldWhileItIsStored(t *testing.T) {
	t.Parallel()

	b := newBench(t)

	told := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		_, _ = answer.Write([]byte("hello"))
		_ = http.NewResponseController(answer).Flush()

		select {
		case <-told:
		case <-request.Context().Done():
		}
	}))
	t.Cleanup(server.Close)

	b.write(t, "app.yaml", "sources:\n  files: {kind: FileSource, path: files}\n  shop: {kind: HTTPSource, url: \""+server.URL+"\"}\n")

	b.watch(t, b.HTTPRequest, scenario.HTTPRequest{Source: "shop", FileSource: "files", TargetFile: "answer.txt"},
		job.Progress{Bytes: 5}, told)
}

// waiting is a source whose scripts change 7 records, and wait until that was told.
type waiting struct{ told chan struct{} }

func (waiting) Check(context.Context) (string, error) { return "", nil }
func (waiting) Close() error                          { return nil }

func (w waiting) Execute(ctx context.Context, script source.Script) (int64, error) {
	script.Tell(7)

	select {
	case <-w.told:
		return 8, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func TestTheRecordsThatAScriptHasChangedAreTold(t *testing.T) {
	t.Parallel()

	told := make(chan struct{})

	own := maps.Clone(drivers)
	own["WaitingSource"] = func(context.Context, source.Definition, source.Place) (source.Source, error) {
		return waiting{told}, nil
	}

	b := newBenchWith(t, own)
	b.write(t, "app.yaml", "sources: {waiting: {kind: WaitingSource}}")

	outcome := b.watch(t, b.RunSourceScript, scenario.RunSourceScript{Source: "waiting", Script: "x"}, job.Progress{Rows: 7}, told)
	require.Equal(t, job.StepOutcome{Rows: 8}, outcome)
}
