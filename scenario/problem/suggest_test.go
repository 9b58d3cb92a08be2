package problem_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario/problem"
)

func TestSuggestReturnsSimilarName(t *testing.T) {
	t.Parallel()

	known := []string{"source", "table", "targetSource"}

	require.Equal(t, "did you mean source?", problem.Suggest("sorce", known))
	require.Equal(t, "did you mean targetSource?", problem.Suggest("TARGETSOURCE", known))
	require.Equal(t, "known are source, table, targetSource", problem.Suggest("elephant", known))
	require.Equal(t, "known are a", problem.Suggest("b", []string{"a"})) // All characters differ.
	require.Equal(t, "known are concat, join", problem.Suggest("format", []string{"concat", "join"}))
	require.Equal(t, "did you mean formatTime?", problem.Suggest("format", []string{"concat", "formatTime"}))
	require.Equal(t, "did you mean load?", problem.Suggest("laod", []string{"lead1", "load"})) // Two characters are swapped.
	require.Equal(t, "there are none", problem.Suggest("sorce", nil))
}
