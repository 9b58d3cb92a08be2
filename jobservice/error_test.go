package jobservice_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"github.com/jobwright/jobwright/jobservice"
)

func TestTemporalErrorSaysWhetherToRepeatTheCall(t *testing.T) {
	t.Parallel()

	jobs := jobservice.New(jobservice.Options{})

	for name, test := range map[string]struct {
		err  error
		code jobservice.Code
	}{
		"unreachable":          {serviceerror.NewUnavailable("connection refused"), jobservice.CodeTemporalUnavailable},
		"a part is stopping":   {serviceerror.NewCanceled("context canceled"), jobservice.CodeTemporalUnavailable},
		"a part has failed":    {serviceerror.NewInternal("shard closed"), jobservice.CodeTemporalUnavailable},
		"too many requests":    {&serviceerror.ResourceExhausted{}, jobservice.CodeTooManyRequests},
		"a failing task":       {serviceerror.NewWorkflowNotReady("Workflow Task in failed state"), jobservice.CodeTooManyRequests},
		"no such namespace":    {serviceerror.NewNamespaceNotFound("jobs"), jobservice.CodeTemporalUnavailable},
		"a mistake of ours":    {serviceerror.NewInvalidArgument("the memo is too large"), jobservice.CodeInternal},
		"an error of our code": {errors.New("a response that can't be read"), jobservice.CodeInternal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			failed, ok := errors.AsType[*jobservice.Error](jobs.TemporalError(t.Context(), test.err))
			require.True(t, ok)
			require.Equal(t, test.code, failed.Code, failed.Message)
			require.Equal(t, test.code != jobservice.CodeInternal, failed.RetryAfter >= time.Second)
			require.ErrorIs(t, failed, test.err, "the log needs the reason")
		})
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	require.Equal(t, context.Canceled, jobs.TemporalError(ctx, context.Canceled), "the caller has gone")
}
