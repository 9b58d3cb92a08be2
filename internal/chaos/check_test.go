package chaos_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	_ "modernc.org/sqlite" // The driver of the workers' own database.
)

// check finds what of the guarantees did not hold. Everything serves again by now.
type check struct {
	system  *system
	callers *callers
	counts  map[string]int // What was found, for the table.
	broken  []string
}

func (c *check) failf(format string, arguments ...any) {
	c.broken = append(c.broken, fmt.Sprintf(format, arguments...))
}

// run checks everything.
func (c *check) run(t *testing.T) {
	t.Helper()

	c.broken = append(c.broken, c.callers.wrong...)

	c.ends(t)
	c.runs(t)

	c.system.connected(t, func(ctx context.Context, data *pgx.Conn) {
		c.once(ctx, t, data, "appended", "Append", appendedRows)
		c.once(ctx, t, data, "dropped", "Drop", droppedRows)
		c.once(ctx, t, data, "scripted", "Script", 1)
		c.once(ctx, t, data, "looped", "Loop", rounds)
		c.once(ctx, t, data, "tried", "Try", 1)
		c.once(ctx, t, data, "finished", "Try", 1)
		c.once(ctx, t, data, "inherited", "Parent", 1)
		c.once(ctx, t, data, "stopped", "Stop", 1)
		c.total(ctx, t, data)
		c.loaded(ctx, data)
		c.left(ctx, t, data)
	})

	c.dropped(t)
	c.kept(t)
	c.requests()
}

// ends holds that every job has ended as one of its kind does, and that it is told twice in the same words.
func (c *check) ends(t *testing.T) {
	t.Helper()

	for _, job := range c.callers.jobs {
		c.counts["calls"] += job.calls

		status, answer, err := c.callers.status(t.Context(), job.jobID)

		switch {
		case job.state == "":
			c.counts["stuck"]++
			c.failf("%s %s has not ended: %d %s %v", job.scenario, job.jobID, status, answer, err)
		case job.state != job.kind.state:
			c.failf("%s %s ended %s: %s", job.scenario, job.jobID, job.state, job.result)
		case answer != job.result:
			c.failf("%s %s is told differently: %s, and before %s", job.scenario, job.jobID, answer, job.result)
		}
	}
}

// runs holds that no jobId ran twice.
func (c *check) runs(t *testing.T) {
	t.Helper()

	temporal, err := client.Dial(client.Options{HostPort: c.system.toHistory.address(), Namespace: namespace})
	require.NoError(t, err)

	defer temporal.Close()

	seen := map[string]string{} // The last run of each workflow.

	// Temporal's lists follow what has happened, sometime.
	for deadline := time.Now().Add(2 * time.Minute); ; pause(t.Context(), time.Second) {
		c.list(t, temporal, seen)

		lost := slices.DeleteFunc(slices.Clone(c.callers.jobs), func(job *ran) bool { return seen[job.jobID] != "" })
		if len(lost) == 0 {
			break
		}

		if time.Now().After(deadline) {
			c.counts["losses"] += len(lost)
			c.failf("%d jobs are not known to Temporal, %s among them", len(lost), lost[0].jobID)

			break
		}
	}

	c.counts["workflows"] = len(seen)

	for id, run := range seen {
		c.counts["attempts after the first of a step"] += retries(t, temporal, id, run)
	}
}

// retries are the attempts that steps of a workflow were given after their first.
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

// list adds what Temporal lists to what was seen.
func (c *check) list(t *testing.T, temporal client.Client, seen map[string]string) {
	t.Helper()

	for token := []byte(nil); ; {
		page, err := temporal.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: namespace, NextPageToken: token, Query: "WorkflowType = 'RunScenario'",
		})
		require.NoError(t, err)

		for _, run := range page.GetExecutions() {
			if run.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW {
				continue // It is the beginning of another that is listed.
			}

			id, last := run.GetExecution().GetWorkflowId(), run.GetExecution().GetRunId()
			if before, again := seen[id]; again && before != last {
				c.counts["doubles"]++
				c.failf("%s ran twice", id)
			}

			seen[id] = last
		}

		if token = page.GetNextPageToken(); len(token) == 0 {
			return
		}
	}
}

// once holds that each job of a kind has written each of its records once.
func (c *check) once(ctx context.Context, t *testing.T, data *pgx.Conn, table, scenario string, records int) {
	t.Helper()

	rows, err := data.Query(ctx, "SELECT job, count(*) FROM "+table+" GROUP BY job")
	require.NoError(t, err)

	found := map[string]int{}

	for rows.Next() {
		var (
			job   string
			count int
		)

		require.NoError(t, rows.Scan(&job, &count))

		found[job] = count
	}

	require.NoError(t, rows.Err())
	c.compare(table, scenario, records, found)
}

