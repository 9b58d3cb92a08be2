package e2e_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
)

// attackPage is a web page that makes the browser call the API in each way that needs no permission of the server: an image
// stops the job, a request without Content-Type and a form start another one, and a beacon sends the job a signal.
const attackPage = `<html><body>
<img src="%[1]s/stopJob.jsp?%[2]s">
<img src="%[1]s/stop.jsp?%[2]s" referrerpolicy="no-referrer">
<form action="%[1]s/executeJob.jsp" method="post" enctype="text/plain" target="frame"><input name='%[3]s' value=''></form>
<iframe name="frame"></iframe>
<script>
  document.forms[0].submit()
  fetch("%[1]s/executeJob.jsp", {method: "POST", mode: "no-cors", body: new Blob([%[4]q])})
  navigator.sendBeacon("%[1]s/signalJob.jsp", %[5]q)
</script></body></html>`

const attackRequests = 5

func TestWebPageOfAnotherOriginHasNoEffect(t *testing.T) {
	t.Parallel()

	chromium, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("there is no chromium on this machine")
	}

	require.NoError(t, err)

	calls := make(chan string, 10*attackRequests)
	server := newServer(apiserver.Options{}, devKey)
	recorded := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := httptest.NewRecorder()
		server.ServeHTTP(recorder, r)

		if strings.HasPrefix(r.URL.Path, "/api/v1/") {
			calls <- fmt.Sprint(r.Method, " ", r.URL.Path, " ", recorder.Code)
		}

		maps.Copy(w.Header(), recorder.Header())
		w.WriteHeader(recorder.Code)

		if _, err := w.Write(recorder.Body.Bytes()); err != nil {
			t.Errorf("the browser received no response: %v", err)
		}
	}))
	t.Cleanup(recorded.Close)

	appID, jobID, wait := newWaitingJob(t)
	started := uuid.NewString()

	execute, err := json.Marshal(with(runScenario("7", "Main", object{}), object{"jobId": started}))
	require.NoError(t, err)

	signal := object{"apiKey": devKey, "appId": appID, "jobId": jobID, "signal": "go-WaitForSignal"}
	signalled, err := json.Marshal(signal)
	require.NoError(t, err)

	// The page is not well-formed JSON only because a form separates name and value by an equals sign.
	form := strings.TrimSuffix(string(execute), "}") + `,"ignored":"`

	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, attackPage, recorded.URL+"/api/v1", jobQuery(devKey, appID, jobID), form, execute, signalled)
	}))
	t.Cleanup(page.Close)

	// Both servers are on this machine; the browser knows the page by a foreign name.
	foreign := func(address string) string { return strings.Replace(address, "127.0.0.1", "evil.example", 1) }

	for _, address := range []string{page.URL, foreign(page.URL)} { // The same site with another port, and another site.
		require.NoError(t, browse(t, chromium, "--host-resolver-rules=MAP evil.example 127.0.0.1", "--dump-dom", address).Run())

		for range attackRequests {
			select {
			case call := <-calls:
				require.Regexp(t, " 403$", call)
			case <-time.After(time.Minute):
				require.Fail(t, "the page made too few calls")
			}
		}
	}

	// By DNS rebinding, a page reads responses as if they were its own.
	status := "/api/v1/getJobStatus.jsp?" + jobQuery(devKey, appID, jobID)
	shown, err := browse(t, chromium, "--host-resolver-rules=MAP evil.example 127.0.0.1", "--dump-dom", foreign(recorded.URL)+status).
		Output()
	require.NoError(t, err)
	require.Contains(t, string(shown), "host_not_allowed")
	require.NotContains(t, string(shown), "running")

	// The same calls of a program take effect.
	api := caller{recorded.URL}
	running := api.status(t, appID, jobID).result(t)
	require.Equal(t, "running", running["status"])
	require.NotEmpty(t, running["signals"], "no signal has arrived")
	require.Equal(t, http.StatusNotFound, api.status(t, "7", started).status, "no job was started")

	require.Equal(t, http.StatusOK, api.execute(t, with(runScenario("7", "Main", object{}), object{"jobId": started})).status)
	require.Equal(t, http.StatusOK, api.signal(t, signal).status)
	require.Equal(t, http.StatusOK, wait().status)

	got := api.call(t, http.MethodGet, "/api/v1/stopJob.jsp?"+jobQuery(devKey, appID, jobID), nil, "")
	require.Equal(t, "already completed", got.result(t)["status"])
}

