package session_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver/oidc"
	"github.com/jobwright/jobwright/console/session"
	"github.com/jobwright/jobwright/internal/testserver/identityprovider"
)

// startProvider returns a provider that makes people operators, and a site to which they can sign in by it.
func startProvider(t *testing.T) (*identityprovider.Provider, *site) {
	t.Helper()

	from := identityprovider.Start(t, map[string]any{"groups": []string{"operators"}})

	return from, newSiteOf(t, from)
}

func newSiteOf(t *testing.T, from *identityprovider.Provider) *site {
	t.Helper()

	verifier, err := oidc.New(oidc.Options{Issuer: from.Issuer, Audience: identityprovider.Audience})
	require.NoError(t, err)

	return newSiteWith(t, verifier, func(options *session.Options) {
		options.Provider = session.ProviderOptions{
			Issuer: from.Issuer, ClientID: from.ClientID, ClientSecret: from.ClientSecret, Scopes: []string{"groups"},
		}
	})
}

// leave opens the address of the page for signing in by the provider, and returns the address of the provider's page.
func (b *browser) leave(t *testing.T) string {
	t.Helper()

	got := b.send(t, "/sign-in/provider?app=7&next=%2Fjobs%2Fnight-1", nil)
	require.Equal(t, http.StatusSeeOther, got.Code, got.Body)

	return got.Header().Get("Location")
}

// arrive opens the address to which the provider has sent the browser.
func (b *browser) arrive(t *testing.T, address string) *httptest.ResponseRecorder {
	t.Helper()

	b.header = http.Header{"Sec-Fetch-Site": {"cross-site"}}
	defer func() { b.header = nil }()

	return b.send(t, strings.TrimPrefix(address, b.origin), nil)
}

func TestSignInByAProvider(t *testing.T) {
	t.Parallel()

	from, s := startProvider(t)
	b := s.browser()

	page := b.send(t, "/sign-in?app=7&next=/jobs/night-1", nil).Body.String()
	require.Contains(t, page, `href="/sign-in/provider?app=7&amp;next=%2Fjobs%2Fnight-1"`)
	require.Contains(t, page, "Sign in with localhost")

	address := b.leave(t)
	query := mustParse(t, address).Query()
	require.Equal(t, "http://127.0.0.1:8080/sign-in/callback", query.Get("redirect_uri"))
	require.Equal(t, "openid groups", query.Get("scope"))
	require.Equal(t, http.SameSiteLaxMode, b.cookies["jobwright-sign-in-8080"].SameSite)

	got := b.arrive(t, from.SignIn(t, address))
	require.Equal(t, http.StatusOK, got.Code, got.Body)
	require.Equal(t, "0; url=/jobs/night-1", got.Header().Get("Refresh"), "after a redirect, the browser would send no strict cookie")
	require.Equal(t, http.SameSiteStrictMode, b.cookies["jobwright-session-8080"].SameSite)
	require.NotContains(t, b.cookies, "jobwright-sign-in-8080")
	require.Equal(t, http.StatusOK, b.send(t, "/jobs/night-1", nil).Code)
	require.Contains(t, s.auditLog.String(), `"call":"signIn","app":"7"`)
}

func mustParse(t *testing.T, address string) *url.URL {
	t.Helper()

	parsed, err := url.Parse(address)
	require.NoError(t, err)

	return parsed
}

func TestSignInByAProviderRefusesOthersResponses(t *testing.T) {
	t.Parallel()

	from, s := startProvider(t)
	b, victim := s.browser(), s.browser()

	// Another person's code.
	callback := from.SignIn(t, b.leave(t))
	got := victim.arrive(t, callback)
	require.Equal(t, http.StatusBadRequest, got.Code)
	require.Contains(t, got.Body.String(), "This sign-in was not begun in this browser")

	victim.leave(t)
	require.Equal(t, http.StatusBadRequest, victim.arrive(t, callback).Code)

	// A session is no sign-in.
	b.signIn(t, s.key)
	b.cookies["jobwright-sign-in-8080"].Value = b.cookies["jobwright-session-8080"].Value
	require.Equal(t, http.StatusBadRequest, b.arrive(t, "/sign-in/callback?code=x&state=").Code)

	// Another person's code with the own state.
	own := mustParse(t, victim.leave(t)).Query().Get("state")
	query := mustParse(t, callback).Query()
	query.Set("state", own)
	got = victim.arrive(t, "/sign-in/callback?"+query.Encode())
	require.Equal(t, http.StatusBadGateway, got.Code, "the code belongs to another verifier")
	require.Contains(t, s.log.String(), "invalid_grant")

	// A message that anyone could have written.
	got = victim.arrive(t, "/sign-in/callback?error=x&error_description=Call+this+number&state=x")
	require.NotContains(t, got.Body.String(), "Call this number")

	// The cookie of a sign-in is no session.
	victim.leave(t)
	victim.cookies["jobwright-session-8080"] = &http.Cookie{
		Name: "jobwright-session-8080", Value: victim.cookies["jobwright-sign-in-8080"].Value,
	}
	require.Equal(t, http.StatusSeeOther, victim.send(t, "/", nil).Code)
	delete(victim.cookies, "jobwright-session-8080")

	// The refusal of the provider.
	state := mustParse(t, victim.leave(t)).Query().Get("state")
	got = victim.arrive(t, "/sign-in/callback?error=access_denied&error_description=no+<b>consent&state="+state)
	require.Equal(t, http.StatusForbidden, got.Code)
	require.Contains(t, got.Body.String(), "The identity provider refused the sign-in: no &lt;b&gt;consent.")
	require.Empty(t, victim.cookies)
}

