package apiserver

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// TestInputOfConcurrentCalls verifies that calls which share a pinned scenario don't change it: their inputs are equal, and the
// race detector reports no write.
func TestInputOfConcurrentCalls(t *testing.T) {
	t.Parallel()

	found, err := newCatalog(t).App("7")
	require.NoError(t, err)

	input := func() string {
		call := &execution{app: found, caller: "c", deadline: time.Now(), operation: jsonvalue.Object{
			"opName": "RunScenario", "opParams": map[string]any{
				"scenario": "Main", "parameters": map[string]any{"country": "DE"},
			},
		}}

		input, err := call.input()
		require.NoError(t, err)

		memo, err := call.memo(input, true)
		require.NoError(t, err)
		require.NotEmpty(t, memo)

		input.Parameters["country"] = "changed" // The parameters belong to the call.

		return string(input.encoded)
	}

	first := input()
	require.Contains(t, first, `"parameters":{"amount":1`)
	require.Contains(t, first, `"program":{"entry":"Main"`)

	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() { require.Equal(t, first, input()) })
	}

	calls.Wait()
}