func TestRequestsOfBrowsersAreRefused(t *testing.T) {
	t.Parallel()

	const secret = "a-random-key"

	server := newServer(apiserver.Options{LoopbackKey: secret}, devKey)
	recorded := httptest.NewServer(server)
	t.Cleanup(recorded.Close)

	const (
		stop   = "/api/v1/stopJob.jsp?appId=7&jobId=nowhere"
		status = "/api/v1/getJobStatus.jsp?appId=7&jobId=nowhere"
	)

	bearer := "Bearer " + secret
	body := `{"appId": "7", "jobId": "nowhere", "apiKey": "` + secret + `"}`

	for name, row := range map[string]struct {
		method, path string
		header       http.Header
		body         string
		status       int
		code         string
	}{
		"GET with the known key":               {"GET", stop + "&apiKey=dev", nil, "", 404, "job_not_found"},
		"GET with the known key and a cookie":  {"GET", stop + "&apiKey=dev", http.Header{"Cookie": {"a=b"}}, "", 403, "browser_refused"},
		"GET with the known key and a referer": {"GET", stop + "&apiKey=dev", http.Header{"Referer": {"http://x.example"}}, "", 403, "browser_refused"},
		"a typed address that changes":         {"GET", stop + "&apiKey=" + secret, http.Header{"Sec-Fetch-Site": {"none"}}, "", 403, "browser_refused"},
		"a typed address that reads":           {"GET", status + "&apiKey=" + secret, http.Header{"Sec-Fetch-Site": {"none"}}, "", 404, "job_not_found"},
		"a typed address with the known key":   {"GET", status + "&apiKey=dev", http.Header{"Sec-Fetch-Site": {"none"}}, "", 401, "unauthorized"},
		"the key in a header":                  {"GET", stop, http.Header{"Sec-Fetch-Site": {"same-origin"}, "Authorization": {bearer}}, "", 404, "job_not_found"},
		"another site":                         {"GET", status, http.Header{"Sec-Fetch-Site": {"cross-site"}, "Authorization": {bearer}}, "", 403, "browser_refused"},
		"another port":                         {"POST", "/api/v1/stopJob", http.Header{"Sec-Fetch-Site": {"same-site"}, "Content-Type": {"application/json"}}, body, 403, "browser_refused"},
		"an old browser":                       {"POST", "/api/v1/stopJob", http.Header{"Origin": {"http://x.example"}, "Content-Type": {"application/json"}}, body, 403, "browser_refused"},
		"a page in a sandbox":                  {"POST", "/api/v1/stopJob", http.Header{"Origin": {"null"}, "Content-Type": {"application/json"}}, body, 403, "browser_refused"},
		"a preflight":                          {"OPTIONS", "/api/v1/stopJob", http.Header{"Origin": {"http://x.example"}, "Access-Control-Request-Method": {"POST"}}, "", 403, "browser_refused"},
		"a page of the server itself":          {"POST", "/api/v1/stopJob", http.Header{"Sec-Fetch-Site": {"same-origin"}, "Content-Type": {"application/json"}}, body, 404, "job_not_found"},
		"no Content-Type":                      {"POST", "/api/v1/stopJob", nil, body, 415, "media_type_unsupported"},
		"the Content-Type of a form":           {"POST", "/api/v1/stopJob", http.Header{"Content-Type": {"text/plain"}}, body, 415, "media_type_unsupported"},
		"a foreign host":                       {"POST", "/api/v1/stopJob", http.Header{"Host": {"evil.example"}, "Content-Type": {"application/json"}}, body, 421, "host_not_allowed"},
		"a foreign host of a health check":     {"GET", "/healthz", http.Header{"Host": {"evil.example"}}, "", 421, "host_not_allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			request, err := http.NewRequestWithContext(t.Context(), row.method, recorded.URL+row.path, strings.NewReader(row.body))
			require.NoError(t, err)

			if row.header != nil {
				request.Header, request.Host = row.header, row.header.Get("Host")
			}

			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)

			defer func() { require.NoError(t, response.Body.Close()) }()

			var got struct {
				Result struct {
					Code string `json:"code"`
				} `json:"result"`
			}
			require.NoError(t, json.NewDecoder(response.Body).Decode(&got))
			require.Equal(t, row.status, response.StatusCode)
			require.Equal(t, row.code, got.Result.Code)
			require.Empty(t, response.Header.Get("Access-Control-Allow-Origin"))
		})
	}
}

func TestAllowedHostsAreServed(t *testing.T) {
	t.Parallel()

	server := newServer(apiserver.Options{Hosts: []string{"jobs.example.com"}}, "")

	for host, want := range map[string]int{
		"jobs.example.com": http.StatusOK, "jobs.example.com:443": http.StatusOK, "localhost:8080": http.StatusOK,
		"other.example.com": http.StatusMisdirectedRequest,
	} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", nil)
		request.Host = host

		recorder := httptest.NewRecorder()
		server.ServeHTTP(recorder, request)
		require.Equal(t, want, recorder.Code, host)
	}
}

func TestNoKeyInRedirectsLogsAndCaches(t *testing.T) {
	t.Parallel()

	var log syncBuffer

	api := serve(t, apiserver.Options{
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	})

	for _, path := range []string{
		"/api/v1/getJobStatus/?", "/api/v1/getJobStatus;", "//api/v1/getJobStatus?", "/api/v1/../v1/getJobStatus?",
		"/api/v1/getJobStatus%3F", "/API/V1/getJobStatus?", "/healthz?", "/api/v1/getJobStatus?",
	} {
		got := api.call(t, http.MethodGet, path+url.Values{"apiKey": {"the-secret"}}.Encode(), nil, "")
		require.NotContains(t, got.text, "the-secret", path)
		require.Empty(t, got.header.Get("Location"), path)
		require.NotContains(t, []int{http.StatusMovedPermanently, http.StatusTemporaryRedirect}, got.status, path)

		require.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"), path)
		require.Equal(t, "no-store", got.header.Get("Cache-Control"), path)
		require.Equal(t, "no-referrer", got.header.Get("Referrer-Policy"), path)
		require.Contains(t, got.header.Get("Content-Security-Policy"), "default-src 'none'", path)
	}

	require.Contains(t, log.String(), "status=404")
	require.NotContains(t, log.String(), "the-secret")
}
