package apiserver

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/jobservice"
)

func TestCallQuotasAdmit(t *testing.T) {
	t.Parallel()

	var quotas callQuotas

	now := time.Now()
	busy := &app.App{ID: "7", Quota: app.Quota{CallsPerMinute: 3}}
	free := &app.App{ID: "8"}

	for range 3 {
		require.NoError(t, quotas.admit(busy, now))
	}

	err := quotas.admit(busy, now)
	exceeded, ok := errors.AsType[*jobservice.Error](err)
	require.True(t, ok)
	require.Equal(t, jobservice.CodeQuotaExceeded, exceeded.Code)
	require.Equal(t, 20*time.Second, exceeded.RetryAfter)
	require.Contains(t, exceeded.Message, "limits.callsPerMinute in its app.yaml permits, 3 in a minute")

	require.NoError(t, quotas.admit(free, now), "another app has no quota")
	require.Error(t, quotas.admit(busy, now.Add(19*time.Second)))
	require.NoError(t, quotas.admit(busy, now.Add(21*time.Second)), "a refused call does not count")
	require.Error(t, quotas.admit(busy, now.Add(21*time.Second)))

	// A larger quota in app.yaml takes effect without a restart.
	require.NoError(t, quotas.admit(&app.App{ID: "7", Quota: app.Quota{CallsPerMinute: 600}}, now.Add(22*time.Second)))
}
