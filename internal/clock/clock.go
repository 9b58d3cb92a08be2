// Package clock has waits that end with their context.
package clock

import (
	"context"
	"time"
)

// Sleep waits for a time. It returns the error of ctx if ctx ends before.
func Sleep(ctx context.Context, length time.Duration) error {
	timer := time.NewTimer(length)
	defer timer.Stop()

	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
