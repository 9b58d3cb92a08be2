package view

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/job"
)

// longJob returns a job of that many steps. A step failed, one waits for its next attempt, and another one runs.
func longJob(steps int, began time.Time) *client.Status {
	status := &client.Status{JobID: "long", App: "7", Scenario: "Long", Status: job.Running, StartedAt: began}

	for i := range steps {
		from, to := began.Add(time.Duration(i)*time.Second), began.Add(time.Duration(i+1)*time.Second)
		step := job.StepStatus{
			Path: fmt.Sprint(i + 1), Title: fmt.Sprintf("Load file %d of the shop in the north", i+1), State: job.StepPending,
		}

		if i <= steps/2 {
			step.State, step.StartedAt, step.EndedAt, step.Rows = job.StepCompleted, &from, &to, 1_234_567
		}

		status.Steps = append(status.Steps, step)
	}

	failed, retried, running := &status.Steps[3], &status.Steps[7], &status.Steps[steps/2]
	failed.State = job.StepFailed
	retried.State, retried.EndedAt, retried.Attempt, retried.LastError = job.StepRunning, nil, 3, "the connection was refused"
	running.State, running.EndedAt = job.StepRunning, nil
	running.Percent, running.RowsPerSecond = new(int64(42)), 12_345

	return status
}

func TestLongJobFitsTheTerminal(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

	for _, size := range []struct{ width, height int }{{79, 23}, {159, 49}, {40, 10}, {79, 4}} {
		for _, steps := range []int{60, 300, 1_000} {
			status := longJob(steps, now.Add(-time.Hour))
			lines := page{width: size.width, height: size.height, now: now}.status(status)
			text := strings.Join(lines, "\n")

			require.LessOrEqual(t, len(lines), size.height, text)

			for _, line := range lines {
				require.LessOrEqual(t, len([]rune(line)), size.width, line)
			}

			if size.height < 10 {
				continue
			}

			// What happens, what went wrong, and what was just before.
			require.Len(t, lines, size.height, text)
			require.Contains(t, text, "Load file 4 ")
			require.Contains(t, text, "connection was refused")
			require.Contains(t, text, fmt.Sprintf("Load file %d ", steps/2+1))
			require.Contains(t, text, fmt.Sprintf("Load file %d ", steps/2))
			require.NotContains(t, text, fmt.Sprintf("Load file %d ", steps))
			require.Contains(t, lines[size.height-1], "  and steps that are not shown: ")
		}
	}

	// A short job is shown as a whole.
	require.Len(t, page{width: 79, height: 23, now: now}.status(longJob(20, now.Add(-time.Hour))), 1+20+1)
}

// A step that waits before it can begin looks different from one that works, and says what it waits for.
func TestStepThatWaitsIsShown(t *testing.T) {
	t.Parallel()

	began := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	step := func(path, title string, waits *job.StepWait) job.StepStatus {
		return job.StepStatus{Path: path, Title: title, State: job.StepRunning, StartedAt: &began, WaitsFor: waits}
	}
	status := &client.Status{JobID: "load", App: "7", Scenario: "Load", Status: job.Running, StartedAt: began, Steps: []job.StepStatus{
		step("1", "Load", &job.StepWait{Source: "db", Running: 2, Limit: 2}),
		step("2", "Copy", &job.StepWait{Source: "db", Running: 2, Limit: 2, Runs: 6}),
		step("3", "Send", &job.StepWait{TaskQueue: "heavy"}),
	}}

	lines := page{width: 100, now: began.Add(time.Minute)}.status(status)
	text := strings.Join(lines, "\n")

	for _, want := range []string{
		"(?m)^◌ Load .* 1m 00s\n +waits for a slot of the source db: 2 running of 2$",
		"(?m)^▶ Copy .* 1m 00s\n +6 runs wait for a slot of the source db: 2 running of 2$",
		"(?m)^◌ Send .* 1m 00s\n +waits for a worker: none polls the task queue heavy$",
	} {
		require.Regexp(t, want, text)
	}

	// Without a terminal, each change is a line.
	var printed strings.Builder

	live := Output{Err: &printed}.Live()
	live.Show(status)
	live.Show(status)

	require.Equal(t, 1, strings.Count(printed.String(), `step 1 "Load": waits for a slot of the source db: 2 running of 2`+"\n"), printed.String())
	require.Equal(t, 1, strings.Count(printed.String(), `6 runs wait`), printed.String())

	status.Steps[1].WaitsFor.Runs = 5
	status.Steps[0].WaitsFor = nil
	live.Show(status)
	require.Equal(t, 1, strings.Count(printed.String(), `5 runs wait`), printed.String())
}
