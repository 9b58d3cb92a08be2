package activities

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"
)

// errCutOff is why an attempt ends of which Temporal has heard nothing for too long: another one runs by then, or will.
var errCutOff = errors.New("the worker that ran it could not reach Temporal for too long; it is tried again")

// cutOff returns errCutOff with its reason, if that is why ctx has ended: the SDK ends it with the error of the heartbeat that
// was given up.
func cutOff(ctx context.Context) error {
	var (
		cause    = context.Cause(ctx)
		away     *serviceerror.Unavailable
		late     *serviceerror.DeadlineExceeded
		overload *serviceerror.ResourceExhausted
	)

	if errors.As(cause, &away) || errors.As(cause, &late) || errors.As(cause, &overload) {
		return fmt.Errorf("%w (%w)", errCutOff, cause)
	}

	return nil
}
