package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/pprof/profile"
	"github.com/stretchr/testify/require"
)

// TestMain runs the processes that the benchmark starts from its own binary, which is that of the tests.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == referenceProcess {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()

		if err := command(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}

		return
	}

	m.Run()
}

func TestBenchMeasuresAllSystems(t *testing.T) {
	t.Parallel()

	file, profiled := filepath.Join(t.TempDir(), "result.json"), filepath.Join(t.TempDir(), "profile.pgo")
	opts, err := parse([]string{
		"-workloads", "steps3,callers10,wide,loop,cost", "-rounds", "2", "-json", file, "-profile", profiled,
	}, t.Output())
	require.NoError(t, err)

	opts.sizes = sizes{
		window: 10 * time.Millisecond, leastJobs: 1, callers: 2, steps: 20, branches: 2, branchSteps: 2, loopRounds: 5,
		countedJobs: 2,
	}

	var table strings.Builder

	require.NoError(t, run(t.Context(), opts, &table, t.Output()))

	text, err := os.ReadFile(file)
	require.NoError(t, err)

	var got report
	require.NoError(t, json.Unmarshal(text, &got))

	require.NotEmpty(t, got.Environment.Build.Go)
	require.Positive(t, got.Environment.Cores)
	require.Contains(t, got.Environment.Durability, "death of the process")

	for _, m := range got.Measurements {
		require.Len(t, m.Values, 2, "%s, %s of %s", m.Workload, m.Measure, m.System)
		require.LessOrEqual(t, m.Min, m.Median)
		require.LessOrEqual(t, m.Median, m.Max)
	}

	for _, name := range everything {
		require.Positive(t, got.find("steps3", "p50", name).Median, name)
		require.Positive(t, got.find("callers10", "jobs", name).Median, name)
	}

	for _, name := range []string{subject, localActivities, activityPerStep} {
		require.Positive(t, got.find("wide", "time", name).Median, name)
		require.Positive(t, got.find("loop", "time", name).Median, name)
		require.InDelta(t, 5, got.find("cost, 0 steps", "events", name).Median, 0, name)
		require.Positive(t, got.find("cost, 10 steps", "requests to Temporal", name).Median, name)
	}

	text, err = os.ReadFile(profiled)
	require.NoError(t, err)

	sum, err := profile.ParseData(text)
	require.NoError(t, err)
	require.Equal(t, "cpu", sum.PeriodType.Type)
	require.NotEmpty(t, sum.Sample)
	require.Equal(t, "jobwright-dev", sum.Mapping[0].File)

	// The references do what they stand for: 3 events for an activity, and 1 for a local one.
	const ends, workflowTask = 2, 3

	require.InDelta(t, ends+10*3+11*workflowTask, got.find("cost, 10 steps", "events", activityPerStep).Median, 0)
	require.InDelta(t, ends+10+workflowTask, got.find("cost, 10 steps", "events", localActivities).Median, 0)

	require.Contains(t, table.String(), "| steps3 | p50, ms | jobwright | ")
	require.Regexp(t, `\| callers10 \| jobs, /s \| jobwright \| [0-9.]+ \([0-9.]+–[0-9.]+\) \|`, table.String())
}

func TestReportComparesRoundByRound(t *testing.T) {
	t.Parallel()

	var r report

	for i := range 3 {
		r.record("steps3", "p50", subject, "ms", lower, float64(10*(i+1)))
		r.record("steps3", "p50", localActivities, "ms", lower, float64(20*(i+1)))
		r.record("callers3", "jobs", subject, "/s", higher, float64(10*(i+1)))
		r.record("callers3", "jobs", activityPerStep, "/s", higher, float64(20))
	}

	r.complete()

	require.Len(t, r.Ratios, 2)
	require.Equal(t, summary{Median: 2, Min: 2, Max: 2}, r.Ratios[0].summary, "half of the time is twice as good")
	require.Equal(t, summary{Median: 1, Min: 0.5, Max: 1.5}, r.Ratios[1].summary)

	var table strings.Builder
	require.NoError(t, r.write(&table))
	require.Contains(t, table.String(),
		"| callers3 | jobs, /s | jobwright | 20.0 (10.0–30.0) |  | 20.0 |  |  | 1.00 (0.50–1.50) |  |")
}

func TestFlagsRefuseUnknownWorkloads(t *testing.T) {
	t.Parallel()

	_, err := parse([]string{"-workloads", "steps3,nothing"}, t.Output())
	require.ErrorContains(t, err, `unknown workload "nothing"`)

	opts, err := parse([]string{"-short"}, t.Output())
	require.NoError(t, err)
	require.Len(t, opts.workloads, len(workloads))
	require.Equal(t, 1, opts.rounds)
}
