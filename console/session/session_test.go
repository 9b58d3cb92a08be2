package session_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/apiserver/oidc"
	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/apikey"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/audit"
	"github.com/jobwright/jobwright/console/session"
	"github.com/jobwright/jobwright/jobservice"
)

// buffer is a log. Many goroutines may use it at once.
type buffer struct {
	mutex sync.Mutex
	bytes.Buffer
}

func (b *buffer) Write(text []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	return b.Buffer.Write(text)
}

func (b *buffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	return b.Buffer.String()
}

// site is an API server with pages for those who are signed in.
type site struct {
	http.Handler

	sessions      *session.Sessions
	manifest      string // The path of the app.yaml of app 7.
	key           string
	log, auditLog buffer
}

// newSite returns a site.
func newSite(t *testing.T, configure func(*session.Options)) *site {
	t.Helper()

	return newSiteWith(t, nil, configure)
}

// newSiteWith returns a site that accepts the tokens of an identity provider, too.
func newSiteWith(t *testing.T, verifier *oidc.Verifier, configure func(*session.Options)) *site {
	t.Helper()

	s := &site{key: apikey.New()}
	dir := t.TempDir()
	s.manifest = filepath.Join(dir, "7", "app.yaml")

	require.NoError(t, os.MkdirAll(filepath.Dir(s.manifest), 0o750))
	s.writeManifest(t, s.key)

	apps, err := app.Open(dir, app.Options{})
	require.NoError(t, err)

	log, audited := slog.New(slog.NewJSONHandler(&s.log, nil)), audit.New(&s.auditLog)
	options := session.Options{
		API: apiserver.New(apiserver.Options{
			Jobs: jobservice.New(jobservice.Options{Log: log}), Apps: apps, Log: log, Audit: audited, WellKnownKey: "dev",
			LoopbackKey: "only from here", MaxFailures: 3, IdentityProvider: verifier,
		}),
		Log: log, Audit: audited,
	}

	if configure != nil {
		configure(&options)
	}

	s.sessions, err = session.New(options)
	require.NoError(t, err)

	mux := http.NewServeMux()
	s.sessions.Register(mux)
	mux.Handle("/", s.sessions.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found, ok := session.Of(r)
		if !ok || r.Method == http.MethodPost && s.sessions.CheckCSRF(r) != nil {
			http.Error(w, "refused", http.StatusForbidden)

			return
		}

		_, _ = io.WriteString(w, strings.Join([]string{"page", found.App, found.CSRF}, " "))
	})))

	s.Handler = mux

	return s
}

// writeManifest writes the app.yaml with the keys of an access.
func (s *site) writeManifest(t *testing.T, keys ...string) {
	t.Helper()

	text := "access:\n  - name: anna\n    keys:\n"
	for _, key := range keys {
		text += "      - {sha256: " + apikey.DigestOf(key).String() + "}\n"
	}

	text += "  - name: on call\n    claims: {groups: operators}\n"

	require.NoError(t, os.WriteFile(s.manifest, []byte(text), 0o600))
}

// browser sends requests as a browser does.
type browser struct {
	site    http.Handler
	origin  string
	cookies map[string]*http.Cookie
	header  http.Header // Of the next request, beside the usual ones.
}

func (s *site) browser() *browser { return open(s, "http://127.0.0.1:8080") }

func open(s http.Handler, origin string) *browser {
	return &browser{site: s, origin: origin, cookies: map[string]*http.Cookie{}, header: http.Header{}}
}

// send sends a request. A form makes it a POST.
func (b *browser) send(t *testing.T, path string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()

	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}

	request := httptest.NewRequestWithContext(t.Context(), method, b.origin+path, body)
	request.RemoteAddr = "127.0.0.1:40000"
	request.Header = http.Header{
		"Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Mode": {"navigate"}, "Accept": {"text/html"},
		"Content-Type": {"application/x-www-form-urlencoded"},
	}

	for name, values := range b.header {
		request.Header[name] = values
		if values[0] == "" {
			request.Header.Del(name)
		}
	}

	for _, cookie := range b.cookies {
		request.AddCookie(cookie)
	}

	answered := httptest.NewRecorder()
	b.site.ServeHTTP(answered, request)

	for _, cookie := range answered.Result().Cookies() {
		if cookie.MaxAge < 0 {
			delete(b.cookies, cookie.Name)
		} else {
			b.cookies[cookie.Name] = cookie
		}
	}

	return answered
}

