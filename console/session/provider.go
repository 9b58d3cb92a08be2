package session

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"github.com/jobwright/jobwright/client"
)

// ProviderOptions are those of signing in by an OpenID Connect provider, by the authorization code flow with PKCE. The access
// tokens that the provider issues to the console must be tokens that the API accepts.
type ProviderOptions struct {
	Issuer       string   // The provider's URL, exactly as its tokens have it.
	ClientID     string   // The ID of the console at the provider; empty to disable signing in by the provider.
	ClientSecret string   // The secret of the console; empty for a public client.
	Scopes       []string // The scopes to request beside openid.
}

// The paths of signing in by a provider.
const (
	providerPath = signInPath + "/provider"
	callbackPath = signInPath + "/callback"
)

// Limits of signing in by a provider.
const (
	providerTimeout = 10 * time.Second // Of a request to the provider.
	signingInTime   = 10 * time.Minute // For signing in at the provider.
	refreshBefore   = time.Minute      // The rest of an access token's life at which it is replaced.
)

// provider signs people in by an OpenID Connect provider.
type provider struct {
	options ProviderOptions
	client  *http.Client

	mutex      sync.Mutex
	discovered *oidc.Provider // nil before the first sign-in.

	refreshes singleflight.Group // By refresh token. Some providers accept each only once.
}

func newProvider(options ProviderOptions) *provider {
	return &provider{options: options, client: &http.Client{Timeout: providerTimeout}}
}

// discover returns the endpoints of the provider, which need not be up when the server starts.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	if p.discovered == nil {
		found, err := oidc.NewProvider(ctx, p.options.Issuer)
		if err != nil {
			return nil, err
		}

		p.discovered = found
	}

	return p.discovered, nil
}

// config returns the configuration of the flow. The provider sends the browser back to the callback.
func (p *provider) config(of *oidc.Provider, callback string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.options.ClientID, ClientSecret: p.options.ClientSecret, Endpoint: of.Endpoint(), RedirectURL: callback,
		Scopes: append([]string{oidc.ScopeOpenID}, p.options.Scopes...),
	}
}

// attempt is a sign-in at the provider that has begun. The browser stores it.
type attempt struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	App      string `json:"app"`
	Next     string `json:"next"`
}

// leave sends the browser to the provider.
func (s *Sessions) leave(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	begun := attempt{
		State: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier(),
		App: query.Get("app"), Next: localPath(query.Get("next")),
	}

	found, err := s.provider.discover(s.provider.context(r))
	if err == nil {
		err = s.cookies.write(w, r, signingIn, begun, time.Now().Add(signingInTime), s.isSecure(r))
	}

	if err != nil {
		s.refuseByProvider(w, r, begun, err)

		return
	}

	address := s.provider.config(found, s.callback(r)).
		AuthCodeURL(begun.State, oidc.Nonce(begun.Nonce), oauth2.S256ChallengeOption(begun.Verifier))
	setHeaders(w)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, address, http.StatusSeeOther) //nolint:gosec // The operator chose the provider.
}

// arrive begins a session for a person who comes back from the provider.
func (s *Sessions) arrive(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()

	var begun attempt

	known := s.cookies.read(r, signingIn, &begun, s.isSecure(r)) &&
		subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(begun.State)) == 1
	if !known { // The rest of the query could come from anyone.
		s.refuse(w, r, Page{Next: home}, &client.Error{
			HTTPStatus: http.StatusBadRequest, Code: "sign_in_unknown",
			Message: "this sign-in was not begun in this browser, or took too long; sign in again",
		})

		return
	}

	s.cookies.remove(w, r, signingIn, s.isSecure(r))

	if query.Has("error") {
		s.refuse(w, r, begun.page(), &client.Error{
			HTTPStatus: http.StatusForbidden, Code: "sign_in_refused",
			Message: "the identity provider refused the sign-in: " + cmp.Or(query.Get("error_description"), query.Get("error")),
		})

		return
	}

	token, err := s.provider.exchange(s.provider.context(r), begun, query.Get("code"), s.callback(r))
	if err != nil {
		s.refuseByProvider(w, r, begun, err)

		return
	}

	s.beginWith(w, r, begun.page(), token.AccessToken, &Tokens{Refresh: token.RefreshToken, Expires: token.Expiry})
}

