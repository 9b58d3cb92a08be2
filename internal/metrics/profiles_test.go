package metrics_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/metrics"
)

func TestProfilesAreServedToTheSameMachineOnly(t *testing.T) {
	t.Parallel()

	for address, want := range map[string]int{
		"127.0.0.1:4711": http.StatusOK, "[::1]:4711": http.StatusOK, "[::ffff:127.0.0.1]:4711": http.StatusOK,
		"192.0.2.7:4711": http.StatusForbidden, "[2001:db8::7]:4711": http.StatusForbidden, "": http.StatusForbidden,
	} {
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/heap"} {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
			request.RemoteAddr = address

			response := httptest.NewRecorder()
			metrics.Profiles().ServeHTTP(response, request)
			require.Equal(t, want, response.Code, "%s %s", address, path)
		}
	}
}
