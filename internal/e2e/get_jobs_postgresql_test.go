package e2e_test

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/worker"
)

// TestGetJobsOnPostgreSQL repeats the tests of getJobs on a Temporal whose lists are in PostgreSQL, as in docker-compose.yml: each
// store of lists translates their filters on its own.
func TestGetJobsOnPostgreSQL(t *testing.T) {
	t.Parallel()

	temporal := startTemporalOn(t, testserver.NewPostgreSQL(t, testserver.PostgreSQLOptions{}))
	quiet := slog.New(slog.DiscardHandler)

	connection, err := dial(temporal.Frontend, quiet, func(*client.Options) {})
	require.NoError(t, err)
	t.Cleanup(connection.Close)

	setup := launch(t, []string{"TEMPORAL_ADDRESS=" + temporal.Frontend}, "jobwright", "setup", "--retention", "24h")
	require.Equal(t, 0, setup.end(t), setup.output())

	jobs := worker.New(connection, worker.Options{
		Apps: shared.apps, Results: shared.results, Namespace: client.DefaultNamespace, DataDir: t.TempDir(), Log: quiet,
	})
	require.NoError(t, jobs.Start())
	t.Cleanup(jobs.Stop)

	c := serve(t, apiserver.Options{Jobs: newJobs(connection)})

	requireGetJobsFilters(t, c)
	requireGetJobsOfOneApp(t, c)
}
