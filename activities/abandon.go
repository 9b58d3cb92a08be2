package activities

import (
	"context"
	"time"

	"github.com/jobwright/jobwright/job"
)

// abandonAfter is the time after the end of an attempt's context until the attempt is abandoned: a stopped step ends within five
// seconds. Nearly all attempts end by themselves before.
const abandonAfter = 3 * time.Second

// untilAbandoned returns the results of do, which runs in a goroutine of its own. If do still runs a while after ctx has ended,
// it returns the error that the attempt has for the end of ctx, and do ends on its own: code that nothing can interrupt, such
// as a function of SQLite on a long text, does not delay the end of a step.
//
// An attempt that ends late changes nothing, since it commits only what it has written before ctx ends; only a commit that is
// already running may still succeed. Temporal may have assigned the step to another worker by then, as after a timeout, which
// the idempotency keys allow. do must recover its panics.
func untilAbandoned[T any](ctx context.Context, task job.Task, do func() (*T, error)) (*T, error) {
	type results struct {
		outcome *T
		err     error
	}

	ended := make(chan results, 1)

	go func() {
		outcome, err := do()
		ended <- results{outcome, err}
	}()

	select {
	case got := <-ended:
		return got.outcome, got.err
	case <-ctx.Done():
	}

	timer := time.NewTimer(abandonAfter)
	defer timer.Stop()

	select {
	case got := <-ended:
		return got.outcome, got.err
	case <-timer.C:
		return nil, asFailure(ctx, task, context.Cause(ctx))
	}
}
