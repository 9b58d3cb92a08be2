package e2e_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
)

func TestSetupSetsTheRetention(t *testing.T) {
	t.Parallel()

	namespace := "setup-" + uuid.NewString()
	environment := []string{"TEMPORAL_ADDRESS=" + shared.temporal.Frontend, "TEMPORAL_NAMESPACE=" + namespace}

	for _, run := range []struct {
		arguments []string
		retention time.Duration
		printed   string
	}{
		{[]string{"--retention", "24h"}, 24 * time.Hour, "Registered the namespace " + namespace + " with a retention of 24h0m0s."},
		{nil, 24 * time.Hour, "The namespace " + namespace + " exists, with a retention of 24h0m0s."},
		{[]string{"--retention", "48h"}, 48 * time.Hour, "Changed the retention of the namespace " + namespace + " from 24h0m0s to 48h0m0s."},
		{[]string{"--retention", "48h"}, 48 * time.Hour, "exists, with a retention of 48h0m0s."},
		{nil, 48 * time.Hour, "exists, with a retention of 48h0m0s."},
	} {
		setup := launch(t, environment, "jobwright", append([]string{"setup"}, run.arguments...)...)
		require.Equal(t, 0, setup.end(t), setup.output())
		require.Contains(t, setup.output(), run.printed)

		found, err := shared.client.WorkflowService().DescribeNamespace(t.Context(),
			&workflowservice.DescribeNamespaceRequest{Namespace: namespace})
		require.NoError(t, err)
		require.Equal(t, run.retention, found.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration())
	}
}
