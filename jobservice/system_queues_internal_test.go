package jobservice

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	workerpb "go.temporal.io/api/worker/v1"

	"github.com/jobwright/jobwright/scenario"
)

func TestQueuesOfAreBounded(t *testing.T) {
	t.Parallel()

	listed := []*workerpb.WorkerListInfo{
		{TaskQueue: "jobwright"},
		{TaskQueue: "jobwright-bulk"},
		{TaskQueue: "heavy"},
		{TaskQueue: "heavy"},
		{TaskQueue: "zoo"},
		{TaskQueue: "temporal-sys-per-ns-tq"},
		{TaskQueue: "temporal-sys/worker-commands/1"},
		{TaskQueue: "a"},
	}

	names, more := queuesOf([]scenario.TaskQueue{"heavy", "jobwright-bulk", "late"}, listed)
	require.Equal(t, []string{"jobwright", "jobwright-bulk", "a", "heavy", "late", "zoo"}, names)
	require.Zero(t, more)

	for i := range 2 * maxQueues {
		listed = append(listed, &workerpb.WorkerListInfo{TaskQueue: fmt.Sprintf("queue-%03d", i)})
	}

	names, more = queuesOf([]scenario.TaskQueue{"zebra"}, listed)
	require.Len(t, names, maxQueues)
	require.Equal(t, maxQueues+6, more, "the others are jobwright, its bulk queue, a, heavy, zoo and zebra")
	require.Contains(t, names, "zebra", "what the app names is not cut off")
	require.NotContains(t, names, "zoo")
}
