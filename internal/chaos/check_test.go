package chaos_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	_ "modernc.org/sqlite" // The driver of the SQLite database of the workers.

	"github.com/jobwright/jobwright/internal/faulttest"
)

// checker verifies the guarantees after the last fault. All processes are ready by then.
type checker struct {
	system   *system
	callers  *callers
	records  faulttest.Records
	counts   map[string]int // The figures for the table, by label.
	problems []string       // Violations of guarantees.
}

func (c *checker) addProblemf(format string, arguments ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, arguments...))
}

// run makes all checks of jobs and their data.
func (c *checker) run(t *testing.T) {
	t.Helper()

	c.problems = append(c.problems, c.callers.problems...)

	c.checkFinalStates(t)
	c.checkWorkflows(t)

	faulttest.WithPostgreSQL(t, c.system.database, func(ctx context.Context, connection *pgx.Conn) {
		c.checkTable(ctx, t, connection, "appended", "Append", appendedRows)
		c.checkTable(ctx, t, connection, "dropped", "Drop", droppedRows)
		c.checkTable(ctx, t, connection, "scripted", "Script", 1)
		c.checkTable(ctx, t, connection, "looped", "Loop", rounds)
		c.checkTable(ctx, t, connection, "counted", "Count", rounds)
		c.checkTable(ctx, t, connection, "summed", "Count", 1)
		c.checkSums(ctx, t, connection)
		c.checkTable(ctx, t, connection, "tried", "Try", 1)
		c.checkTable(ctx, t, connection, "finished", "Try", 1)
		c.checkTable(ctx, t, connection, "inherited", "Parent", 1)
		c.checkTable(ctx, t, connection, "stopped", "Stop", 1)
		c.records.CheckTotal(ctx, t, connection)
		c.checkReplacedTables(ctx, connection)
		c.checkLeftovers(ctx, t, connection)
	})

	c.checkDroppedFiles(t)
	c.checkSQLite(t)
	c.addRecords()
	c.checkRequests()
	c.checkWatchers()
	c.checkCallbacks(t)
}

// checkFinalStates verifies that every job has ended in the final state of its kind, and that getJobStatus returns the same
// response twice.
func (c *checker) checkFinalStates(t *testing.T) {
	t.Helper()

	for _, job := range c.callers.jobs {
		c.counts["calls"] += job.calls

		status, response, err := c.callers.status(t.Context(), job.jobID)

		switch {
		case job.state == "":
			c.counts["stuck jobs"]++
			c.addProblemf("%s %s has not ended: %d %s %v", job.scenario, job.jobID, status, response, err)
		case job.state != job.kind.state:
			c.addProblemf("%s %s ended %s: %s", job.scenario, job.jobID, job.state, job.result)
		case withoutCallbacks(response) != withoutCallbacks(job.result):
			c.addProblemf("the status of %s %s has changed: %s, before %s", job.scenario, job.jobID, response, job.result)
		}
	}
}

// withoutCallbacks returns the status of a job without the deliveries of its callbacks, which change after the end of the job.
func withoutCallbacks(response string) string { return deliveries.ReplaceAllString(response, "") }

var deliveries = regexp.MustCompile(`"callbacks":\[[^\]]*\],?`)

// checkWorkflows verifies that Temporal has one workflow for each jobId.
func (c *checker) checkWorkflows(t *testing.T) {
	t.Helper()

	temporal, err := client.Dial(client.Options{HostPort: c.system.temporalProxy.address(), Namespace: namespace})
	require.NoError(t, err)

	defer temporal.Close()

	runs := map[string]string{} // The last run of each workflow, by workflow ID.

	// Temporal's lists are eventually consistent.
	for deadline := time.Now().Add(2 * time.Minute); ; faulttest.Pause(t.Context(), time.Second) {
		c.listWorkflows(t, temporal, runs)

		missing := slices.DeleteFunc(slices.Clone(c.callers.jobs), func(job *trackedJob) bool {
			return runs[job.jobID] != ""
		})
		if len(missing) == 0 {
			break
		}

		if time.Now().After(deadline) {
			c.counts["losses"] += len(missing)
			c.addProblemf("%d jobs are missing in Temporal, for example %s", len(missing), missing[0].jobID)

			break
		}
	}

	c.counts["workflows"] = len(runs)

	for id, run := range runs {
		c.counts["retries of steps"] += retries(t, temporal, id, run)
	}
}

// retries returns how often steps of a workflow were retried.
func retries(t *testing.T, temporal client.Client, id, run string) (count int) {
	t.Helper()

	history := temporal.GetWorkflowHistory(t.Context(), id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		require.NoError(t, err)

		count += max(0, int(event.GetActivityTaskStartedEventAttributes().GetAttempt())-1)
	}

	return count
}

// listWorkflows adds the workflows that Temporal lists to runs.
func (c *checker) listWorkflows(t *testing.T, temporal client.Client, runs map[string]string) {
	t.Helper()

	for token := []byte(nil); ; {
		page, err := temporal.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: namespace, NextPageToken: token, Query: "WorkflowType = 'RunScenario'",
		})
		require.NoError(t, err)

		for _, run := range page.GetExecutions() {
			if run.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW {
				continue // The list has its successor too.
			}

			id, last := run.GetExecution().GetWorkflowId(), run.GetExecution().GetRunId()
			if earlier, listed := runs[id]; listed && earlier != last {
				c.counts["duplicates"]++
				c.addProblemf("%s ran twice", id)
			}

			runs[id] = last
		}

		if token = page.GetNextPageToken(); len(token) == 0 {
			return
		}
	}
}

