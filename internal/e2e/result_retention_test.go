package e2e_test

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/worker"
)

// sweptStore is a separate result store with a worker that sweeps it.
type sweptStore struct {
	folder  string
	results *result.Store
	worker  *worker.Worker
}

func newSweptStore(t *testing.T, temporal client.Client, namespace, folder string) sweptStore {
	t.Helper()

	results, err := result.Open(t.Context(), folder)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, results.Close()) })

	return sweptStore{folder, results, worker.New(temporal, worker.Options{
		Apps: shared.apps, Results: results, Namespace: namespace, DataDir: t.TempDir(), Log: slog.New(slog.DiscardHandler),
	})}
}

// store stores a result of the job with the age, and returns its key.
func (s sweptStore) store(t *testing.T, jobID string, age time.Duration) string {
	t.Helper()

	key := job.ResultKey(job.Task{AppID: "7", JobID: jobID, Step: "1"}, uuid.NewString(), "1", ".json")
	name := filepath.Join(s.folder, filepath.FromSlash(key))
	changed := time.Now().Add(-age)

	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o750))
	require.NoError(t, os.WriteFile(name, []byte("{}"), 0o600))
	require.NoError(t, os.Chtimes(name, changed, changed))

	return key
}

// has reports whether the store still has a result.
func (s sweptStore) has(t *testing.T, key string) bool {
	t.Helper()

	has, err := s.results.Has(t.Context(), job.Result{Key: key})
	require.NoError(t, err)

	return has
}

// namespace returns the namespace of the processes.
func (p production) namespace() string {
	return strings.TrimPrefix(p.environment[1], "TEMPORAL_NAMESPACE=")
}

// longerThanRetention is longer than the retention of the shared namespace.
const longerThanRetention = 2 * time.Hour

func TestSweepDeletesResultsOfDeletedJobs(t *testing.T) {
	t.Parallel()

	s := newSweptStore(t, shared.client, client.DefaultNamespace, t.TempDir())
	jobID := uuid.NewString()
	require.Equal(t, http.StatusOK, api().execute(t, with(runScenario("7", "Main", object{}), object{"jobId": jobID})).status)

	ofExistingJob, ofChild := s.store(t, jobID, longerThanRetention), s.store(t, jobID+"/1", longerThanRetention)
	ofDeletedJob, recent := s.store(t, uuid.NewString(), longerThanRetention), s.store(t, uuid.NewString(), 0)

	removed, err := s.worker.Sweep(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, removed)

	require.False(t, s.has(t, ofDeletedJob))
	require.True(t, s.has(t, ofExistingJob), "its job exists")
	require.True(t, s.has(t, ofChild), "its parent job exists")
	require.True(t, s.has(t, recent), "Temporal may list its job later")
}

func TestSweepDeletesNothingDuringAnOutageOfTemporal(t *testing.T) {
	t.Parallel()

	requests := 0
	temporal, err := client.Dial(client.Options{
		HostPort: shared.temporal.Frontend, Logger: silent{},
		ConnectionOptions: client.ConnectionOptions{DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(
			func(
				ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker,
				options ...grpc.CallOption,
			) error {
				if path.Base(method) == "DescribeWorkflowExecution" {
					requests++

					return status.Error(codes.PermissionDenied, "permission denied")
				}

				return invoke(ctx, method, request, reply, connection, options...)
			})}},
	})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)

	s := newSweptStore(t, temporal, client.DefaultNamespace, t.TempDir())
	stored := s.store(t, uuid.NewString(), longerThanRetention)

	removed, err := s.worker.Sweep(t.Context())
	require.NoError(t, err)
	require.Zero(t, removed)
	require.True(t, s.has(t, stored))
	require.Equal(t, 1, requests)
}

func TestWorkerRejectsTheResultStoreOfAnotherNamespace(t *testing.T) {
	t.Parallel()

	owner := newSweptStore(t, shared.client, client.DefaultNamespace, t.TempDir())
	_, err := owner.worker.Sweep(t.Context())
	require.NoError(t, err)

	stored := owner.store(t, uuid.NewString(), longerThanRetention)

	production := newProduction(t) // Its namespace has none of the other jobs.
	temporal, err := client.Dial(client.Options{
		HostPort: shared.temporal.Frontend, Namespace: production.namespace(), Logger: silent{},
	})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)

	other := newSweptStore(t, temporal, production.namespace(), owner.folder)
	require.ErrorIs(t, other.worker.Start(), result.ErrClaimed)

	_, err = other.worker.Sweep(t.Context())
	require.ErrorIs(t, err, result.ErrClaimed)
	require.True(t, owner.has(t, stored))
}
