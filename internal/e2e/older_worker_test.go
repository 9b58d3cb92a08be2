package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/temporalclient"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/worker"
)

// olderBuild is the build of a version of Jobwright whose interpreter makes another decision, so that the built commands can't
// replay the histories of its jobs. The binary of the tests runs its worker if it is started with olderApps.
const (
	olderBuild   = "older"
	olderApps    = "OLDER_WORKER_APPS"
	olderResults = "OLDER_WORKER_RESULTS"
	olderData    = "OLDER_WORKER_DATA"
)

// olderInterceptor makes a worker record one event more at the beginning of each run of a job.
type olderInterceptor struct{ interceptor.InterceptorBase }

func (*olderInterceptor) InterceptWorkflow(
	_ workflow.Context, next interceptor.WorkflowInboundInterceptor,
) interceptor.WorkflowInboundInterceptor {
	return &olderInterpreter{interceptor.WorkflowInboundInterceptorBase{Next: next}}
}

type olderInterpreter struct {
	interceptor.WorkflowInboundInterceptorBase
}

func (i *olderInterpreter) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	if workflow.GetInfo(ctx).WorkflowType.Name == job.Workflow {
		workflow.SideEffect(ctx, func(workflow.Context) any { return "older" })
	}

	return i.Next.ExecuteWorkflow(ctx, in)
}

// runOlderWorker runs the worker until SIGTERM.
func runOlderWorker() (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()

	log := slog.New(slog.DiscardHandler)

	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return err
	}

	temporalclient.Configure(&options, log)
	options.Interceptors = append(options.Interceptors, &olderInterceptor{})

	temporal, err := client.Dial(options)
	if err != nil {
		return err
	}
	defer temporal.Close()

	apps, err := app.Open(os.Getenv(olderApps), app.Options{Secrets: app.Secrets{EnvPrefix: envPrefix}})
	if err != nil {
		return err
	}

	results, err := result.Open(ctx, os.Getenv(olderResults))
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, results.Close()) }()

	jobs := worker.New(temporal, worker.Options{
		Apps: apps, Results: results, Namespace: options.Namespace, DataDir: os.Getenv(olderData), Log: log,
		Deployment: worker.Deployment{Name: deploymentName, BuildID: olderBuild},
	})
	if err := jobs.Start(); err != nil {
		return err
	}
	defer jobs.Stop()

	fmt.Println("older worker is up")
	<-ctx.Done()

	return nil
}

// olderWorker starts a worker of the older version.
func (p production) olderWorker(tb testing.TB) *process {
	tb.Helper()

	path, err := os.Executable()
	require.NoError(tb, err)

	command := exec.Command(path)
	command.Env = append(append(os.Environ(), p.environment...),
		olderApps+"="+p.apps, olderResults+"="+p.results, olderData+"="+p.dataDir)

	older := start(tb, command)
	older.await(tb, "older worker is up")

	return older
}

func requireTerminated(tb testing.TB, p *process) {
	tb.Helper()

	require.NoError(tb, p.command.Process.Signal(syscall.SIGTERM))
	require.Equal(tb, 0, p.end(tb), p.output())
}
