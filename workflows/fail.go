package workflows

import (
	"cmp"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// failStep fails with the author's code and message.
func (m *machine) failStep(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	params, err := resolve[scenario.Fail](m, ctx, s)
	if err != nil {
		return nil, err
	}

	return nil, failedWith(cmp.Or(params.Code, job.CodeFailed), "%s", params.Message)
}
