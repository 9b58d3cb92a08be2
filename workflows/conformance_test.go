package workflows_test

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/scenariotest"
)

// TestConformance runs the fixtures of the language's rules. Each must pass wherever its job continues as new: never, after
// many events, after few, and between any two steps.
func TestConformance(t *testing.T) {
	t.Parallel()

	files, err := filepath.Glob("testdata/conformance/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)

	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			t.Parallel()

			text, err := os.ReadFile(file)
			require.NoError(t, err)

			cases, err := scenariotest.Load(file, text)
			require.NoError(t, err)

			var continued atomic.Int64

			t.Run("passes", func(t *testing.T) {
				for _, fixture := range cases {
					t.Run(fixture.Name, func(t *testing.T) {
						t.Parallel()

						if requireConformance(t, fixture) {
							continued.Add(1)
						}
					})
				}
			})

			// A fixture proves nothing about continue-as-new if its job does not continue.
			if slices.Contains(continuing, filepath.Base(file)) {
				require.GreaterOrEqual(t, 2*continued.Load(), int64(len(cases)), "few of the jobs continued as new")
			}
		})
	}
}

// continuing lists the files whose fixtures continue as new within loops, branches and blocks, and while a job is being
// stopped.
var continuing = []string{
	"finally.yaml", "for_each.yaml", "for_each_records.yaml", "inline.yaml", "parallel.yaml", "stop.yaml",
	"timeout.yaml", "try_catch.yaml", "while.yaml",
}

// requireConformance reports whether the job of the fixture continued as new with a limit of seven events.
func requireConformance(t *testing.T, fixture scenariotest.Case) (continued bool) {
	t.Helper()

	activities := requireConformanceOf(t, fixture, scenario.ExecutionActivity)
	auto := requireConformanceOf(t, fixture, scenario.ExecutionAuto)

	require.Equal(t, withoutTimes(activities.Outcome), withoutTimes(auto.Outcome), "%s:%d: with local activities", fixture.File,
		fixture.Line)

	return activities.continued
}

// conformance is the report of a fixture whose job did not continue as new.
type conformance struct {
	scenariotest.Report

	continued bool // Whether it continued as new with a limit of seven events.
}

func requireConformanceOf(t *testing.T, fixture scenariotest.Case, execution scenario.Execution) (made conformance) {
	t.Helper()

	still := &made.Report

	for _, most := range []int{0, 50, 7, 1} {
		if most < 7 && len(still.Outcome.Trace) > longTrace {
			continue // A run for each step of a long job takes long and proves nothing new.
		}

		report, err := fixture.Run(t.Context(), validation.Library{}, scenariotest.Options{
			AppID: "7", MaxHistory: most, Execution: execution,
		})
		require.NoError(t, err)
		require.Empty(t, report.Differences, "%s:%d: %s with at most %d events a run, %d times", fixture.File, fixture.Line, execution, most, report.Runs)

		if most == 0 {
			*still = report

			continue
		}

		made.continued = made.continued || (most == 7 && report.Runs > 0)

		require.Equal(t, withoutTimes(still.Outcome), withoutTimes(report.Outcome),
			"%s:%d: %s with at most %d events a run, %d times", fixture.File, fixture.Line, execution, most, report.Runs)
	}

	return made
}

const longTrace = 200

// withoutTimes returns an outcome without times, and with the events of each list of steps together: concurrent steps end in
// another order if they wait for the job to continue as new.
func withoutTimes(outcome scenariotest.Outcome) scenariotest.Outcome {
	outcome.Trace = byList(outcome.Trace)
	outcome.Begun = byList(outcome.Begun)
	outcome.Steps = slices.Clone(outcome.Steps)

	for i := range outcome.Steps {
		outcome.Steps[i].StartedAt, outcome.Steps[i].EndedAt = nil, nil
	}

	return outcome
}

var ownNumber = regexp.MustCompile(`\d+( .*)?$`)

func byList(events []string) []string {
	sorted := slices.Clone(events)
	slices.SortStableFunc(sorted, func(a, b string) int {
		return cmp.Compare(ownNumber.ReplaceAllString(a, ""), ownNumber.ReplaceAllString(b, ""))
	})

	return sorted
}
