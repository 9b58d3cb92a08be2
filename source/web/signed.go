package web

import (
	"context"
	"net/http"
	"net/url"
	"sync"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// credentials are the client credentials of OAuth 2 (RFC 6749, section 4.4).
type credentials struct {
	TokenURL     string   `json:"tokenUrl"`
	ClientID     string   `json:"clientId"`
	ClientSecret string   `json:"clientSecret"`
	Scopes       []string `json:"scopes"`
}

// signed sends requests with what shows the server who asks. What goes to another origin, because of a redirect, goes
// without.
type signed struct {
	next   http.RoundTripper
	base   *url.URL
	opts   options
	tokens *tokens // nil without OAuth 2.
}

func newSigned(next http.RoundTripper, base *url.URL, opts options) *signed {
	s := &signed{next: next, base: base, opts: opts}

	if of := opts.OAuth2; of != nil {
		s.tokens = &tokens{client: &http.Client{Transport: next}, config: clientcredentials.Config{
			ClientID: of.ClientID, ClientSecret: of.ClientSecret, TokenURL: of.TokenURL, Scopes: of.Scopes,
		}}
	}

	return s
}

// RoundTrip sends a request. A token that the server does not take any more is exchanged once.
func (s *signed) RoundTrip(request *http.Request) (*http.Response, error) {
	if !sameOrigin(request.URL, s.base) {
		return s.next.RoundTrip(request)
	}

	response, token, err := s.try(request)
	if err != nil || s.tokens == nil || response.StatusCode != http.StatusUnauthorized {
		return response, err
	}

	s.tokens.forget(token) // Whether or not the request can be sent again: others come.

	again := request.Clone(request.Context())

	if request.Body != nil {
		if request.GetBody == nil {
			return response, nil // It was sent, and can't be sent again.
		}

		if again.Body, err = request.GetBody(); err != nil {
			return response, nil //nolint:nilerr // The answer that is there tells more.
		}
	}

	if err := response.Body.Close(); err != nil {
		return nil, err
	}

	response, _, err = s.try(again)

	return response, err
}

func (s *signed) try(request *http.Request) (*http.Response, string, error) {
	clone := request.Clone(request.Context())
	token := ""

	for name, value := range s.opts.Headers {
		if clone.Header.Get(name) == "" {
			clone.Header.Set(name, value)
		}
	}

	switch {
	case s.opts.User != "":
		clone.SetBasicAuth(s.opts.User, s.opts.Password)
	case s.tokens != nil:
		current, err := s.tokens.token(request.Context())
		if err != nil {
			return nil, "", err
		}

		token = current.AccessToken
		current.SetAuthHeader(clone)
	}

	if key := s.opts.APIKey; key != nil {
		if key.Header != "" {
			clone.Header.Set(key.Header, key.Value)
		} else {
			query := clone.URL.Query()
			query.Set(key.Query, key.Value)
			clone.URL.RawQuery = query.Encode()
		}
	}

	response, err := s.next.RoundTrip(clone)

	return response, token, err
}

// tokens keeps the current token.
type tokens struct {
	client *http.Client
	config clientcredentials.Config

	mu      sync.Mutex
	current *oauth2.Token
}

func (t *tokens) token(ctx context.Context) (*oauth2.Token, error) {
	t.mu.Lock()
	defer t.mu.Unlock()

	if t.current.Valid() {
		return t.current, nil
	}

	fresh, err := t.config.Token(context.WithValue(ctx, oauth2.HTTPClient, t.client))
	if err != nil {
		return nil, err
	}

	t.current = fresh

	return fresh, nil
}

// forget makes the next request ask for a token, if that is still the current one.
func (t *tokens) forget(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()

	if t.current != nil && t.current.AccessToken == token {
		t.current = nil
	}
}

func sameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && a.Host == b.Host }

// maxRedirects is how often a request is sent on.
const maxRedirects = 10

// follow decides about a redirect. A request with a body is not sent anywhere else than where its author sends it.
func follow(request *http.Request, via []*http.Request) error {
	first := via[0].Method
	if (first != http.MethodGet && first != http.MethodHead) || len(via) > maxRedirects {
		return http.ErrUseLastResponse
	}

	// The transport adds what belongs to the source's own origin; what the caller gave must not leave it either.
	if !sameOrigin(request.URL, via[0].URL) {
		clear(request.Header)
	}

	return nil
}
