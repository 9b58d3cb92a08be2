package jobservice

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A read takes a second. While the first one runs, fifty calls begin: they share the second read, which begins after them.
func TestReadsDoSharesTheReadAfterTheRunningOne(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		const calls = 50

		var (
			shared reads[time.Time]
			group  sync.WaitGroup
			count  int
		)

		call := func() {
			begun := time.Now()
			read, err := shared.do(t.Context(), "night 1", func() (time.Time, error) {
				began := time.Now()
				count++

				time.Sleep(time.Second) //nolint:forbidigo // Fake time.

				return began, nil
			})
			require.NoError(t, err)
			require.False(t, read.Before(begun), "the read began %s before the call", begun.Sub(read))
		}

		group.Go(call)
		synctest.Wait()
		require.Equal(t, 1, count)
		time.Sleep(time.Second / 2) //nolint:forbidigo // Fake time.

		for range calls {
			group.Go(call)
		}

		group.Wait()
		require.Equal(t, 2, count)
		require.Empty(t, shared.running)
	})
}

func TestReadsDoIsSeparateForEachJobAndEndsWithItsCall(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		var shared reads[string]

		release := make(chan struct{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()

		_, err := shared.do(ctx, "night 1", func() (string, error) {
			<-release

			return "1", nil
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)

		got, err := shared.do(t.Context(), "night 2", func() (string, error) { return "2", nil })
		require.NoError(t, err)
		require.Equal(t, "2", got)

		close(release)
	})
}

func TestReadsDoReturnsErrorsAndPanics(t *testing.T) {
	t.Parallel()

	var shared reads[string]

	failure := errors.New("unreachable")
	_, err := shared.do(t.Context(), "night 1", func() (string, error) { return "", failure })
	require.ErrorIs(t, err, failure)

	_, err = shared.do(t.Context(), "night 1", func() (string, error) { panic("no connection") })
	require.ErrorContains(t, err, "panic: ")
}