// checkTable verifies that each job of the scenario has written its records to the table exactly once.
func (c *checker) checkTable(
	ctx context.Context, t *testing.T, connection *pgx.Conn, table, scenario string, records int,
) {
	t.Helper()
	c.checkCounts(table, scenario, records, faulttest.CountRecords(ctx, t, connection, table))
}

// checkCounts verifies that each job of the scenario has the given number of records in the table, and other jobs have none.
func (c *checker) checkCounts(table, scenario string, records int, counts map[string]int) {
	var jobIDs []string

	for _, job := range c.callers.jobs {
		if job.scenario == scenario {
			jobIDs = append(jobIDs, job.jobID)
		}
	}

	c.records.Check(table, scenario, records, jobIDs, counts)

	if len(counts) > 0 {
		c.addProblemf("%s has records of unknown jobs: %v", table, counts)
	}
}

// addRecords adds the figures and the problems of the records of the jobs.
func (c *checker) addRecords() {
	c.counts["expected records"] += c.records.Expected
	c.counts["duplicates"] += c.records.Duplicates
	c.counts["losses"] += c.records.Lost
	c.problems = append(c.problems, c.records.Problems...)
}

// checkSums verifies that each round of a Count has counted the records of the rounds before it.
func (c *checker) checkSums(ctx context.Context, t *testing.T, connection *pgx.Conn) {
	t.Helper()

	var wrong int

	require.NoError(t, connection.QueryRow(ctx, "SELECT count(*) FROM summed WHERE total <> $1", rounds*(rounds-1)/2).Scan(&wrong))

	if wrong > 0 {
		c.counts["wrong sums"] = wrong
		c.addProblemf("%d jobs have read records of later rounds", wrong)
	}
}

// checkReplacedTables verifies that a table that many jobs replaced has the records of one of them.
func (c *checker) checkReplacedTables(ctx context.Context, connection *pgx.Conn) {
	for _, digit := range "0123456789abcdef" {
		table := "loaded_" + string(digit)

		var rows, distinct int

		err := connection.QueryRow(ctx,
			"SELECT count(*), count(DISTINCT id) FROM "+table).Scan(&rows, &distinct)
		if err != nil {
			continue // No job has loaded this table. Other checks find jobs that failed to load theirs.
		}

		if rows != loadedRows || distinct != loadedRows {
			c.addProblemf("%s has %d records with %d different IDs, expected %d", table, rows, distinct, loadedRows)
		}
	}
}

// checkLeftovers verifies that interrupted writes have left neither temporary tables nor prepared transactions.
func (c *checker) checkLeftovers(ctx context.Context, t *testing.T, connection *pgx.Conn) {
	t.Helper()

	var left int

	require.NoError(t, connection.QueryRow(ctx, `SELECT count(*) FROM pg_catalog.pg_class
		WHERE relname LIKE 'jobwright%' AND relname NOT LIKE 'jobwright\_ledger%' AND relkind = 'r'`).Scan(&left))

	if left > 0 {
		c.addProblemf("%d temporary tables of interrupted writes are left", left)
	}

	require.NoError(t, connection.QueryRow(ctx, "SELECT count(*) FROM pg_catalog.pg_prepared_xacts").Scan(&left))

	if left > 0 {
		c.addProblemf("%d prepared transactions are left", left)
	}
}

// checkSessions verifies that all sessions of PostgreSQL end after the workers have ended.
func (c *checker) checkSessions(t *testing.T) {
	t.Helper()

	faulttest.WithPostgreSQL(t, c.system.database, func(ctx context.Context, connection *pgx.Conn) {
		require.Eventually(t, func() bool {
			var sessions int

			err := connection.QueryRow(ctx, `SELECT count(*) FROM pg_catalog.pg_stat_activity
				WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&sessions)

			return err == nil && sessions == 0
		}, time.Minute, 100*time.Millisecond, "sessions of ended workers are left")
	})
}

// checkSQLite is checkTable for the SQLite database of the workers.
func (c *checker) checkSQLite(t *testing.T) {
	t.Helper()

	database, err := sql.Open("sqlite", filepath.Join(c.system.dir, "data", "apps", appID, "stage.db"))
	require.NoError(t, err)

	defer database.Close() //nolint:errcheck // The check only reads.

	counts := map[string]int{}

	rows, err := database.QueryContext(t.Context(), "SELECT job, count(*) FROM staged GROUP BY job")
	if err == nil {
		defer rows.Close()

		for rows.Next() {
			var (
				job   string
				count int
			)

			require.NoError(t, rows.Scan(&job, &count))

			counts[job] = count
		}

		err = rows.Err()
	}

	if err != nil {
		c.addProblemf("staged: %v", err)
	}

	c.checkCounts("staged", "Stage", appendedRows, counts)
}

// checkDroppedFiles verifies that jobs of the scenario Drop have left no file.
func (c *checker) checkDroppedFiles(t *testing.T) {
	t.Helper()

	forEachFile(t, filepath.Join(c.system.app(), "files", "in"), func(name string, _ []byte) {
		c.addProblemf("the file %s was not dropped", name)
	})
}

// checkRequests verifies that the HTTP request of each job arrived at least once and always with the same idempotency key.
func (c *checker) checkRequests() {
	counter := c.system.counter

	counter.mutex.Lock()
	defer counter.mutex.Unlock()

	for _, job := range c.callers.jobs {
		if job.scenario != "Request" {
			continue
		}

		c.counts["HTTP requests"]++

		if keys := counter.jobs[job.jobID]; len(keys) != 1 {
			c.addProblemf("%s made requests with %d idempotency keys", job.jobID, len(keys))
		}
	}

	for _, count := range counter.counts {
		c.counts["HTTP requests repeated by retries"] += count - 1
	}
}
