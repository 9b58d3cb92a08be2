package e2e_test

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/jobwright/jobwright/internal/testserver"
)

// newPageRun prepares the execution of a page in an empty folder.
func newPageRun(t *testing.T, name string) *pageRun {
	t.Helper()

	return &pageRun{name: name, dir: t.TempDir(), addresses: map[string]string{}, servers: map[string]*process{}}
}

// withExamples puts a copy of the repository's examples into the reader's folder.
func (r *pageRun) withExamples(t *testing.T) *pageRun {
	t.Helper()
	require.NoError(t, os.CopyFS(filepath.Join(r.dir, "examples"), os.DirFS("../../examples")))

	return r
}

// withPostgreSQL replaces the documented database by an empty one of this machine.
func (r *pageRun) withPostgreSQL(t *testing.T) *pageRun {
	t.Helper()

	address, err := url.Parse(testserver.PostgreSQL(t))
	require.NoError(t, err)

	r.addresses["127.0.0.1:5432/shop"] = address.Host + address.Path

	return r
}

func TestTutorialFirstJob(t *testing.T) {
	t.Parallel()
	newPageRun(t, "docs/tutorials/first-job.md").withExamples(t).run(t)
}

func TestTutorialCSVToPostgreSQL(t *testing.T) {
	t.Parallel()
	newPageRun(t, "docs/tutorials/csv-to-postgresql.md").withPostgreSQL(t).run(t)
}

func TestTutorialCallFromNode(t *testing.T) {
	t.Parallel()
	requireProgram(t, "node")
	newPageRun(t, "docs/tutorials/call-from-node.md").withExamples(t).run(t)
}

func TestTutorialNightly(t *testing.T) {
	t.Parallel()
	newPageRun(t, "docs/tutorials/nightly.md").withExamples(t).run(t)
}

func TestHowToFindAStuckJob(t *testing.T) {
	t.Parallel()
	newPageRun(t, "docs/how-to/find-a-stuck-job.md").run(t)

	// Temporal accepts the filters.
	filters := 0

	for _, block := range page(t, "docs/how-to/find-a-stuck-job.md") {
		for filter := range strings.Lines(block.text) {
			if strings.HasPrefix(filter, "WorkflowType = ") {
				_, err := shared.client.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: filter})
				require.NoError(t, err, filter)

				filters++
			}
		}
	}

	require.Equal(t, 5, filters)
}

// The page is about alerts of a system that is there already, with a job that waits and one that has failed.
func TestHowToRespondToAlerts(t *testing.T) {
	t.Parallel()

	r := newPageRun(t, "docs/how-to/respond-to-alerts.md")

	for name, text := range map[string]string{
		"app.yaml": `
sources:
  warehouse: {kind: PgSQLSource, connStr: "postgres://loader@127.0.0.1:9/shop", ledger: none}
  stage: {kind: SQLiteSource}
schedules:
  nightly: {cron: "0 2 * * *", timeZone: UTC, scenario: Load}
`,
		"scenarios/Count.yaml": `
steps:
  - {title: Count the orders, opName: Transform, opParams: {source: warehouse, query: SELECT count(*) FROM orders, returnResult: true}}
`,
		"scenarios/Load.yaml": `
steps:
  - {title: Look for the feed, opName: Fail, opParams: {code: no_feed, message: the feed is empty}}
`,
	} {
		path := filepath.Join(r.dir, "apps", "orders", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}

	r.command(t, "jobwright-dev --apps apps")
	r.exports = append(r.exports, "export TEMPORAL_ADDRESS="+r.server.await(t, `Temporal +([0-9.:]+), namespace`))
	r.command(t, "jobwright run Load --job-id load-1")
	r.command(t, "jobwright run Count --job-id count-1 --async")
	r.command(t, `until jobwright status count-1 --json | grep lastError; do sleep 0.2; done`)
	r.command(t, `until jobwright jobs --counts | grep count-1; do sleep 0.2; done`) // Lists lag behind.

	r.run(t)
}

func TestHowToRunAgain(t *testing.T) {
	t.Parallel()
	newPageRun(t, "docs/how-to/run-again.md").run(t)
}

func TestHowToListJobs(t *testing.T) {
	t.Parallel()

	newPageRun(t, "docs/how-to/list-jobs.md").run(t)
}

func TestHowToUseTheCommandLine(t *testing.T) {
	t.Parallel()

	newPageRun(t, "docs/how-to/use-the-command-line.md").run(t)
}

func TestHowToDeleteData(t *testing.T) {
	t.Parallel()

	newPageRun(t, "docs/how-to/delete-data.md").run(t)
}

func TestHowToDeploy(t *testing.T) {
	t.Parallel()
	newPageRun(t, "docs/how-to/deploy.md").withExamples(t).withTemporal(t).run(t)
}

func TestHowToUpgrade(t *testing.T) {
	t.Parallel()
	newPageRun(t, "docs/how-to/upgrade.md").withExamples(t).withTemporal(t).run(t)
}

func TestHowToRotateAKey(t *testing.T) {
	t.Parallel()
	newPageRun(t, "docs/how-to/rotate-a-key.md").withTemporal(t).run(t)
}

// withTemporal replaces the documented cluster, namespace and folders by ones of this test.
func (r *pageRun) withTemporal(t *testing.T) *pageRun {
	t.Helper()

	r.addresses["temporal.example.com:7233"] = shared.temporal.Frontend
	r.addresses["jobwright-prod"] = "page-" + uuid.NewString()
	r.addresses["/srv/jobwright/apps"] = filepath.Join(r.dir, "examples", "apps")
	r.addresses["/srv/jobwright/results"] = filepath.Join(r.dir, "results")
	r.addresses["/srv/jobwright/data"] = filepath.Join(r.dir, "data")
	r.addresses["/run/secrets"] = filepath.Join(r.dir, "secrets")
	require.NoError(t, os.Mkdir(r.addresses["/run/secrets"], 0o750))
	r.exports = []string{"export TEMPORAL_ADDRESS=" + shared.temporal.Frontend} // For pages that do not choose one.

	return r
}

// requireProgram skips the test on a machine without a program, but not in continuous integration.
func requireProgram(t *testing.T, name string) {
	t.Helper()

	_, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("%s is not installed", name)
	}

	require.NoError(t, err)
}