func TestSignInByAProviderChecksTheIDToken(t *testing.T) {
	t.Parallel()

	for name, claims := range map[string]map[string]any{
		"nonce":    {"nonce": "of another sign-in"},
		"audience": {"aud": "another client"},
		"issuer":   {"iss": "https://evil.example"},
		"expiry":   {"exp": 1},
		"hash":     {"at_hash": "of another token"},
	} {
		from, s := startProvider(t)

		var nonce string

		from.Change = func(fields map[string]any) {
			changed := map[string]any{
				"iss": from.Issuer, "aud": from.ClientID, "sub": "anna", "nonce": nonce, "exp": time.Now().Add(time.Hour).Unix(),
			}
			maps.Copy(changed, claims)

			fields["id_token"] = from.Sign(changed)
		}

		b := s.browser()
		address := b.leave(t)
		nonce = mustParse(t, address).Query().Get("nonce")
		require.Equal(t, http.StatusBadGateway, b.arrive(t, from.SignIn(t, address)).Code, name)
		require.Empty(t, b.cookies, name)
	}
}

func TestSignInByAProviderNeedsAnAccess(t *testing.T) {
	t.Parallel()

	from := identityprovider.Start(t, map[string]any{"groups": []string{"guests"}})
	b := newSiteOf(t, from).browser()

	got := b.arrive(t, from.SignIn(t, b.leave(t)))
	require.Equal(t, http.StatusForbidden, got.Code)
	require.Empty(t, b.cookies)
}

func TestSignInByAProviderThatIsDown(t *testing.T) {
	t.Parallel()

	s := newSite(t, func(options *session.Options) {
		options.Provider = session.ProviderOptions{Issuer: "http://127.0.0.1:1", ClientID: "console"}
	})

	got := s.browser().send(t, "/sign-in/provider", nil)
	require.Equal(t, http.StatusBadGateway, got.Code)
	require.Contains(t, got.Body.String(), "The sign-in by the identity provider failed")
	require.Contains(t, s.log.String(), "connection refused")
}

// The token of an access has hundreds of groups.
func TestSignInByALargeToken(t *testing.T) {
	t.Parallel()

	groups := strings.Split(strings.Repeat("a group with a name,", 400)+"operators", ",")
	from := identityprovider.Start(t, map[string]any{"groups": groups})
	b := newSiteOf(t, from).browser()

	got := b.arrive(t, from.SignIn(t, b.leave(t)))
	require.Equal(t, http.StatusOK, got.Code, got.Body)
	require.Greater(t, len(b.cookies), 3)

	for _, cookie := range b.cookies {
		require.Less(t, len(cookie.String()), 4096)
	}

	require.Equal(t, http.StatusOK, b.send(t, "/", nil).Code)

	b.send(t, "/sign-out", url.Values{"csrf": {b.csrf(t)}})
	require.Empty(t, b.cookies)

	from = identityprovider.Start(t, map[string]any{"groups": append(groups, strings.Repeat("x", 20_000))})
	b = newSiteOf(t, from).browser()
	got = b.arrive(t, from.SignIn(t, b.leave(t)))
	require.Equal(t, http.StatusInternalServerError, got.Code)
	require.Contains(t, got.Body.String(), "too large for cookies")
}

func TestAccessTokensAreRefreshed(t *testing.T) {
	t.Parallel()

	from, s := startProvider(t)
	from.Lifetime = 30 * time.Second // Less than a minute, so that each request refreshes it.

	b := s.browser()
	b.arrive(t, from.SignIn(t, b.leave(t)))
	require.Equal(t, 1, from.Issued())

	before := b.cookies["jobwright-session-8080"].Value
	require.Equal(t, http.StatusOK, b.send(t, "/", nil).Code)
	require.Equal(t, 2, from.Issued())
	require.NotEqual(t, before, b.cookies["jobwright-session-8080"].Value)

	// Each refresh token can be used once. An older session goes on with its access token.
	b.cookies["jobwright-session-8080"].Value = before
	require.Equal(t, http.StatusOK, b.send(t, "/", nil).Code)
	require.Equal(t, 2, from.Issued())
}

func TestSessionEndsWithoutARefreshToken(t *testing.T) {
	t.Parallel()

	from, s := startProvider(t)
	from.Lifetime = time.Second
	from.Change = func(fields map[string]any) { delete(fields, "refresh_token") }

	b := s.browser()
	b.arrive(t, from.SignIn(t, b.leave(t)))

	require.Eventually(t, func() bool {
		got := b.send(t, "/jobs", nil)

		return got.Code == http.StatusUnauthorized &&
			strings.Contains(got.Body.String(), "You were signed out: the access token of the identity provider has expired.")
	}, 10*time.Second, 100*time.Millisecond)
}
