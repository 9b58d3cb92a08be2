package token_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver/token"
	"github.com/jobwright/jobwright/app/apikey"
	"github.com/jobwright/jobwright/app/seal"
)

// keys returns keys of an operator.
func keys(t *testing.T, texts ...string) seal.Keys {
	t.Helper()

	parsed, err := seal.Parse(strings.Join(texts, "\n"))
	require.NoError(t, err)

	return parsed
}

func TestTokensAreValidForHalfAnHourOnEveryServer(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		secret := seal.New()
		first, second := token.NewIssuer(keys(t, secret)), token.NewIssuer(keys(t, seal.New(), secret))
		key := apikey.DigestOf("open sesame")

		text, err := first.Issue("7", "nightly load", key)
		require.NoError(t, err)

		read, err := second.Verify(text)
		require.NoError(t, err)
		require.Equal(t, "7", read.App)
		require.Equal(t, "nightly load", read.Access)
		require.True(t, read.IsFor(key))
		require.False(t, read.IsFor(apikey.DigestOf("another")))

		again, err := first.Issue("7", "nightly load", key)
		require.NoError(t, err)
		require.NotEqual(t, text, again)

		time.Sleep(token.Lifetime) //nolint:forbidigo // Fake time.

		_, err = second.Verify(text)
		require.NoError(t, err, "the clocks of servers differ")
		time.Sleep(2 * time.Minute) //nolint:forbidigo // Fake time.

		_, err = second.Verify(text)
		require.ErrorIs(t, err, token.ErrExpired)
	})
}

func TestVerifyRefusesWhatNoServerIssued(t *testing.T) {
	t.Parallel()

	secret := keys(t, seal.New())
	issuer := token.NewIssuer(secret)

	text, err := issuer.Issue("7", "nightly load", apikey.DigestOf("open sesame"))
	require.NoError(t, err)

	parts := strings.Split(text, ".")
	encode := base64.RawURLEncoding.EncodeToString
	claims := encode([]byte(`{"iss":"jobwright","aud":"jobwright","app":"7","exp":4102444800}`))

	sizes := map[jose.SignatureAlgorithm]int{jose.HS256: 32, jose.HS512: 64} // Of keys.

	// sign signs claims with the key of the servers, which only they can do.
	sign := func(algorithm jose.SignatureAlgorithm, claims jwt.Claims) string {
		signing := secret.SigningKeys()[0]
		key := slices.Repeat(signing.Key, 2)[:sizes[algorithm]]

		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key},
			(&jose.SignerOptions{}).WithHeader("kid", signing.ID))
		require.NoError(t, err)

		signed, err := jwt.Signed(signer).Claims(claims).Serialize()
		require.NoError(t, err)

		return signed
	}
	later := jwt.NewNumericDate(time.Now().Add(time.Hour))

	for name, text := range map[string]string{
		"empty":             "",
		"a key":             apikey.New(),
		"two parts":         parts[0] + "." + parts[1],
		"other claims":      parts[0] + "." + claims + "." + parts[2],
		"no signature":      parts[0] + "." + parts[1] + ".",
		"algorithm none":    encode([]byte(`{"alg":"none"}`)) + "." + claims + ".",
		"another algorithm": sign(jose.HS512, jwt.Claims{Issuer: "jobwright", Audience: jwt.Audience{"jobwright"}, Expiry: later}),
		"another audience":  sign(jose.HS256, jwt.Claims{Issuer: "jobwright", Audience: jwt.Audience{"x"}, Expiry: later}),
		"another issuer":    sign(jose.HS256, jwt.Claims{Issuer: "x", Audience: jwt.Audience{"jobwright"}, Expiry: later}),
		"no expiry":         sign(jose.HS256, jwt.Claims{Issuer: "jobwright", Audience: jwt.Audience{"jobwright"}}),
	} {
		_, err := issuer.Verify(text)
		require.ErrorIs(t, err, token.ErrNotIssued, name)
	}

	_, err = issuer.Verify(sign(jose.HS256, jwt.Claims{Issuer: "jobwright", Audience: jwt.Audience{"jobwright"}, Expiry: later}))
	require.NoError(t, err, "the tokens above have one mistake each")

	_, err = token.NewIssuer(keys(t, seal.New())).Verify(text)
	require.ErrorIs(t, err, token.ErrNotIssued, "a server with another key")
}

func TestTokensContainNeitherTheKeyNorItsDigest(t *testing.T) {
	t.Parallel()

	text, err := token.NewIssuer(keys(t, seal.New())).Issue("7", "nightly load", apikey.DigestOf("open sesame"))
	require.NoError(t, err)

	claims, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[1])
	require.NoError(t, err)
	require.NotContains(t, string(claims), "sesame")
	require.NotContains(t, string(claims), apikey.DigestOf("open sesame").String())
}

func TestIssueNeedsAKey(t *testing.T) {
	t.Parallel()

	_, err := token.NewIssuer(seal.Keys{}).Issue("7", "nightly load", apikey.DigestOf("open sesame"))
	require.ErrorIs(t, err, token.ErrKeyMissing)
}