func (c *check) compare(table, scenario string, records int, found map[string]int) {
	for _, job := range c.callers.jobs {
		if job.scenario != scenario {
			continue
		}

		c.counts["records that must be there once"] += records

		switch count := found[job.jobID]; {
		case count > records:
			c.counts["doubles"] += count - records
		case count < records:
			c.counts["losses"] += records - count
		}

		if found[job.jobID] != records {
			c.failf("%s: %d records of %s %s, and not %d", table, found[job.jobID], scenario, job.jobID, records)
		}

		delete(found, job.jobID)
	}

	if len(found) > 0 {
		c.failf("%s has records of jobs that nobody started: %v", table, found)
	}
}

// total holds that a script that changes one record in the midst of others did so once for each job.
func (c *check) total(ctx context.Context, t *testing.T, data *pgx.Conn) {
	t.Helper()

	var total, jobs int

	require.NoError(t, data.QueryRow(ctx,
		"SELECT n, (SELECT count(*) FROM scripted) FROM total").Scan(&total, &jobs))

	if total != jobs {
		c.failf("scripts counted to %d, and %d ran", total, jobs)
	}
}

// loaded holds that a table that many jobs replaced is that of one of them.
func (c *check) loaded(ctx context.Context, data *pgx.Conn) {
	for _, digit := range "0123456789abcdef" {
		table := "loaded_" + string(digit)

		var rows, distinct int

		err := data.QueryRow(ctx,
			"SELECT count(*), count(DISTINCT id) FROM "+table).Scan(&rows, &distinct)
		if err != nil {
			continue // No job happened to load it; that one that did ended well is known by now.
		}

		if rows != loadedRows || distinct != loadedRows {
			c.failf("%s has %d records, %d of them different, and not %d", table, rows, distinct, loadedRows)
		}
	}
}

// left holds that neither a table nor a session is left of what was broken off.
func (c *check) left(ctx context.Context, t *testing.T, data *pgx.Conn) {
	t.Helper()

	var left int

	require.NoError(t, data.QueryRow(ctx, `SELECT count(*) FROM pg_catalog.pg_class
		WHERE relname LIKE 'jobwright%' AND relname NOT LIKE 'jobwright\_ledger%' AND relkind = 'r'`).Scan(&left))

	if left > 0 {
		c.failf("%d tables of writes that were broken off are left", left)
	}

	require.NoError(t, data.QueryRow(ctx, "SELECT count(*) FROM pg_catalog.pg_prepared_xacts").Scan(&left))

	if left > 0 {
		c.failf("%d transactions are left", left)
	}
}

// idle holds that nobody is connected any more when the workers have ended.
func (c *check) idle(t *testing.T) {
	t.Helper()

	c.system.connected(t, func(ctx context.Context, data *pgx.Conn) {
		require.Eventually(t, func() bool {
			var sessions int

			err := data.QueryRow(ctx, `SELECT count(*) FROM pg_catalog.pg_stat_activity
				WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&sessions)

			return err == nil && sessions == 0
		}, time.Minute, 100*time.Millisecond, "sessions are left")
	})
}

// kept is once for the database on the workers' own machine.
func (c *check) kept(t *testing.T) {
	t.Helper()

	database, err := sql.Open("sqlite", filepath.Join(c.system.dir, "data", "apps", appID, "stage.db"))
	require.NoError(t, err)

	defer database.Close() //nolint:errcheck // It was only read.

	found := map[string]int{}

	rows, err := database.QueryContext(t.Context(), "SELECT job, count(*) FROM kept GROUP BY job")
	if err == nil {
		defer rows.Close()

		for rows.Next() {
			var (
				job   string
				count int
			)

			require.NoError(t, rows.Scan(&job, &count))

			found[job] = count
		}

		err = rows.Err()
	}

	if err != nil {
		c.failf("kept: %v", err)
	}

	c.compare("kept", "Keep", appendedRows, found)
}

// dropped holds that no file is left that was loaded to be dropped.
func (c *check) dropped(t *testing.T) {
	t.Helper()

	each(t, filepath.Join(c.system.app(), "files", "in"), func(name string, _ []byte) {
		c.failf("%s was loaded and not dropped", name)
	})
}

// requests holds that each job's request came at least once, always with the same key.
func (c *check) requests() {
	counting := c.system.counting

	counting.mutex.Lock()
	defer counting.mutex.Unlock()

	for _, job := range c.callers.jobs {
		if job.scenario != "Request" {
			continue
		}

		c.counts["requests"]++

		if keys := counting.jobs[job.jobID]; len(keys) != 1 {
			c.failf("%s made requests with %d keys", job.jobID, len(keys))
		}
	}

	for _, count := range counting.counts {
		c.counts["requests that came again"] += count - 1
	}
}
