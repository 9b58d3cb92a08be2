package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// signed adds the source's credentials to requests, except to redirected requests to another origin.
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

// RoundTrip sends a request. If the server refuses the token, RoundTrip repeats the request once with a new token.
func (s *signed) RoundTrip(request *http.Request) (*http.Response, error) {
	if !sameOrigin(request.URL, s.base) {
		return s.next.RoundTrip(request)
	}

	response, token, err := s.try(request)
	if err != nil || s.tokens == nil || response.StatusCode != http.StatusUnauthorized {
		return response, err
	}

	s.tokens.forget(token.token) // Also if this request can't be repeated: later requests need a new token.

	again := request.Clone(request.Context())

	if request.Body != nil {
		if request.GetBody == nil { // The body was sent and can't be read again.
			if !token.reused {
				return response, nil
			}

			return nil, errors.Join(errTokenRefused, response.Body.Close())
		}

		if again.Body, err = request.GetBody(); err != nil {
			return response, nil //nolint:nilerr // The response says more.
		}
	}

	if err := response.Body.Close(); err != nil {
		return nil, err
	}

	response, _, err = s.try(again)

	return response, err
}

// errTokenRefused reports that the server refuses a token that it accepted before, and that only the caller can repeat the
// request. If the server refuses a new token, the response is returned.
var errTokenRefused = errors.New("the server does not accept the token any more; the next attempt requests a new one")

// sent is the token that was sent with a request.
type sent struct {
	token  string
	reused bool // Whether the token is older than the request.
}

func (s *signed) try(request *http.Request) (*http.Response, sent, error) {
	clone := request.Clone(request.Context())
	otel.GetTextMapPropagator().Inject(clone.Context(), propagation.HeaderCarrier(clone.Header)) // Nothing unless traced.

	var token sent

	for name, value := range s.opts.Headers {
		if clone.Header.Get(name) == "" {
			clone.Header.Set(name, value)
		}
	}

	switch {
	case s.opts.User != "":
		clone.SetBasicAuth(s.opts.User, s.opts.Password)
	case s.tokens != nil:
		current, reused, err := s.tokens.token(request.Context())
		if err != nil {
			return nil, token, err
		}

		token = sent{current.AccessToken, reused}
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

// tokens caches the current token.
type tokens struct {
	client *http.Client
	config clientcredentials.Config

	mu      sync.Mutex
	current *oauth2.Token
}

// token returns a token, and whether it is the cached one.
func (t *tokens) token(ctx context.Context) (token *oauth2.Token, reused bool, err error) {
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

// known returns the current token, or "" if there is none.
func (t *tokens) known() string {
	t.mu.Lock()
	defer t.mu.Unlock()

	if t.current == nil {
		return ""
	}

	return t.current.AccessToken
}

// forget removes the token from the cache if it is still the current one.
func (t *tokens) forget(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()

	if t.current != nil && t.current.AccessToken == token {
		t.current = nil
	}
}

func sameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && a.Host == b.Host }

// sameServer reports whether a redirect leads to the same server: the same origin, or the same host with TLS.
func sameServer(from, to *url.URL) bool {
	isUpgrade := from.Scheme == "http" && to.Scheme == "https" && from.Hostname() == to.Hostname() &&
		from.Port() == "" && to.Port() == ""

	return sameOrigin(from, to) || isUpgrade
}

// maxRedirects limits the redirects of a request.
const maxRedirects = 10

// The values of the option followRedirects.
const (
	sameHost = "sameHost"
	anyHost  = "anyHost"
)

// redirects are the rules for redirects: whether requests follow them to any host.
type redirects bool

// redirectError reports a redirect to another host, which is not followed.
type redirectError struct{ host string }

func (e *redirectError) Error() string { return "redirected to another server, " + e.host }

// follow decides whether to follow a redirect. Requests other than GET and HEAD are not redirected.
func (r redirects) follow(request *http.Request, via []*http.Request) error {
	first := via[0].Method
	if (first != http.MethodGet && first != http.MethodHead) || len(via) > maxRedirects {
		return http.ErrUseLastResponse
	}

	if !bool(r) && !sameServer(via[0].URL, request.URL) {
		return &redirectError{request.URL.Host}
	}

	// The transport adds credentials for the source's own origin only; the caller's headers must not leave it either.
	if !sameOrigin(request.URL, via[0].URL) {
		clear(request.Header)
	}

	return nil
}
