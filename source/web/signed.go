package web

import (
	"context"
	"errors"
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

	s.tokens.forget(token.token) // Whether or not the request can be sent again: others come.

	again := request.Clone(request.Context())

	if request.Body != nil {
		if request.GetBody == nil { // It was sent, and can't be sent again from here.
			if !token.kept {
				return response, nil
			}

			return nil, errors.Join(errTokenRefused, response.Body.Close())
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

// errTokenRefused is for a token that was taken before, and a request that can't be sent again with a new one but by its
// caller. A new token that is refused too is an answer as any other.
var errTokenRefused = errors.New("the token is taken no more, and the next attempt asks for a new one")

// shown is the token that a request shows.
type shown struct {
	token string
	kept  bool // Whether it was there before the request.
}

func (s *signed) try(request *http.Request) (*http.Response, shown, error) {
	clone := request.Clone(request.Context())

	var token shown

	for name, value := range s.opts.Headers {
		if clone.Header.Get(name) == "" {
			clone.Header.Set(name, value)
		}
	}

	switch {
	case s.opts.User != "":
		clone.SetBasicAuth(s.opts.User, s.opts.Password)
	case s.tokens != nil:
		current, kept, err := s.tokens.token(request.Context())
		if err != nil {
			return nil, token, err
		}

		token = shown{current.AccessToken, kept}
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

// token returns a token, and whether it was there already.
func (t *tokens) token(ctx context.Context) (token *oauth2.Token, kept bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()

	if t.current.Valid() {
		return t.current, true, nil
	}

	fresh, err := t.config.Token(context.WithValue(ctx, oauth2.HTTPClient, t.client))
	if err != nil {
		return nil, false, err
	}

	t.current = fresh

	return fresh, false, nil
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
