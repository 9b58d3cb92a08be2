//go:build linux

package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestResourcesMeasureThisProcess(t *testing.T) {
	t.Parallel()

	of, err := newResources()
	require.NoError(t, err)

	mem, err := of.MemoryUsage(nil)
	require.NoError(t, err)
	require.Positive(t, mem)
	require.Less(t, mem, 1.0)

	require.Eventually(t, func() bool { // This loop needs the processor.
		cpu, err := of.CpuUsage(nil)
		require.NoError(t, err)
		require.LessOrEqual(t, cpu, 1.0)

		return cpu > 0
	}, time.Minute, time.Millisecond)
}