// signIn sends the form with the key.
func (b *browser) signIn(t *testing.T, key string) *httptest.ResponseRecorder {
	t.Helper()

	return b.send(t, "/sign-in", url.Values{"app": {"7"}, "key": {key}, "next": {"/jobs?status=failed"}})
}

// csrf returns the token of the session.
func (b *browser) csrf(t *testing.T) string {
	t.Helper()

	return strings.TrimPrefix(b.send(t, "/", nil).Body.String(), "page 7 ")
}

func TestSignInBeginsASession(t *testing.T) {
	t.Parallel()

	s := newSite(t, nil)
	b := s.browser()

	got := b.signIn(t, s.key)
	require.Equal(t, http.StatusSeeOther, got.Code, got.Body)
	require.Equal(t, "/jobs?status=failed", got.Header().Get("Location"))

	cookie := b.cookies["jobwright-session-8080"]
	require.NotNil(t, cookie)
	require.True(t, cookie.HttpOnly)
	require.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
	require.Equal(t, "/", cookie.Path)
	require.Empty(t, cookie.Domain)
	require.InDelta(t, session.Idle.Seconds(), cookie.MaxAge, 2)
	require.Len(t, strings.Split(cookie.Value, "."), 5, "a signed token would show the key")

	page := b.send(t, "/", nil)
	require.Equal(t, http.StatusOK, page.Code)
	require.Contains(t, page.Body.String(), "page 7 ")
	require.Empty(t, page.Result().Cookies(), "the session is new")

	require.Contains(t, s.auditLog.String(), `"call":"signIn","app":"7"`)
	require.NotContains(t, s.auditLog.String()+s.log.String(), s.key)
}

func TestSessionsAreSecureWithTLS(t *testing.T) {
	t.Parallel()

	secure := newSite(t, func(options *session.Options) { options.URL = &url.URL{Scheme: "https", Host: "jobs.example.com"} })

	for name, b := range map[string]*browser{
		"TLS":            open(newSite(t, nil), "https://localhost"),
		"proxy's header": {site: newSite(t, nil), origin: "http://localhost", header: http.Header{"X-Forwarded-Proto": {"https"}}},
		"URL":            open(secure, "http://localhost"),
	} {
		b.cookies = map[string]*http.Cookie{}
		require.Equal(t, http.StatusSeeOther, b.signIn(t, keyOf(t, b)).Code, name)

		cookie := b.cookies["__Host-jobwright-session"]
		require.NotNil(t, cookie, name)
		require.True(t, cookie.Secure, name)
		require.Equal(t, http.StatusOK, b.send(t, "/", nil).Code, name)
	}
}

// keyOf returns the key of the browser's site.
func keyOf(t *testing.T, b *browser) string {
	t.Helper()

	s, ok := b.site.(*site)
	require.True(t, ok)

	return s.key
}

