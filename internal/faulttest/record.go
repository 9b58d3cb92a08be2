package faulttest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// IsFinal reports whether a state of a job is final.
func IsFinal(state string) bool {
	return slices.Contains([]string{"completed", "completedWithError", "stopped"}, state)
}

// WithPostgreSQL calls use with a connection to the database with the URL.
func WithPostgreSQL(t *testing.T, database string, use func(context.Context, *pgx.Conn)) {
	t.Helper()

	connection, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)

	use(t.Context(), connection)
	require.NoError(t, connection.Close(t.Context()))
}

// Records compares the records of jobs with those that they must have written.
type Records struct {
	Expected   int
	Duplicates int
	Lost       int
	Problems   []string // A line for each job whose records are wrong.
}

// Check compares the records that jobs of a scenario have in a table, by jobId, with the number that each must have written. It
// removes these jobs from counts.
func (r *Records) Check(table, scenario string, records int, jobIDs []string, counts map[string]int) {
	for _, jobID := range jobIDs {
		count := counts[jobID]
		delete(counts, jobID)

		r.Expected += records
		r.Duplicates += max(0, count-records)
		r.Lost += max(0, records-count)

		if count != records {
			r.Problems = append(r.Problems,
				fmt.Sprintf("%s has %d records of %s %s, expected %d", table, count, scenario, jobID, records))
		}
	}
}

// CheckTotal verifies that the jobs of the scenario Script, which all change the same record, have each done so once.
func (r *Records) CheckTotal(ctx context.Context, t *testing.T, connection *pgx.Conn) {
	t.Helper()

	var total, scripted int

	require.NoError(t, connection.QueryRow(ctx, "SELECT n, (SELECT count(*) FROM scripted) FROM total").Scan(&total, &scripted))

	if total != scripted {
		r.Problems = append(r.Problems, fmt.Sprintf("scripts of %d jobs counted to %d", scripted, total))
	}
}

// CountRecords returns the number of records of each job in a table.
func CountRecords(ctx context.Context, t *testing.T, connection *pgx.Conn, table string) map[string]int {
	t.Helper()

	rows, err := connection.Query(ctx, "SELECT job, count(*) FROM "+table+" GROUP BY job")
	require.NoError(t, err)

	var (
		counts = map[string]int{}
		jobID  string
		count  int
	)

	_, err = pgx.ForEachRow(rows, []any{&jobID, &count}, func() error {
		counts[jobID] = count

		return nil
	})
	require.NoError(t, err)

	return counts
}
