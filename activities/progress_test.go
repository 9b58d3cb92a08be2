package activities_test

import (
	"context"
	"io"
	"net/http"
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
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// watch runs an operation to its end, and closes reported when a heartbeat reports that progress, apart from the speed.
func (b *bench) watch(t *testing.T, operation, params any, progress job.Progress, reported chan struct{}) job.StepOutcome {
	t.Helper()

	var (
		suite   testsuite.WorkflowTestSuite
		outcome job.StepOutcome
	)

	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivity(b.Activities)
	env.SetTestTimeout(time.Minute)

	once := sync.OnceFunc(func() { close(reported) })

	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		var beat job.Progress
		if err := details.Get(&beat); err != nil {
			return
		}

		beat.Percent, beat.RowsPerSecond, beat.BytesPerSecond, beat.RemainingSeconds = nil, 0, 0, 0
		if beat == progress {
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

func TestProgressCountsBytesOfAStoredResponse(t *testing.T) {
	t.Parallel()

	b := newBench(t)

	reported := make(chan struct{})
	b.answerWith(t, func(answer http.ResponseWriter, request *http.Request) {
		_, _ = answer.Write([]byte("hello"))
		_ = http.NewResponseController(answer).Flush()

		select {
		case <-reported:
		case <-request.Context().Done():
		}
	})

	b.watch(t, b.HTTPRequest, scenario.HTTPRequest{Source: "shop", FileSource: "files", TargetFile: "answer.txt"},
		job.Progress{Bytes: 5}, reported)
}

// trickle is a source of two records, and of one to reject before them, that ends after a heartbeat has reported them.
type trickle struct {
	*sourcetest.Rows

	reported chan struct{}
}

func (trickle) Check(context.Context) (string, error) { return "", nil }

func (s trickle) ReadTable(_ context.Context, read source.Read) (source.Rows, error) {
	if read.Reject == nil {
		return s, nil
	}

	return s, read.Reject(source.Reject{Location: "record 1"})
}

func (s trickle) Next(ctx context.Context) (source.Record, error) {
	record, err := s.Rows.Next(ctx)
	if err == nil {
		return record, nil
	}

	select {
	case <-s.reported:
		return nil, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestProgressCountsRecordsAndBytesOfALoad(t *testing.T) {
	t.Parallel()

	for rejectTable, rejected := range map[string]int64{"": 0, "r": 1} {
		t.Run(rejectTable, func(t *testing.T) {
			t.Parallel()
			progressOfALoad(t, rejectTable, rejected)
		})
	}
}

func progressOfALoad(t *testing.T, rejectTable string, rejected int64) {
	t.Helper()

	reported := make(chan struct{})

	own := driversWith(func(context.Context, source.Definition, source.Place) (source.Source, error) {
		columns := source.Schema{
			sourcetest.Column("id", source.Standard{Type: source.Integer}), sourcetest.Column("name", source.Standard{Type: source.Text}),
		}

		return trickle{sourcetest.NewRows(columns, source.Record{int64(1), "Müller"}, source.Record{int64(2), nil}), reported}, nil
	})

	b := newBenchWith(t, own)
	b.write(t, "app.yaml", "sources: {trickle: {kind: AWSS3Source, bucket: x}, stage: {kind: SQLiteSource}}")

	outcome := b.watch(t, b.LoadTableFromSource, scenario.LoadTableFromSource{
		Source: "trickle", Table: "t", TargetSource: "stage", TargetTable: "t", RejectTable: rejectTable,
	}, job.Progress{Rows: 2, Bytes: 8 + 7 + 8, Rejected: rejected}, reported)
	require.Equal(t, job.StepOutcome{Rows: 2, Rejected: rejected}, outcome)
}

func TestProgressCountsBytesOfASentFile(t *testing.T) {
	t.Parallel()

	for name, params := range map[string]scenario.HTTPRequest{"as it is": {}, "in a form": {Form: jsonvalue.Object{"a": "b"}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			reported := make(chan struct{})

			b.answerWith(t, func(_ http.ResponseWriter, request *http.Request) {
				_, _ = io.Copy(io.Discard, request.Body)

				select {
				case <-reported:
				case <-request.Context().Done():
				}
			})

			params.Source, params.FileSource, params.File, params.Method = "shop", "files", "companies.csv", "POST"

			b.watch(t, b.HTTPRequest, params, job.Progress{
				Bytes: int64(len(companies)), Advance: job.Advance{TotalBytes: int64(len(companies))},
			}, reported)
		})
	}
}

// waiting is a source whose scripts change 7 records, and wait until a heartbeat has reported them.
type waiting struct{ reported chan struct{} }

func (waiting) Check(context.Context) (string, error) { return "", nil }
func (waiting) Close() error                          { return nil }

func (w waiting) Execute(ctx context.Context, script source.Script) (int64, error) {
	script.Report(7)

	select {
	case <-w.reported:
		return 8, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func TestProgressCountsRecordsChangedByAScript(t *testing.T) {
	t.Parallel()

	reported := make(chan struct{})

	own := driversWith(func(context.Context, source.Definition, source.Place) (source.Source, error) {
		return waiting{reported}, nil
	})

	b := newBenchWith(t, own)
	b.write(t, "app.yaml", "sources: {waiting: {kind: AWSS3Source, bucket: x}}")

	outcome := b.watch(t, b.RunSourceScript, scenario.RunSourceScript{Source: "waiting", Script: "x"}, job.Progress{Rows: 7}, reported)
	require.Equal(t, job.StepOutcome{Rows: 8}, outcome)
}

// estimated is a [trickle] whose catalog reports how many records it has, or fails.
type estimated struct {
	trickle

	count int64
	err   error
}

func (e estimated) EstimateRows(_ context.Context, table source.Table) (int64, error) {
	if table.Name != "t" {
		return 0, nil
	}

	return e.count, e.err
}

func TestProgressHasTheTotalThatACatalogEstimates(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		count int64
		err   error
		want  job.Advance
	}{
		"an estimate":           {5, nil, job.Advance{TotalRows: 5, Estimated: true}},
		"an estimate too small": {1, nil, job.Advance{}},
		"no estimate":           {0, nil, job.Advance{}},
		"a failed estimate":     {5, io.ErrUnexpectedEOF, job.Advance{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			reported := make(chan struct{})

			own := driversWith(func(context.Context, source.Definition, source.Place) (source.Source, error) {
				columns := source.Schema{sourcetest.Column("id", source.Standard{Type: source.Integer})}
				rows := sourcetest.NewRows(columns, source.Record{int64(1)}, source.Record{int64(2)})

				return estimated{trickle{rows, reported}, test.count, test.err}, nil
			})

			b := newBenchWith(t, own)
			b.write(t, "app.yaml", "sources: {trickle: {kind: AWSS3Source, bucket: x}, stage: {kind: SQLiteSource}}")

			b.watch(t, b.LoadTableFromSource, scenario.LoadTableFromSource{
				Source: "trickle", Table: "t", TargetSource: "stage", TargetTable: "t",
			}, job.Progress{Rows: 2, Bytes: 16, Advance: test.want}, reported)
		})
	}
}
