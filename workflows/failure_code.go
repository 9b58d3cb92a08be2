package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// maxIndexedCode is the length of a code in the search attribute, in bytes. SQL databases store 255 characters.
const maxIndexedCode = 200

// indexCode sets the search attribute with the code of the failure of a job that fails, so that lists of jobs have it.
func indexCode(ctx workflow.Context, ended error) error {
	failed, isFailure := errors.AsType[*temporal.ApplicationError](ended)
	if !isFailure || workflow.IsContinueAsNewError(ended) {
		return nil
	}

	return workflow.UpsertTypedSearchAttributes(ctx, job.CodeAttribute.ValueSet(shorten(failed.Type(), maxIndexedCode)))
}
