package temporalserver

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProtectRefusesForeignHostsAndCrossOriginChanges(t *testing.T) {
	t.Parallel()

	handler := protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), []string{"dev.example"})

	for _, row := range []struct {
		method, host string
		header       http.Header
		want         int
	}{
		{http.MethodGet, "127.0.0.1:8233", nil, http.StatusOK},
		{http.MethodGet, "localhost:8233", http.Header{"Sec-Fetch-Site": {"cross-site"}}, http.StatusOK}, // A link to the UI.
		{http.MethodPost, "localhost:8233", http.Header{"Sec-Fetch-Site": {"same-origin"}}, http.StatusOK},
		{http.MethodGet, "dev.example", nil, http.StatusOK},
		{http.MethodGet, "evil.example:8233", nil, http.StatusMisdirectedRequest},
		{http.MethodPost, "localhost:8233", http.Header{"Sec-Fetch-Site": {"cross-site"}}, http.StatusForbidden},
		{http.MethodPost, "localhost:8233", http.Header{"Origin": {"http://localhost:9000"}}, http.StatusForbidden},
	} {
		request := httptest.NewRequestWithContext(t.Context(), row.method, "/", nil)
		request.Host, request.Header = row.host, row.header

		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		require.Equal(t, row.want, recorder.Code, "%+v", row)
	}
}
