package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// returnValue ends the scenario.
func (m *machine) returnValue(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	params, err := m.resolve(ctx, s)
	if err != nil {
		return nil, err
	}

	if err := checkSize("the value", params["value"]); err != nil {
		return nil, err
	}

	return nil, &returned{value: params["value"]}
}
