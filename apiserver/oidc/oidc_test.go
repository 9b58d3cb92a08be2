package oidc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver/oidc"
)

const audience = "jobwright-api"

// issuer is an identity provider.
type issuer struct {
	oidctest.Server

	url      string
	keys     map[string]*ecdsa.PrivateKey
	down     atomic.Bool
	requests atomic.Int32 // For keys.
}

// newIssuer returns a provider with the keys of those IDs. It serves itself as a handler.
func newIssuer(t *testing.T, url string, ids ...string) *issuer {
	t.Helper()

	i := &issuer{url: url, keys: map[string]*ecdsa.PrivateKey{}}
	i.SetIssuer(url)
	i.rotate(t, ids...)

	return i
}

// rotate replaces the keys that the provider publishes. It signs with all that it ever had.
func (i *issuer) rotate(t *testing.T, ids ...string) {
	t.Helper()

	i.PublicKeys = nil

	for _, id := range ids {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)

		i.keys[id] = key
		i.PublicKeys = append(i.PublicKeys, oidctest.PublicKey{PublicKey: key.Public(), KeyID: id, Algorithm: "ES256"})
	}
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if i.down.Load() {
		http.Error(w, "out of order", http.StatusBadGateway)

		return
	}

	if r.URL.Path == "/keys" {
		i.requests.Add(1)
	}

	i.Server.ServeHTTP(w, r)
}

// sign returns a token, whose claims replace the usual ones.
func (i *issuer) sign(key string, claims map[string]any) string {
	all := map[string]any{"iss": i.url, "aud": audience, "sub": "nightly", "exp": time.Now().Add(time.Hour).Unix()}
	maps.Copy(all, claims)

	text, err := json.Marshal(all)
	if err != nil {
		panic(err) // The claims of the tests are texts, numbers and lists.
	}

	return oidctest.SignIDToken(i.keys[key], key, "ES256", string(text))
}

// start starts a provider on an address of this machine, and returns it with a verifier of its tokens.
func start(t *testing.T, ids ...string) (*issuer, *oidc.Verifier) {
	t.Helper()

	var handler http.Handler

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)

	from := newIssuer(t, server.URL, ids...)
	handler = from

	verifier, err := oidc.New(oidc.Options{Issuer: server.URL, Audience: audience})
	require.NoError(t, err)

	return from, verifier
}

func TestVerifyReturnsTheClaims(t *testing.T) {
	t.Parallel()

	from, verifier := start(t, "first")

	for range 2 {
		claims, err := verifier.Verify(t.Context(), from.sign("first", map[string]any{
			"aud": []string{"another", audience}, "groups": []string{"jobs"},
		}))
		require.NoError(t, err)
		require.Equal(t, "nightly", claims["sub"])
		require.Equal(t, []any{"jobs"}, claims["groups"])
	}

	require.EqualValues(t, 1, from.requests.Load())
}

func TestVerifyRefusesOtherTokens(t *testing.T) {
	t.Parallel()

	from, verifier := start(t, "first")

	other := newIssuer(t, from.url, "first")
	public, err := x509.MarshalPKIXPublicKey(from.keys["first"].Public())
	require.NoError(t, err)

	symmetric, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: public}, nil)
	require.NoError(t, err)

	signed, err := symmetric.Sign([]byte(`{"iss":"` + from.url + `","aud":"` + audience + `","exp":4102444800}`))
	require.NoError(t, err)

	confused, err := signed.CompactSerialize()
	require.NoError(t, err)

	for name, row := range map[string]struct {
		token string
		err   error
	}{
		"empty":                      {"", oidc.ErrInvalid},
		"no token":                   {"open sesame", oidc.ErrInvalid},
		"another audience":           {from.sign("first", map[string]any{"aud": "another"}), oidc.ErrInvalid},
		"no audience":                {from.sign("first", map[string]any{"aud": nil}), oidc.ErrInvalid},
		"another issuer":             {from.sign("first", map[string]any{"iss": "https://other.example"}), oidc.ErrInvalid},
		"expired":                    {from.sign("first", map[string]any{"exp": time.Now().Add(-2 * time.Minute).Unix()}), oidc.ErrExpired},
		"not valid yet":              {from.sign("first", map[string]any{"nbf": time.Now().Add(time.Hour).Unix()}), oidc.ErrInvalid},
		"another provider's key":     {other.sign("first", nil), oidc.ErrInvalid},
		"the public key as a secret": {confused, oidc.ErrInvalid},
		"no signature":               {"eyJhbGciOiJub25lIn0.e30.", oidc.ErrInvalid},
	} {
		_, err := verifier.Verify(t.Context(), row.token)
		require.ErrorIs(t, err, row.err, name)
	}

	_, err = verifier.Verify(t.Context(), from.sign("first", map[string]any{"exp": time.Now().Add(-10 * time.Second).Unix()}))
	require.NoError(t, err, "clocks differ")
	require.LessOrEqual(t, from.requests.Load(), int32(1), "wrong tokens cause no requests")
}

