package oidc

import "net/http"

// NewWithTransport returns a verifier that sends its requests by a transport.
func NewWithTransport(options Options, transport http.RoundTripper) (*Verifier, error) {
	return newVerifier(options, transport)
}
