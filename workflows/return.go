package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// returnValue ends the scenario with a value.
func (m *machine) returnValue(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	params, err := resolve[scenario.Return](m, ctx, s)
	if err != nil {
		return nil, err
	}

	if err := checkSize("the value", params.Value.Any); err != nil {
		return nil, err
	}

	return nil, &returned{value: params.Value.Any}
}
