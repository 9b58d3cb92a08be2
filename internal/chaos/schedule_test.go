package chaos_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/internal/faulttest"
	"github.com/jobwright/jobwright/job"
)

// tickInterval is the interval of the schedule tick.
const tickInterval = 5 * time.Second

// checkSchedule verifies that the schedule has fired once for each of its times. It pauses the schedule before.
func (c *checker) checkSchedule(t *testing.T, temporal client.Client) {
	t.Helper()

	ctx, cancel := context.WithTimeout(t.Context(), endTimeout)
	defer cancel()

	for {
		status, response, err := c.callers.call(ctx, http.MethodPost, "pauseSchedule.jsp", map[string]any{
			"apiKey": key, "appId": appID, "schedule": "tick",
		})
		if status == http.StatusOK {
			break
		}

		require.True(t, hasUnknownEffect(status, err), "%d %s %v", status, response, err)
		faulttest.Pause(ctx, 100*time.Millisecond)
	}

	handle := temporal.ScheduleClient().GetHandle(ctx, job.ScheduleID(appID, "tick"))

	faulttest.WithPostgreSQL(t, c.system.database, func(_ context.Context, connection *pgx.Conn) {
		for {
			schedule, err := handle.Describe(ctx)
			require.NoError(t, err, "the last firings have no effect")

			rows, err := connection.Query(ctx, "SELECT job FROM ticked ORDER BY job")
			require.NoError(t, err)

			jobs, err := pgx.CollectRows(rows, pgx.RowTo[string])
			require.NoError(t, err)

			// The times of the jobs would not show that the last ones are missing.
			if len(jobs) >= schedule.Info.NumActions {
				require.Zero(t, schedule.Info.NumActionsMissedCatchupWindow)
				c.checkTicks(t, jobs)

				return
			}

			faulttest.Pause(ctx, 100*time.Millisecond)
		}
	})
}

// checkTicks verifies that the jobs, which are sorted, are those of subsequent firings.
func (c *checker) checkTicks(t *testing.T, jobs []string) {
	t.Helper()

	c.counts["firings of a schedule"] = len(jobs)

	if len(jobs) == 0 {
		c.addProblemf("the schedule has not fired")
	}

	var before time.Time

	for i, jobID := range jobs {
		at, err := time.Parse(time.RFC3339, strings.TrimPrefix(jobID, appID+":tick:"))
		require.NoError(t, err)

		switch since := at.Sub(before); {
		case i == 0 || since == tickInterval:
		case since == 0:
			c.counts["duplicates"]++
			c.addProblemf("%s has taken effect twice", jobID)
		default:
			c.counts["losses"]++
			c.addProblemf("the schedule fired at %s, %s after the firing before", at, since)
		}

		before = at
	}
}
