// Package identityprovider is an OpenID Connect provider for tests: it signs in everyone who clicks its button.
package identityprovider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
)

// Audience is the audience of access tokens. The audience of ID tokens is the client.
const Audience = "jobwright-api"

// Provider is a provider with one client.
type Provider struct {
	Issuer       string // Its URL.
	ClientID     string
	ClientSecret string

	// Lifetime is that of access tokens. Each refresh token can be used once.
	Lifetime time.Duration

	// Change, if not nil, changes the response of the token endpoint before it is sent.
	Change func(fields map[string]any)

	key      *ecdsa.PrivateKey
	endpoint oidctest.Server

	mutex   sync.Mutex
	claims  map[string]any        // Of access tokens.
	codes   map[string]url.Values // The requests of authorizations, by the code.
	refresh map[string]bool       // The refresh tokens that can be used.
	issued  int
}

// Start starts a provider on an address of this machine. Its access tokens have the claims. It ends with the test.
func Start(t *testing.T, claims map[string]any) *Provider {
	t.Helper()

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)

	p := &Provider{
		ClientID: "jobwright-console", ClientSecret: rand.Text(), Lifetime: time.Hour, key: key, claims: claims,
		codes: map[string]url.Values{}, refresh: map[string]bool{},
		endpoint: oidctest.Server{
			PublicKeys: []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: "first", Algorithm: "ES256"}},
			Algorithms: []string{"ES256"},
		},
	}

	mux := http.NewServeMux()
	mux.Handle("/", &p.endpoint)
	mux.HandleFunc("GET /auth", p.ask)
	mux.HandleFunc("POST /auth", p.authorize)
	mux.HandleFunc("POST /token", p.token)

	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	// For browsers, it is a site apart from servers at 127.0.0.1.
	p.Issuer = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	p.endpoint.SetIssuer(p.Issuer)

	return p
}

// Issued returns the number of access tokens that were issued.
func (p *Provider) Issued() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	return p.issued
}

// SignIn does what the button of the page at an address does, and returns the address to which the provider sends the browser.
func (p *Provider) SignIn(t *testing.T, address string) string {
	t.Helper()

	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, http.NoBody)
	require.NoError(t, err)

	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusSeeOther, response.StatusCode)

	return response.Header.Get("Location")
}

var askPage = template.Must(template.New("").Parse(`<!DOCTYPE html><html lang="en"><title>Identity provider</title>
<form method="post" action="{{.}}"><button>Sign in as anna</button></form>`))

// ask shows the page for signing in.
func (p *Provider) ask(w http.ResponseWriter, r *http.Request) {
	if err := askPage.Execute(w, r.URL.RequestURI()); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// authorize sends the browser back with a code.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if query.Get("client_id") != p.ClientID || query.Get("response_type") != "code" ||
		query.Get("code_challenge_method") != "S256" || query.Get("code_challenge") == "" || query.Get("state") == "" {
		http.Error(w, "the request is invalid", http.StatusBadRequest)

		return
	}

	code := rand.Text()

	p.mutex.Lock()
	p.codes[code] = query
	p.mutex.Unlock()

	//nolint:gosec // Only tests have this provider.
	http.Redirect(w, r, query.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {query.Get("state")}}.Encode(),
		http.StatusSeeOther)
}

// token issues tokens.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	fields, err := p.issue(r)
	status := http.StatusOK

	if err != nil {
		fields, status = map[string]any{"error": "invalid_grant", "error_description": err.Error()}, http.StatusBadRequest
	}

	if p.Change != nil {
		p.Change(fields)
	}

	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)

	if err := json.NewEncoder(w).Encode(fields); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func (p *Provider) issue(r *http.Request) (map[string]any, error) {
	id, secret, _ := r.BasicAuth()
	if id == "" {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}

	if id != p.ClientID || secret != p.ClientSecret {
		return nil, errors.New("the client is unknown")
	}

	p.mutex.Lock()
	defer p.mutex.Unlock()

	id, err := p.grant(r)
	if err != nil {
		return nil, err
	}

	p.issued++

	access := map[string]any{
		"iss": p.Issuer, "aud": Audience, "sub": "anna", "exp": time.Now().Add(p.Lifetime).Unix(), "jti": p.issued,
	}
	maps.Copy(access, p.claims)

	refresh := rand.Text()
	p.refresh[refresh] = true

	return map[string]any{
		"access_token": p.Sign(access), "token_type": "Bearer", "expires_in": int(p.Lifetime.Seconds()), "refresh_token": refresh,
		"id_token": id,
	}, nil
}

// grant checks the grant of a request, and returns the ID token of an authorization.
func (p *Provider) grant(r *http.Request) (string, error) {
	switch grant := r.PostFormValue("grant_type"); grant {
	case "authorization_code":
		code := r.PostFormValue("code")
		begun := p.codes[code]
		delete(p.codes, code)

		switch {
		case begun == nil:
			return "", errors.New("the code is unknown")
		case begun.Get("redirect_uri") != r.PostFormValue("redirect_uri"):
			return "", errors.New("the code is for another address")
		case begun.Get("code_challenge") != oauth2.S256ChallengeFromVerifier(r.PostFormValue("code_verifier")):
			return "", errors.New("the verifier is wrong")
		}

		return p.Sign(map[string]any{
			"iss": p.Issuer, "aud": p.ClientID, "sub": "anna", "nonce": begun.Get("nonce"),
			"exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
		}), nil
	case "refresh_token":
		refresh := r.PostFormValue("refresh_token")
		if !p.refresh[refresh] {
			return "", errors.New("the refresh token is unknown or was used")
		}

		delete(p.refresh, refresh)

		return "", nil
	default:
		return "", fmt.Errorf("the grant %q is not supported", grant)
	}
}

// Sign returns a token with the claims.
func (p *Provider) Sign(claims map[string]any) string {
	text, err := json.Marshal(claims)
	if err != nil {
		text = []byte(err.Error()) // It is no token. The claims of tests are texts, numbers and lists.
	}

	return oidctest.SignIDToken(p.key, "first", "ES256", string(text))
}