func (a attempt) page() Page { return Page{App: a.App, Next: a.Next} }

// refuseByProvider shows the page for signing in, after a failure of the provider whose reason is in the log.
func (s *Sessions) refuseByProvider(w http.ResponseWriter, r *http.Request, begun attempt, reason error) {
	s.options.Log.ErrorContext(r.Context(), "sign-in by the identity provider failed", "error", reason)
	s.refuse(w, r, begun.page(), &client.Error{
		HTTPStatus: http.StatusBadGateway, Code: "identity_provider_unavailable",
		Message: "the sign-in by the identity provider failed, and the server's log has the reason; sign in again",
	})
}

// exchange returns the tokens for a code of the provider.
func (p *provider) exchange(ctx context.Context, begun attempt, code, callback string) (*oauth2.Token, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return nil, err
	}

	token, err := p.config(found, callback).Exchange(ctx, code, oauth2.VerifierOption(begun.Verifier))
	if err != nil {
		return nil, err
	}

	text, ok := token.Extra("id_token").(string)
	if !ok {
		return nil, errors.New("the response has no ID token")
	}

	id, err := found.Verifier(&oidc.Config{ClientID: p.options.ClientID}).Verify(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("the ID token is invalid: %w", err)
	}

	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(begun.Nonce)) != 1 {
		return nil, errors.New("the ID token is that of another sign-in")
	}

	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			return nil, fmt.Errorf("the access token is invalid: %w", err)
		}
	}

	return token, nil
}

// context returns the context of requests to the provider.
func (p *provider) context(r *http.Request) context.Context {
	return oidc.ClientContext(r.Context(), p.client)
}

// callback returns the address to which the provider sends the browser back.
func (s *Sessions) callback(r *http.Request) string {
	address := url.URL{Scheme: "http", Host: r.Host, Path: callbackPath}
	if s.isSecure(r) {
		address.Scheme = "https"
	}

	if s.options.URL != nil {
		address.Scheme, address.Host = s.options.URL.Scheme, s.options.URL.Host
	}

	return address.String()
}

// errProviderEnded is the error of a session whose access token has expired and can't be replaced.
var errProviderEnded = errors.New("the access token of the identity provider has expired")

// refresh replaces the access token of a session shortly before it expires. The error is [errProviderEnded] if that is not
// possible and the token is of no use any more.
func (s *Sessions) refresh(w http.ResponseWriter, r *http.Request, found *Session) error {
	tokens := found.ByProvider
	if tokens == nil || tokens.Expires.IsZero() || time.Until(tokens.Expires) > refreshBefore {
		return nil
	}

	token, err := s.provider.refresh(s.provider.context(r), tokens.Refresh)
	if err != nil {
		if time.Now().Before(tokens.Expires) {
			return nil // The next request tries again.
		}

		s.options.Log.InfoContext(r.Context(), "a session ended because its access token can't be refreshed", "error", err)

		return errProviderEnded
	}

	found.Key = token.AccessToken
	found.ByProvider = &Tokens{Refresh: token.RefreshToken, Expires: token.Expiry}

	return s.write(w, r, found)
}

// refresh returns new tokens for a refresh token. Requests at the same time share them.
func (p *provider) refresh(ctx context.Context, refreshToken string) (*oauth2.Token, error) {
	if p == nil || refreshToken == "" {
		return nil, errors.New("there is no refresh token")
	}

	token, err, _ := p.refreshes.Do(refreshToken, func() (any, error) {
		ctx := context.WithoutCancel(ctx)

		found, err := p.discover(ctx)
		if err != nil {
			return nil, err
		}

		return p.config(found, "").TokenSource(ctx, &oauth2.Token{RefreshToken: refreshToken}).Token()
	})
	if err != nil {
		return nil, err
	}

	refreshed, _ := token.(*oauth2.Token)

	return refreshed, nil
}