func TestRequireSendsToTheSignInAndBack(t *testing.T) {
	t.Parallel()

	b := newSite(t, nil).browser()

	got := b.send(t, "/jobs?status=failed&app=7", nil)
	require.Equal(t, http.StatusSeeOther, got.Code)
	require.Equal(t, "/sign-in?next=%2Fjobs%3Fstatus%3Dfailed%26app%3D7", got.Header().Get("Location"))

	page := b.send(t, got.Header().Get("Location"), nil)
	require.Equal(t, http.StatusOK, page.Code)
	require.Contains(t, page.Body.String(), `name="next" value="/jobs?status=failed&amp;app=7"`)
	require.Contains(t, page.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'")

	// A form that was open when the session ended leads back to its page.
	for from, next := range map[string]string{b.origin + "/jobs/night-1": "/jobs/night-1", "http://evil.example/jobs/night-1": "/"} {
		b.header = http.Header{"Referer": {from}}
		page := b.send(t, "/jobs/night-1/stop", url.Values{})
		require.Equal(t, http.StatusUnauthorized, page.Code)
		require.Contains(t, page.Body.String(), `name="next" value="`+next+`"`)
		require.Contains(t, page.Body.String(), "nothing was done")
	}

	b.header = http.Header{"Sec-Fetch-Mode": {"cors"}}
	require.Equal(t, http.StatusUnauthorized, b.send(t, "/jobs", nil).Code, "a script can't follow to the sign-in")

	b.header = http.Header{"Sec-Fetch-Mode": {""}, "Accept": {"*/*"}}
	require.Equal(t, http.StatusUnauthorized, b.send(t, "/jobs", nil).Code)
}

// A browser sends no strict cookies when it follows the link of another site. The page that it gets opens the page again.
func TestRequireContinuesAfterALinkOfAnotherSite(t *testing.T) {
	t.Parallel()

	b := newSite(t, nil).browser()
	b.header = http.Header{"Sec-Fetch-Site": {"cross-site"}}

	got := b.send(t, `/jobs?a="><script>`, nil)
	require.Equal(t, http.StatusOK, got.Code)
	require.Equal(t, `0; url=/jobs?a="><script>`, got.Header().Get("Refresh"))
	require.NotContains(t, got.Body.String(), "<script")
}

func TestNextIsAPageOfThisServer(t *testing.T) {
	t.Parallel()

	s := newSite(t, nil)

	for next, want := range map[string]string{
		"/jobs/night-1?step=3#log": "/jobs/night-1?step=3#log",
		"/":                        "/",
		"":                         "/",
		"jobs":                     "/",
		"//evil.example":           "/",
		"///evil.example":          "/",
		`/\evil.example`:           "/",
		`\\evil.example`:           "/",
		"/\t/evil.example":         "/",
		"/%09/evil.example":        "/%09/evil.example",
		"/%2f/evil.example":        "/",
		"http://evil.example":      "/",
		"javascript:alert(1)":      "/",
		"/a\r\nSet-Cookie: x=y":    "/",
		"/sign-out":                "/",
		"/sign-in?next=/":          "/",
	} {
		b := s.browser()
		got := b.send(t, "/sign-in", url.Values{"app": {"7"}, "key": {s.key}, "next": {next}})
		require.Equal(t, http.StatusSeeOther, got.Code)
		require.Equal(t, want, got.Header().Get("Location"), "%q", next)
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()

	s := newSite(t, nil)

	synctest.Test(t, func(t *testing.T) {
		b := s.browser()
		b.signIn(t, s.key)

		time.Sleep(session.Idle - time.Second) //nolint:forbidigo // Fake time.

		// A script of an open page does not extend the session.
		b.header = http.Header{"Sec-Fetch-Mode": {"cors"}}
		require.Equal(t, http.StatusOK, b.send(t, "/", nil).Code)
		require.Empty(t, b.send(t, "/", nil).Result().Cookies())
		time.Sleep(time.Second) //nolint:forbidigo // Fake time.
		require.Equal(t, http.StatusUnauthorized, b.send(t, "/", nil).Code)

		// A person does, up to a limit.
		b = s.browser()
		b.signIn(t, s.key)

		began := time.Now()
		for time.Since(began) < session.Lifetime-time.Hour {
			time.Sleep(time.Hour) //nolint:forbidigo // Fake time.
			require.Equal(t, http.StatusOK, b.send(t, "/", nil).Code, time.Since(began))
		}

		time.Sleep(time.Hour) //nolint:forbidigo // Fake time.
		require.Equal(t, http.StatusSeeOther, b.send(t, "/", nil).Code)
	})
}

func TestSessionEndsWithItsKey(t *testing.T) {
	t.Parallel()

	s := newSite(t, nil)

	synctest.Test(t, func(t *testing.T) {
		b := s.browser()
		b.signIn(t, s.key)
		s.writeManifest(t, apikey.New())
		time.Sleep(10 * time.Minute) //nolint:forbidigo // Fake time.

		got := b.send(t, "/jobs/night-1", nil)
		require.Equal(t, http.StatusUnauthorized, got.Code)
		require.Contains(t, got.Body.String(), "You were signed out: the API key is wrong.")
		require.Contains(t, got.Body.String(), `value="/jobs/night-1"`)
		require.Empty(t, b.cookies)
	})
}

func TestForgedSessionsAreRefused(t *testing.T) {
	t.Parallel()

	s := newSite(t, nil)
	b := s.browser()
	b.signIn(t, s.key)

	cookie := b.cookies["jobwright-session-8080"]
	valid := cookie.Value
	parts := strings.Split(valid, ".")

	other := newSite(t, nil).browser()
	other.signIn(t, keyOf(t, other))

	flip := func(text string) string {
		replaced := byte('A')
		if text[0] == replaced {
			replaced = 'B'
		}

		return string(replaced) + text[1:]
	}

	for name, value := range map[string]string{
		"empty":           "",
		"text":            "signed in",
		"changed content": strings.Join([]string{parts[0], parts[1], parts[2], flip(parts[3]), parts[4]}, "."),
		"changed tag":     strings.Join([]string{parts[0], parts[1], parts[2], parts[3], flip(parts[4])}, "."),
		"changed header":  strings.Join([]string{flip(parts[0]), parts[1], parts[2], parts[3], parts[4]}, "."),
		"algorithm none":  "eyJhbGciOiJub25lIn0.eyJ2YWx1ZSI6e319.",
		"another server":  other.cookies["jobwright-session-8080"].Value,
	} {
		cookie.Value = value
		require.Equal(t, http.StatusSeeOther, b.send(t, "/", nil).Code, name)
	}

	cookie.Value = valid
	require.Equal(t, http.StatusOK, b.send(t, "/", nil).Code)
}

func TestServersWithTheSameKeyShareSessions(t *testing.T) {
	t.Parallel()

	secret := seal.New()

	with := func(text string) *site {
		return newSite(t, func(options *session.Options) {
			keys, err := seal.Parse(text)
			require.NoError(t, err)

			options.Keys = keys
		})
	}
	first, second := with(secret), with(seal.New()+"\n"+secret)

	b := first.browser()
	b.signIn(t, first.key)
	b.site = second
	require.Equal(t, http.StatusOK, b.send(t, "/", nil).Code)
	require.NotContains(t, first.log.String(), "sign-ins to the console end with this process")
	require.Contains(t, newSiteLog(t), "sign-ins to the console end with this process")
}

func newSiteLog(t *testing.T) string {
	t.Helper()

	return newSite(t, nil).log.String()
}

func TestCheckCSRF(t *testing.T) {
	t.Parallel()

	s := newSite(t, nil)
	b := s.browser()
	b.signIn(t, s.key)

	token := b.csrf(t)
	require.NotEmpty(t, token)

	other := s.browser()
	other.signIn(t, s.key)

	foreign := http.Header{"Sec-Fetch-Site": {""}, "Origin": {"http://evil.example"}}

	for _, row := range []struct {
		name   string
		form   url.Values
		header http.Header
		want   int
	}{
		{"form", url.Values{"csrf": {token}}, nil, http.StatusOK},
		{"header", url.Values{}, http.Header{"X-Csrf-Token": {token}}, http.StatusOK},
		{"none", url.Values{}, nil, http.StatusForbidden},
		{"empty", url.Values{"csrf": {""}}, nil, http.StatusForbidden},
		{"another session", url.Values{"csrf": {other.csrf(t)}}, nil, http.StatusForbidden},
		{"another site", url.Values{"csrf": {token}}, http.Header{"Sec-Fetch-Site": {"cross-site"}}, http.StatusForbidden},
		{"another port", url.Values{"csrf": {token}}, http.Header{"Sec-Fetch-Site": {"same-site"}}, http.StatusForbidden},
		{"another origin", url.Values{"csrf": {token}}, foreign, http.StatusForbidden},
	} {
		b.header = row.header
		require.Equal(t, row.want, b.send(t, "/", row.form).Code, row.name)
	}

	b.header = nil
	require.Equal(t, http.StatusForbidden, b.send(t, "/?csrf="+token, url.Values{}).Code, "a token in an address is in histories")
}

func TestSignInRefusesWrongKeysAndCountsThem(t *testing.T) {
	t.Parallel()

	s := newSite(t, nil)
	b := s.browser()

	got := b.signIn(t, "")
	require.Equal(t, http.StatusBadRequest, got.Code)
	require.Contains(t, got.Body.String(), "Enter an API key.")

	wrong := apikey.New()

	got = b.signIn(t, wrong)
	require.Equal(t, http.StatusUnauthorized, got.Code)
	require.Contains(t, got.Body.String(), "The API key is wrong.")
	require.Contains(t, got.Body.String(), `value="/jobs?status=failed"`)
	require.NotContains(t, got.Body.String(), wrong)

	got = b.signIn(t, "dev")
	require.Equal(t, http.StatusUnauthorized, got.Code, "any page could send the well-known key")

	require.Equal(t, http.StatusUnauthorized, b.signIn(t, wrong).Code)

	got = b.signIn(t, wrong)
	require.Equal(t, http.StatusTooManyRequests, got.Code)
	require.NotEmpty(t, got.Header().Get("Retry-After"))
	require.Empty(t, b.cookies)

	require.Contains(t, s.auditLog.String(), `"call":"signIn","app":"7","outcome":"unauthorized","remote":"127.0.0.1"`)
	require.Contains(t, s.auditLog.String(), `"outcome":"too_many_failures"`)
	require.NotContains(t, s.auditLog.String()+s.log.String(), wrong)

	require.Equal(t, http.StatusSeeOther, b.signIn(t, s.key).Code, "a wrong key must not lock out others")
}

func TestSignInSaysThatTheServerIsTooSlow(t *testing.T) {
	t.Parallel()

	s := newSite(t, func(options *session.Options) {
		options.API = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	})

	synctest.Test(t, func(t *testing.T) {
		got := s.browser().signIn(t, s.key)
		require.Equal(t, http.StatusServiceUnavailable, got.Code)
		require.Equal(t, "5", got.Header().Get("Retry-After"))
		require.Contains(t, got.Body.String(), "The server has not verified the key in time; try again.")
		require.Contains(t, s.auditLog.String(), `"outcome":"timeout"`)
	})
}

func TestSignInRefusesFormsOfOtherSites(t *testing.T) {
	t.Parallel()

	s := newSite(t, nil)
	b := s.browser()
	b.header = http.Header{"Sec-Fetch-Site": {"cross-site"}}

	require.Equal(t, http.StatusForbidden, b.signIn(t, s.key).Code)
	require.Empty(t, b.cookies)
}

func TestSignInChoosesTheApp(t *testing.T) {
	t.Parallel()

	s := newSite(t, nil)
	b := s.browser()

	require.Equal(t, http.StatusSeeOther, b.send(t, "/sign-in", url.Values{"key": {s.key}}).Code)
	require.Contains(t, b.send(t, "/", nil).Body.String(), "page 7 ", "the only app of the key")

	got := s.browser().send(t, "/sign-in", url.Values{"app": {"8"}, "key": {s.key}})
	require.Equal(t, http.StatusForbidden, got.Code)
	require.Contains(t, got.Body.String(), "This key is not for app 8.")

	require.Equal(t, http.StatusForbidden, b.send(t, "/sign-in/app", url.Values{"app": {"7"}}).Code)

	token := b.csrf(t)
	require.Equal(t, http.StatusForbidden, b.send(t, "/sign-in/app", url.Values{"app": {"8"}, "csrf": {token}}).Code)

	got = b.send(t, "/sign-in/app", url.Values{"app": {"7"}, "csrf": {token}, "next": {"/schedules"}})
	require.Equal(t, http.StatusSeeOther, got.Code)
	require.Equal(t, "/schedules", got.Header().Get("Location"))
}

func TestSignInByAKeyOfThisMachine(t *testing.T) {
	t.Parallel()

	require.Equal(t, http.StatusSeeOther, newSite(t, nil).browser().signIn(t, "only from here").Code)
}

func TestSignOutEndsTheSession(t *testing.T) {
	t.Parallel()

	s := newSite(t, nil)
	b := s.browser()
	b.signIn(t, s.key)

	require.Equal(t, http.StatusForbidden, b.send(t, "/sign-out", url.Values{}).Code)
	require.NotEmpty(t, b.cookies)

	got := b.send(t, "/sign-out", url.Values{"csrf": {b.csrf(t)}})
	require.Equal(t, http.StatusSeeOther, got.Code)
	require.Equal(t, "/sign-in?app=7", got.Header().Get("Location"))
	require.Empty(t, b.cookies)
	require.Equal(t, http.StatusSeeOther, b.send(t, "/", nil).Code)
}
