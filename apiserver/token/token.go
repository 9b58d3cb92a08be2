// Package token issues and verifies the access tokens of callers. A token is a JSON Web Token (RFC 7519), signed with a key that
// all API servers derive from the operator's key of secrets. So each of them accepts the tokens of the others, and none stores
// any.
//
// A token stands for the key that it was issued for: the API server looks the key up at each call, and the token ends with it.
package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"

	"github.com/jobwright/jobwright/app/apikey"
	"github.com/jobwright/jobwright/app/seal"
)

// Lifetime is how long a token is valid.
const Lifetime = 30 * time.Minute

// leeway is the greatest difference between the clocks of API servers.
const leeway = time.Minute

// issuer is the issuer and the audience of all tokens.
const issuer = "jobwright"

// Errors of issuing and verifying tokens.
var (
	ErrKeyMissing = errors.New("there is no key to sign tokens with")
	ErrNotIssued  = errors.New("the text is no token of Jobwright")
	ErrExpired    = errors.New("the token has expired")
)

// Issuer issues and verifies tokens. Many goroutines may use an Issuer at once.
type Issuer struct{ keys []seal.DerivedKey }

// NewIssuer returns an issuer with the keys of the operator.
func NewIssuer(keys seal.Keys) *Issuer { return &Issuer{keys: keys.SigningKeys()} }

// claims are the claims of a token. The subject is the client ID.
type claims struct {
	jwt.Claims

	App    string `json:"app"`
	Access string `json:"access"`
	Key    string `json:"key"` // Identifies the key that the token was issued for; see fingerprint.
}

// Token is a verified token.
type Token struct {
	ID     string
	App    string // The ID of the app.
	Access string // The name of the access.

	fingerprint string
	signing     seal.DerivedKey
}

// Issue returns a token for a key of an access to an app. The error is [ErrKeyMissing] if the issuer has no key.
func (i *Issuer) Issue(app, access string, key apikey.Digest) (string, error) {
	if len(i.keys) == 0 {
		return "", ErrKeyMissing
	}

	signing := i.keys[0]

	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: signing.Key},
		(&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", signing.ID))
	if err != nil {
		return "", err
	}

	now := time.Now()

	return jwt.Signed(signer).Claims(claims{
		Claims: jwt.Claims{
			Issuer: issuer, Audience: jwt.Audience{issuer}, Subject: ClientID(app, access), ID: uuid.NewString(),
			IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(Lifetime)),
		},
		App: app, Access: access, Key: fingerprint(signing, key),
	}).Serialize()
}

// ClientID returns the client ID of an access to an app.
func ClientID(app, access string) string { return app + "/" + access }

// Verify verifies a token. The error is [ErrNotIssued], also for a token that was changed, or [ErrExpired].
func (i *Issuer) Verify(text string) (Token, error) {
	parsed, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		return Token{}, ErrNotIssued
	}

	at := slices.IndexFunc(i.keys, func(key seal.DerivedKey) bool { return key.ID == parsed.Headers[0].KeyID })
	if at < 0 {
		return Token{}, ErrNotIssued
	}

	signing := i.keys[at]

	var read claims
	if parsed.Claims(signing.Key, &read) != nil || read.Expiry == nil {
		return Token{}, ErrNotIssued
	}

	switch err := read.ValidateWithLeeway(jwt.Expected{Issuer: issuer, AnyAudience: jwt.Audience{issuer}}, leeway); {
	case errors.Is(err, jwt.ErrExpired):
		return Token{}, ErrExpired
	case err != nil:
		return Token{}, ErrNotIssued
	}

	return Token{ID: read.ID, App: read.App, Access: read.Access, fingerprint: read.Key, signing: signing}, nil
}

// IsFor reports whether the token was issued for the key with this digest.
func (t Token) IsFor(key apikey.Digest) bool {
	return hmac.Equal([]byte(t.fingerprint), []byte(fingerprint(t.signing, key)))
}

// fingerprint identifies a key in a token. Unlike a digest, it does not help to guess the key: computing it requires the signing
// key.
func fingerprint(signing seal.DerivedKey, key apikey.Digest) string {
	mac := hmac.New(sha256.New, signing.Key)
	mac.Write([]byte("access key\x00")) // No signed token begins like this.
	mac.Write(key[:])

	return hex.EncodeToString(mac.Sum(nil))
}
