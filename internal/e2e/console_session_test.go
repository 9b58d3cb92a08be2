package e2e_test

import (
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/console"
)

// A server refuses sessions that it has not issued, those that have expired, and parts of valid ones, whether a page is opened or a
// form is sent.
func TestConsoleRefusesForgedExpiredAndForeignSessions(t *testing.T) {
	t.Parallel()

	keys, err := seal.Parse(seal.New())
	require.NoError(t, err)

	pages := func(api http.Handler) http.Handler {
		return console.New(console.Options{API: api, Keys: keys, Log: slog.New(slog.DiscardHandler)})
	}
	appID := newApp(t, consoleApp)
	address := serve(t, apiserver.Options{Pages: pages}).address

	jobID := uuid.NewString()
	got := api().execute(t, with(runScenario(appID, "Load", object{"file": "second.csv"}), object{"jobId": jobID, "isAsync": true}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	v := signIn(t, address, appID, callerKey)
	_, _, page := v.get(t, "/jobs/"+jobID)
	require.Contains(t, page, jobID)

	valid := v.session(t)
	require.Len(t, strings.Split(valid.Value, "."), 5, "a signed token would show the key")

	// The clock of this test begins in the year 2000, and the server has the present time.
	var expired string

	synctest.Test(t, func(t *testing.T) {
		form := url.Values{"app": {appID}, "key": {callerKey}, "next": {"/jobs"}}
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, address+"/sign-in", strings.NewReader(form.Encode()))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")

		recorder := httptest.NewRecorder()
		pages(newServer(apiserver.Options{}, devKey)).ServeHTTP(recorder, request)
		require.Equal(t, http.StatusSeeOther, recorder.Code, recorder.Body)

		expired = recorder.Result().Cookies()[0].Value
	})

	foreign := signIn(t, serveConsole(t).address, appID, callerKey).session(t) // Another server, with another key.
	parts := strings.Split(valid.Value, ".")

	for name, value := range map[string]string{
		"empty": "", "a text": "signed in", "algorithm none": "eyJhbGciOiJub25lIn0.eyJ2YWx1ZSI6e319.",
		"expired": expired, "of another server": foreign.Value,
		"another content":   strings.Join(append(parts[:3:3], changed(parts[3]), parts[4]), "."),
		"another signature": strings.Join(append(parts[:4:4], changed(parts[4])), "."),
		"without its end":   valid.Value[:len(valid.Value)-1],
	} {
		forger := visitor{&http.Client{Jar: newJar(t, address, &http.Cookie{Name: valid.Name, Value: value})}, address}

		_, _, text := forger.get(t, "/jobs/"+jobID)
		require.Contains(t, text, "<h1>Sign in</h1>", name)
		require.NotContains(t, text, "Load the second file", name)

		// Also with the token of the valid session.
		_, text = forger.post(t, "/jobs/"+jobID+"/stop", url.Values{"csrf": {csrf(t, page)}})
		require.Contains(t, text, "<h1>Sign in</h1>", name)
	}

	require.NotContains(t, []any{"stopping", "stopped"}, api().status(t, appID, jobID).result(t)["status"])

	// The same cookie, as it was issued, is a session.
	copied := visitor{&http.Client{Jar: newJar(t, address, &http.Cookie{Name: valid.Name, Value: valid.Value})}, address}
	status, text := copied.post(t, "/jobs/"+jobID+"/stop", url.Values{"csrf": {csrf(t, page)}})
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, "stopped", api().awaitStatus(t, appID, jobID, ended)["status"])
}

// changed returns a text with another first character.
func changed(text string) string {
	if text[0] == 'A' {
		return "B" + text[1:]
	}

	return "A" + text[1:]
}

// session returns the cookie of a visitor's session.
func (v visitor) session(t *testing.T) *http.Cookie {
	t.Helper()

	at, err := url.Parse(v.address)
	require.NoError(t, err)

	found := v.client.Jar.Cookies(at)
	require.Len(t, found, 1)

	return found[0]
}

// newJar returns a browser's cookies, with one for an address.
func newJar(t *testing.T, address string, cookie *http.Cookie) *cookiejar.Jar {
	t.Helper()

	at, err := url.Parse(address)
	require.NoError(t, err)

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	jar.SetCookies(at, []*http.Cookie{cookie})

	return jar
}
