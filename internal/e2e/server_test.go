package e2e_test

import (
	"log/slog"
	"net/http/httptest"
	"testing"

	"github.com/jobwright/jobwright/apiserver"
)

// newServer returns an API server over the apps and results of the shared system, but with options of its own.
func newServer(options apiserver.Options, loopbackKey string) *apiserver.Server {
	options.Apps, options.Results, options.LoopbackKey = shared.apps, shared.results, loopbackKey
	options.Log = slog.New(slog.DiscardHandler)

	return apiserver.New(options)
}

// serve serves such a server until the test ends.
func serve(t *testing.T, options apiserver.Options, loopbackKey ...string) caller {
	t.Helper()

	key := devKey
	if len(loopbackKey) > 0 {
		key = loopbackKey[0]
	}

	server := httptest.NewServer(newServer(options, key))
	t.Cleanup(server.Close)

	return caller{server.URL}
}

// silent is a log of the SDK's that nobody reads.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
