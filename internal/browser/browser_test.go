package browser_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/browser"
)

func request(t *testing.T, header http.Header) *http.Request {
	t.Helper()

	made := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8080/", nil)
	made.Header = header

	return made
}

func TestHostsAllowNoForeignHost(t *testing.T) {
	t.Parallel()

	hosts := browser.Hosts{"jobs.example.com", "2001:db8::7"}

	for host, want := range map[string]bool{
		"localhost": true, "localhost:8080": true, "LOCALHOST.": true, "127.0.0.1:8080": true, "127.0.0.2": true,
		"[::1]:8080": true, "[::1]": true, "[::ffff:127.0.0.1]:80": true, "": true,
		"jobs.example.com": true, "Jobs.Example.com:443": true, "[2001:db8::7]:8080": true,
		"192.0.2.1:8080": true, // The address of the connection.

		"evil.example": false, "evil.example:8080": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false,
		"evil.jobs.example.com": false, "192.0.2.2:8080": false, "0.0.0.0:8080": false, "127.1": false, "2130706433": false,
		"evil.example\x00localhost": false, "localhost:8080@evil.example": false,
	} {
		local := &net.TCPAddr{IP: net.ParseIP("192.0.2.1"), Port: 8080}
		made := request(t, http.Header{})
		made = made.WithContext(context.WithValue(made.Context(), http.LocalAddrContextKey, local))
		made.Host = host
		require.Equal(t, want, hosts.Allow(made), "%q", host)
	}
}

func TestIsCrossOriginHoldsForGET(t *testing.T) {
	t.Parallel()

	for _, row := range []struct {
		header http.Header
		want   bool
	}{
		{http.Header{}, false},
		{http.Header{"Sec-Fetch-Site": {"none"}}, false},
		{http.Header{"Sec-Fetch-Site": {"same-origin"}}, false},
		{http.Header{"Origin": {"http://127.0.0.1:8080"}}, false},
		{http.Header{"Sec-Fetch-Site": {"same-site"}}, true}, // Another port of this machine.
		{http.Header{"Sec-Fetch-Site": {"cross-site"}}, true},
		{http.Header{"Origin": {"http://127.0.0.1:9090"}}, true},
		{http.Header{"Origin": {"http://evil.example"}}, true},
		{http.Header{"Origin": {"null"}}, true},
	} {
		require.Equal(t, row.want, browser.IsCrossOrigin(request(t, row.header)), "%v", row.header)
	}
}

func TestSentRecognizesBrowsersAndNoOtherPrograms(t *testing.T) {
	t.Parallel()

	for name, header := range map[string]http.Header{
		"curl":       {"User-Agent": {"curl/8.5.0"}, "Accept": {"*/*"}},
		"Node.js":    {"User-Agent": {"node"}, "Accept": {"*/*"}, "Accept-Language": {"*"}, "Sec-Fetch-Mode": {"cors"}},
		"PowerShell": {"User-Agent": {"Mozilla/5.0 (Windows NT 10.0; en-US) PowerShell/7.4.0"}},
	} {
		require.False(t, browser.Sent(request(t, header)), name)
	}

	for _, name := range []string{"Origin", "Referer", "Cookie", "Sec-Fetch-Site", "Sec-Fetch-Dest"} {
		require.True(t, browser.Sent(request(t, http.Header{name: {"x"}})), name)
	}
}
