package cluster_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/faulttest"
)

// testContract verifies the job contract. Each call of a test is to another API server than the one before.
func testContract(t *testing.T, c *cluster) {
	t.Helper()

	first, second := c.apis()[0], c.apis()[1]

	t.Run("a job returns its results, and later pages of them", func(t *testing.T) {
		t.Parallel()

		jobID := uuid.NewString()
		ended := execute(t.Context(), first, jobID, "Return", execution{"isAsync": false})
		require.Equal(t, http.StatusOK, ended.status, ended.body)
		require.Equal(t, jobID, ended.Result.JobID)
		require.Len(t, ended.Result.Results[0].Result.Records, returnedRows)

		page := ask(t.Context(), second, "getJobStatus", jobID, url.Values{"offset": {"2999"}, "limit": {"10"}})
		require.Equal(t, http.StatusOK, page.status, page.body)
		require.Equal(t, "completed", page.Result.Status)
		require.Len(t, page.Result.Results[0].Result.Records, 1)
		require.JSONEq(t, `{"n": 3000}`, string(page.Result.Results[0].Result.Records[0]))
	})

	t.Run("an asynchronous job reports its status", func(t *testing.T) {
		t.Parallel()

		jobID := uuid.NewString()
		started := execute(t.Context(), second, jobID, "Append", nil)
		require.Equal(t, http.StatusOK, started.status, started.body)
		require.Empty(t, started.Result.Results)

		ended := ask(t.Context(), first, "getJobStatus", jobID, url.Values{"waitSeconds": {"50"}})
		require.Equal(t, "completed", ended.Result.Status, ended.body)
		c.requireRecords(t, "appended", jobID, appendedRows)
	})

	t.Run("the same jobId attaches, with another request it conflicts", func(t *testing.T) {
		t.Parallel()

		jobID := uuid.NewString()
		require.Equal(t, http.StatusOK, execute(t.Context(), first, jobID, "Script", nil).status)

		for _, api := range c.apis() {
			attached := execute(t.Context(), api, jobID, "Script", execution{"isAsync": false})
			require.Equal(t, http.StatusOK, attached.status, attached.body)
		}

		conflict := execute(t.Context(), second, jobID, "Append", nil)
		require.Equal(t, http.StatusConflict, conflict.status, conflict.body)
		c.requireRecords(t, "scripted", jobID, 1)
	})

	t.Run("a wait that ends early is accepted, and a stop stops", func(t *testing.T) {
		t.Parallel()

		jobID := uuid.NewString()
		accepted := execute(t.Context(), second, jobID, "Wait", execution{"isAsync": false, "waitSeconds": 1})
		require.Equal(t, http.StatusAccepted, accepted.status, accepted.body)
		require.Equal(t, jobID, accepted.Result.JobID)
		require.NotEmpty(t, accepted.location)

		stopped := ask(t.Context(), first, "stopJob", jobID, nil)
		require.Equal(t, http.StatusOK, stopped.status, stopped.body)

		ended := ask(t.Context(), second, "getJobStatus", jobID, url.Values{"waitSeconds": {"50"}})
		require.Equal(t, "stopped", ended.Result.Status, ended.body)
		c.requireRecords(t, "stopped", jobID, 1)
	})

	t.Run("Temporal UI shows a job", func(t *testing.T) {
		t.Parallel()

		jobID := uuid.NewString()
		require.Equal(t, http.StatusOK, execute(t.Context(), first, jobID, "Script", execution{"isAsync": false}).status)

		ui := c.containers["temporal-ui"][0]
		namespace := *ui.service.Environment["TEMPORAL_DEFAULT_NAMESPACE"]
		shown, err := faulttest.Get(t.Context(), "http://"+ui.address("8080")+"/api/v1/namespaces/"+namespace+"/workflows/"+jobID)
		require.NoError(t, err)
		require.Contains(t, string(shown), `WORKFLOW_EXECUTION_STATUS_COMPLETED`)
	})
}

// requireRecords verifies the number of records of a job in a table.
func (c *cluster) requireRecords(t *testing.T, table, jobID string, records int) {
	t.Helper()

	faulttest.WithPostgreSQL(t, c.warehouse, func(ctx context.Context, connection *pgx.Conn) {
		var count int

		require.NoError(t, connection.QueryRow(ctx, "SELECT count(*) FROM "+table+" WHERE job = $1", jobID).Scan(&count))
		require.Equal(t, records, count)
	})
}
