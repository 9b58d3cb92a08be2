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

	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/scenariotest"
)

// Every rule of the language has a fixture, and holds wherever a job continues as new: never, after many events, after
// few, and between any two steps.
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

			var moved atomic.Int64

			t.Run("holds", func(t *testing.T) {
				for _, fixture := range cases {
					t.Run(fixture.Name, func(t *testing.T) {
						t.Parallel()

						if requireConformance(t, fixture) {
							moved.Add(1)
						}
					})
				}
			})

			// That nothing changes where a job moves shows nothing unless it does.
			if slices.Contains(moving, filepath.Base(file)) {
				require.GreaterOrEqual(t, 2*moved.Load(), int64(len(cases)), "few of the fixtures moved")
			}
		})
	}
}

// moving are the files whose fixtures are about what a job does while it moves: in loops, in branches and in blocks, and
// while it is being stopped.
var moving = []string{
	"finally.yaml", "for_each.yaml", "for_each_records.yaml", "inline.yaml", "parallel.yaml", "stop.yaml",
	"timeout.yaml", "try_catch.yaml", "while.yaml",
}

// requireConformance reports whether the job of the fixture moved after seven events.
func requireConformance(t *testing.T, fixture scenariotest.Case) (moved bool) {
	t.Helper()

	var still scenariotest.Report

	for _, most := range []int{0, 50, 7, 1} {
		if most < 7 && len(still.Outcome.Trace) > longTrace {
			continue // A run for each step of a long job takes long and shows nothing new.
		}

		report, err := fixture.Run(t.Context(), validation.Library{}, scenariotest.Options{AppID: "7", MaxHistory: most})
		require.NoError(t, err)
		require.Empty(t, report.Differences, "%s:%d: moving after %d events, %d times", fixture.File, fixture.Line, most, report.Runs)

		if most == 0 {
			still = report

			continue
		}

		moved = moved || (most == 7 && report.Runs > 0)

		require.Equal(t, withoutMoments(still.Outcome), withoutMoments(report.Outcome),
			"%s:%d: moving after %d events, %d times", fixture.File, fixture.Line, most, report.Runs)
	}

	return moved
}

const longTrace = 200

// withoutMoments is an outcome without moments, and with the steps of each list by themselves: what runs at the same time
// ends in another order when it waits for the job to move.
func withoutMoments(outcome scenariotest.Outcome) scenariotest.Outcome {
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
