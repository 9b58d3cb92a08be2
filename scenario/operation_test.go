package scenario_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
)

func TestOperationsHaveDescribedFields(t *testing.T) {
	t.Parallel()

	for _, operation := range scenario.Operations() {
		require.NotEmpty(t, operation.Description, operation.Name)
		require.NotEmpty(t, operation.Fields, operation.Name)

		for _, field := range operation.Fields {
			require.NotEmpty(t, field.Name, operation.Name)
			require.NotEmpty(t, field.Description, "%s.%s", operation.Name, field.Name)
		}
	}
}