// handled is a transport without a network, so that a test can skip time.
type handled struct{ http.Handler }

// RoundTrip calls the handler.
func (h handled) RoundTrip(request *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, request)

	return recorder.Result(), nil
}

func TestVerifyKnowsNewKeysAndForgetsOldOnes(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		from := newIssuer(t, "https://id.example", "first")

		verifier, err := oidc.NewWithTransport(oidc.Options{Issuer: from.url, Audience: audience}, handled{from})
		require.NoError(t, err)

		verify := func(key string) error {
			_, err := verifier.Verify(t.Context(), from.sign(key, nil))

			return err
		}

		require.NoError(t, verify("first"))

		from.rotate(t, "second")
		require.NoError(t, verify("first"), "the key is known")
		require.ErrorIs(t, verify("second"), oidc.ErrInvalid, "the keys have just been requested")

		time.Sleep(10 * time.Second) //nolint:forbidigo // Fake time.
		require.NoError(t, verify("second"))
		require.ErrorIs(t, verify("first"), oidc.ErrInvalid)

		for range 100 {
			require.ErrorIs(t, verify("first"), oidc.ErrInvalid)
		}

		require.EqualValues(t, 2, from.requests.Load())

		from.rotate(t)
		time.Sleep(time.Hour) //nolint:forbidigo // Fake time.
		require.ErrorIs(t, verify("second"), oidc.ErrInvalid, "a withdrawn key ends after an hour")
	})
}

func TestVerifySurvivesAnOutageOfTheProvider(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		from := newIssuer(t, "https://id.example", "first")

		verifier, err := oidc.NewWithTransport(oidc.Options{Issuer: from.url, Audience: audience}, handled{from})
		require.NoError(t, err)

		verify := func() error {
			_, err := verifier.Verify(t.Context(), from.sign("first", nil))

			return err
		}

		from.down.Store(true)
		require.ErrorIs(t, verify(), oidc.ErrUnavailable)
		from.down.Store(false)
		require.ErrorIs(t, verify(), oidc.ErrUnavailable, "it was just tried")
		time.Sleep(10 * time.Second) //nolint:forbidigo // Fake time.
		require.NoError(t, verify())

		from.down.Store(true)
		time.Sleep(23 * time.Hour) //nolint:forbidigo // Fake time.
		require.NoError(t, verify(), "the last keys stay in use")
		time.Sleep(time.Hour) //nolint:forbidigo // Fake time.
		require.ErrorIs(t, verify(), oidc.ErrUnavailable)
		require.ErrorContains(t, verify(), "502")
	})
}

func TestNewRefusesOptionsThatAreNotSafe(t *testing.T) {
	t.Parallel()

	for _, issuer := range []string{
		"", "id.example", "http://id.example", "ftp://id.example", "https://", "https://id.example?x", "https://me:x@id.example",
	} {
		_, err := oidc.New(oidc.Options{Issuer: issuer, Audience: audience})
		require.ErrorContains(t, err, fmt.Sprintf("the issuer %q must be an https URL", issuer))
	}

	_, err := oidc.New(oidc.Options{Issuer: "https://id.example"})
	require.ErrorContains(t, err, "the audience is missing")
}
