package cli_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/metrics"
)

func TestReportAppsShowsInvalidAppsInLogAndMetrics(t *testing.T) {
	t.Parallel()

	sdk, endpoint, err := metrics.New()
	require.NoError(t, err)

	var log bytes.Buffer

	report := cli.ReportApps(slog.New(slog.NewTextHandler(&log, nil)), sdk)
	scrape := func() string {
		response := httptest.NewRecorder()
		endpoint.ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))

		return response.Body.String()
	}

	report("7", nil)
	report("8", nil)
	require.Empty(t, log.String())
	require.Contains(t, scrape(), `jobwright_app_stale{app="7"} 0`)

	report("7", errors.New("a mistake"))
	require.Equal(t, 1, strings.Count(log.String(), "\n"))
	require.Contains(t, log.String(), `app=7 error="a mistake"`)
	require.Contains(t, scrape(), `jobwright_app_stale{app="7"} 1`)
	require.Contains(t, scrape(), `jobwright_app_reload_failures_total{app="7"} 1`)
	require.Contains(t, scrape(), `jobwright_app_stale{app="8"} 0`)

	report("7", nil)
	report("7", nil)
	require.Equal(t, 2, strings.Count(log.String(), "\n"))
	require.Contains(t, log.String(), "app.yaml is valid again")
	require.Contains(t, scrape(), `jobwright_app_stale{app="7"} 0`)
}
