package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	provider "github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
)

// Limits of requests to the provider.
const (
	refreshAfter   = time.Hour        // The age of keys at which they are requested again.
	expireAfter    = 24 * time.Hour   // The age of keys at which they are no longer used.
	requestPause   = 10 * time.Second // Between requests of the keys, whatever tokens arrive.
	requestTimeout = 5 * time.Second
	maxResponse    = 1 << 20 // Bytes.
)

// keySet has the public keys of the provider. It requests them when it needs them.
type keySet struct {
	issuer   string
	client   *http.Client
	requests singleflight.Group

	mu        sync.Mutex
	keys      []jose.JSONWebKey
	fetched   time.Time // When the keys were requested.
	attempted time.Time // When the last request ended.
	failure   error     // Of the last request.
}

func newKeySet(issuer string, transport http.RoundTripper) *keySet {
	return &keySet{issuer: issuer, client: &http.Client{Timeout: requestTimeout, Transport: limited{transport}}}
}

// outageKey is the key of a pointer in the context, which receives the error of an outage.
type outageKey struct{}

// errNoKey is the error for a token that no key of the provider verifies.
var errNoKey = errors.New("no key of the identity provider verifies its signature")

// VerifySignature returns the payload of a token that the provider has signed.
func (k *keySet) VerifySignature(ctx context.Context, text string) ([]byte, error) {
	signed, err := jose.ParseSigned(text, algorithms)
	if err != nil {
		return nil, err
	}

	if payload, ok := k.verify(signed, refreshAfter); ok {
		return payload, nil
	}

	failure := k.refresh(ctx)

	if payload, ok := k.verify(signed, expireAfter); ok {
		return payload, nil
	}

	if outage, ok := ctx.Value(outageKey{}).(*error); ok {
		*outage = failure
	}

	return nil, errors.Join(errNoKey, failure)
}

// verify verifies a token with the keys if they are younger than maxAge.
func (k *keySet) verify(signed *jose.JSONWebSignature, maxAge time.Duration) (payload []byte, ok bool) {
	k.mu.Lock()
	keys, age := k.keys, time.Since(k.fetched)
	k.mu.Unlock()

	if age >= maxAge {
		return nil, false
	}

	ok = slices.ContainsFunc(keys, func(key jose.JSONWebKey) bool {
		if id := signed.Signatures[0].Header.KeyID; id != "" && id != key.KeyID || key.Use != "" && key.Use != "sig" {
			return false
		}

		var err error
		payload, err = signed.Verify(key)

		return err == nil
	})

	return payload, ok
}

// refresh requests the keys, unless they have just been requested. Calls at the same time share a request.
func (k *keySet) refresh(ctx context.Context) error {
	k.mu.Lock()
	wait, failure := time.Until(k.attempted.Add(requestPause)), k.failure
	k.mu.Unlock()

	if wait > 0 {
		return failure
	}

	ended := k.requests.DoChan("", func() (any, error) {
		keys, err := k.request(context.WithoutCancel(ctx))

		k.mu.Lock()
		defer k.mu.Unlock()

		k.attempted, k.failure = time.Now(), err
		if err == nil {
			k.keys, k.fetched = keys, k.attempted
		}

		return nil, err
	})

	select {
	case result := <-ended:
		return result.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// request requests the description of the provider, and its keys.
func (k *keySet) request(ctx context.Context) ([]jose.JSONWebKey, error) {
	described, err := provider.NewProvider(provider.ClientContext(ctx, k.client), k.issuer)
	if err != nil {
		return nil, err
	}

	var endpoints struct {
		Keys string `json:"jwks_uri"` //nolint:tagliatelle // The name in the specification.
	}
	if err := described.Claims(&endpoints); err != nil {
		return nil, err
	}

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoints.Keys, http.NoBody)
	if err != nil {
		return nil, err
	}

	response, err := k.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()

	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", endpoints.Keys, response.Status)
	}

	return readKeys(response.Body)
}

// readKeys reads a set of keys, without the keys that the library does not support.
func readKeys(body io.Reader) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.NewDecoder(body).Decode(&set); err != nil {
		return nil, err
	}

	var keys []jose.JSONWebKey

	for _, text := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(text, &key) == nil && key.IsPublic() {
			keys = append(keys, key)
		}
	}

	return keys, nil
}

// limited limits the size of responses: a larger one ends early.
type limited struct{ http.RoundTripper }

// RoundTrip sends a request.
func (l limited) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := l.RoundTripper.RoundTrip(request)
	if err == nil {
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(response.Body, maxResponse), response.Body}
	}

	return response, err
}
