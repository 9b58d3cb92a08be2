// Package oidc verifies bearer tokens of an OpenID Connect provider: JSON Web Tokens that the provider has signed for the
// audience of the API.
package oidc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	provider "github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// Options configure a [Verifier].
type Options struct {
	Issuer   string // The provider's URL, exactly as its tokens have it.
	Audience string // The audience that a token must have, for example the name of the API at the provider.
}

// leeway is how long an expired token is accepted: the clocks of the provider and of API servers differ.
const leeway = time.Minute

// algorithms are the algorithms of signatures. With a symmetric algorithm, or none, anyone could sign.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512, jose.PS256, jose.PS384, jose.PS512, jose.EdDSA,
}

// Errors of verifying a token.
var (
	ErrInvalid     = errors.New("the token is invalid")
	ErrExpired     = errors.New("the token has expired")
	ErrUnavailable = errors.New("the keys of the identity provider are not available")
)

// Verifier verifies tokens. Many goroutines may use a Verifier at once.
//
// It requests the keys of the provider when it needs them, again when a token has an unknown key, and after an hour. While the
// provider is not available, the last keys stay in use for a day.
type Verifier struct{ verifier *provider.IDTokenVerifier }

// New returns a verifier. It does not connect to the provider yet, which may start later. The error is that of invalid options.
func New(options Options) (*Verifier, error) { return newVerifier(options, http.DefaultTransport) }

func newVerifier(options Options, transport http.RoundTripper) (*Verifier, error) {
	address, err := url.Parse(options.Issuer)
	if err != nil || address.Host == "" || address.RawQuery != "" || address.Fragment != "" || address.User != nil {
		return nil, fmt.Errorf("the issuer %q must be an https URL without a query", options.Issuer)
	}

	if address.Scheme != "https" && (address.Scheme != "http" || !isLoopback(address.Hostname())) {
		return nil, fmt.Errorf("the issuer %q must be an https URL, or an attacker could replace its keys", options.Issuer)
	}

	if options.Audience == "" {
		return nil, errors.New("the audience is missing: without one, tokens for other services would be accepted")
	}

	config := &provider.Config{
		ClientID: options.Audience,
		Now:      func() time.Time { return time.Now().Add(-leeway) }, // Tokens that are not valid yet have a leeway of minutes.
	}
	for _, algorithm := range algorithms {
		config.SupportedSigningAlgs = append(config.SupportedSigningAlgs, string(algorithm))
	}

	return &Verifier{verifier: provider.NewVerifier(options.Issuer, newKeySet(options.Issuer, transport), config)}, nil
}

func isLoopback(host string) bool {
	address := net.ParseIP(host)

	return host == "localhost" || address != nil && address.IsLoopback()
}

// Verify returns the claims of a token. The error wraps [ErrInvalid], [ErrExpired] or [ErrUnavailable], with the reason.
func (v *Verifier) Verify(ctx context.Context, text string) (map[string]any, error) {
	var outage error // The verifier hides it.

	token, err := v.verifier.Verify(context.WithValue(ctx, outageKey{}, &outage), text)

	if expired, ok := errors.AsType[*provider.TokenExpiredError](err); ok {
		return nil, fmt.Errorf("%w: at %s", ErrExpired, expired.Expiry.UTC().Format(time.RFC3339))
	}

	if outage != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, outage)
	}

	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}

	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}

	return claims, nil
}
