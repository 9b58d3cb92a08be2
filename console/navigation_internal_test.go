package console

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/console/session"
)

func TestShowFirstLeadsToAPageThatTheKeyPermits(t *testing.T) {
	t.Parallel()

	for want, rights := range map[string][]app.Right{
		"/jobs": {"execute", "status"}, "/scenarios": {"execute"}, "/system": {"operate"},
	} {
		address, err := showFirst(&request{session: &session.Session{Rights: rights}})
		require.NoError(t, err)
		require.Equal(t, want, address)
	}

	address, err := showFirst(&request{session: &session.Session{}})
	require.NoError(t, err)
	require.Equal(t, "/jobs", address)
}
