package main

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestListenReturnsTheListenerOfTheAPI(t *testing.T) {
	t.Parallel()

	api, err := listen(options{http: "127.0.0.1:0", temporal: "127.0.0.1:0", ui: "127.0.0.1:0"})
	require.NoError(t, err)
	require.NotZero(t, api.Addr().(*net.TCPAddr).Port)
	require.NoError(t, api.Close())
}

func TestListenErrorNamesTheFlag(t *testing.T) { //nolint:tparallel // The rows use one port.
	t.Parallel()

	used, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, used.Close()) })

	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, free.Close())

	const zero = "127.0.0.1:0"

	taken, same := used.Addr().String(), free.Addr().String()
	_, port, err := net.SplitHostPort(same)
	require.NoError(t, err)

	for name, row := range map[string]struct { //nolint:paralleltest // The rows use one port.
		opts options
		want string
	}{
		"API in use":      {options{http: taken, temporal: zero, ui: zero}, "--http " + taken + ": address already in use; choose another address, or port 0 for a free port"},
		"Temporal in use": {options{http: zero, temporal: taken, ui: zero}, "--temporal " + taken + ": address already in use; choose another address, or port 0 for a free port"},
		"UI in use":       {options{http: zero, temporal: zero, ui: taken}, "--ui " + taken + ": address already in use; choose another address, or port 0 for a free port"},
		"UI and Temporal": {options{http: zero, temporal: same, ui: same}, "--ui " + same + ": --temporal uses this address too; choose another address, or port 0 for a free port"},
		"UI and API":      {options{http: same, temporal: zero, ui: "localhost:" + port}, "--ui localhost:" + port + ": --http uses this address too; choose another address, or port 0 for a free port"},
		"no address":      {options{http: zero, temporal: "7233", ui: zero}, `--temporal "7233" is not an address; write host:port, for example 127.0.0.1:8080`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := listen(row.opts)
			require.EqualError(t, err, row.want)
		})
	}
}
