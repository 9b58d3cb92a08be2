package problem_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario/problem"
)

func TestSuggestSaysWhichNameWasMeant(t *testing.T) {
	t.Parallel()

	known := []string{"source", "table", "targetSource"}

	require.Equal(t, "did you mean source?", problem.Suggest("sorce", known))
	require.Equal(t, "did you mean targetSource?", problem.Suggest("TARGETSOURCE", known))
	require.Equal(t, "known are source, table, targetSource", problem.Suggest("elephant", known))
	require.Equal(t, "known are a", problem.Suggest("b", []string{"a"})) // One letter in place of another is no likeness.
	require.Equal(t, "there are none", problem.Suggest("sorce", nil))
}
