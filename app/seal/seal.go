// Package seal encrypts the secret parameters of jobs with keys of the operator. The API server seals a value when a job
// starts. Workflows and histories contain its [job.SealedSecret]; only activities open it, just before they use it.
//
// A sealed value can be opened for the job, the app and the parameter that it was sealed for, and no others: a copy in another
// job is worthless.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/job"
)

// MinLength is the length of the shortest secret, in bytes. Shorter ones could not be recognized, and so not be hidden, in
// errors and results.
const MinLength = 8

// Errors of opening a sealed value.
var (
	ErrKeyMissing = errors.New("its key is missing")
	ErrInvalid    = errors.New("it was not sealed for this job")
)

// Place is where a sealed value can be opened.
type Place struct{ AppID, JobID, Parameter string }

// data returns the place as associated data. The length of each part precedes it, so no two places have the same data.
func (p Place) data() []byte {
	var data []byte

	// The children of a job open its secrets too.
	root, _, _ := strings.Cut(p.JobID, "/")
	for _, part := range []string{p.AppID, root, p.Parameter} {
		data = fmt.Appendf(data, "%d:%s", len(part), part)
	}

	return data
}

// Keys are the keys of an operator. The first one seals, all open. The zero value has no key.
type Keys struct{ keys []key }

type key struct {
	id     string
	sealer cipher.AEAD
	digest []byte // The key of digests.
	sign   []byte // The key of signatures.
	cookie []byte // The key of cookies.
	data   []byte // The key of payloads.
}

const (
	keySize = 32
	idSize  = 4 // Bytes of the key's digest.
)

// Parse returns the keys in a text: each is the base64 of 32 random bytes, and spaces, commas or lines separate them. The ID of
// a key is derived from the key.
func Parse(text string) (Keys, error) {
	var keys Keys

	words := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\r' || r == '\n' })
	if len(words) == 0 {
		return keys, errors.New("there is no key; make one with: openssl rand -base64 32")
	}

	for i, word := range words {
		secret, err := base64.StdEncoding.DecodeString(word)
		if err != nil || len(secret) != keySize {
			return Keys{}, fmt.Errorf("key %d is not the base64 of %d bytes; make one with: openssl rand -base64 %[2]d",
				i+1, keySize)
		}

		parsed, err := newKey(secret)
		if err != nil {
			return Keys{}, err
		}

		keys.keys = append(keys.keys, parsed)
	}

	return keys, nil
}

// newKey derives the keys for sealing, for digests, for signatures, for cookies and for payloads, so that no use weakens another
// one.
func newKey(secret []byte) (key, error) {
	var derived [6][]byte

	for i, purpose := range []string{
		"jobwright seal", "jobwright digest", "jobwright key id", "jobwright sign", "jobwright cookie", "jobwright payload",
	} {
		var err error
		if derived[i], err = hkdf.Key(sha256.New, secret, nil, purpose, keySize); err != nil {
			return key{}, err
		}
	}

	block, err := aes.NewCipher(derived[0])
	if err != nil {
		return key{}, err
	}

	sealer, err := cipher.NewGCMWithRandomNonce(block)

	return key{
		id: hex.EncodeToString(derived[2][:idSize]), sealer: sealer, digest: derived[1], sign: derived[3], cookie: derived[4],
		data: derived[5],
	}, err
}

// New returns the text of a new random key.
func New() string {
	secret := make([]byte, keySize)
	_, _ = rand.Read(secret) // It never fails.

	return base64.StdEncoding.EncodeToString(secret)
}

// ID returns the ID of the key that seals, or "" if there is no key.
func (k Keys) ID() string {
	if len(k.keys) == 0 {
		return ""
	}

	return k.keys[0].id
}

// find returns the key of that ID.
func (k Keys) find(id string) (key, error) {
	at := slices.IndexFunc(k.keys, func(key key) bool { return key.id == id })
	if at < 0 {
		return key{}, fmt.Errorf("%w: this process has no key with the ID %s; add it to %s or --secret-key-file",
			ErrKeyMissing, id, Variable)
	}

	return k.keys[at], nil
}

// DerivedKey is a key for another use than sealing that was derived from a key of the operator.
type DerivedKey struct {
	ID  string // The ID of the key that it was derived from.
	Key []byte
}

// SigningKeys returns the signing key of each key. The first one signs, all verify.
func (k Keys) SigningKeys() []DerivedKey {
	return k.derived(func(key key) []byte { return key.sign })
}

// CookieKeys returns the key for encrypting cookies of each key: 32 bytes. The first one encrypts, all decrypt.
func (k Keys) CookieKeys() []DerivedKey {
	return k.derived(func(key key) []byte { return key.cookie })
}

// PayloadKeys returns the key for encrypting payloads of each key: 32 bytes. The first one encrypts, all decrypt.
func (k Keys) PayloadKeys() []DerivedKey {
	return k.derived(func(key key) []byte { return key.data })
}

func (k Keys) derived(of func(key) []byte) []DerivedKey {
	keys := make([]DerivedKey, len(k.keys))
	for i, key := range k.keys {
		keys[i] = DerivedKey{ID: key.id, Key: of(key)}
	}

	return keys
}

// Seal encrypts a value for its place. The error is [ErrKeyMissing] if there is no key.
func (k Keys) Seal(value string, place Place) (job.SealedSecret, error) {
	if len(k.keys) == 0 {
		return job.SealedSecret{}, ErrKeyMissing
	}

	key := k.keys[0]
	sealed := key.sealer.Seal(nil, nil, []byte(value), place.data()) //nolint:gosec // The sealer makes the nonce.

	return job.SealedSecret{
		KeyID: key.id, Parameter: place.Parameter, Sealed: base64.RawURLEncoding.EncodeToString(sealed),
	}, nil
}

// Open decrypts a value in a job of an app. The error is [ErrKeyMissing] or [ErrInvalid].
func (k Keys) Open(secret job.SealedSecret, appID, jobID string) (string, error) {
	key, err := k.find(secret.KeyID)
	if err != nil {
		return "", err
	}

	sealed, err := base64.RawURLEncoding.DecodeString(secret.Sealed)
	if err != nil {
		return "", ErrInvalid
	}

	place := Place{AppID: appID, JobID: jobID, Parameter: secret.Parameter}

	value, err := key.sealer.Open(nil, nil, sealed, place.data())
	if err != nil {
		return "", ErrInvalid
	}

	return string(value), nil
}

// Digest returns a digest of a value at its place, by which equal values can be recognized. Unlike a plain one, it can't be
// compared with digests of guessed values without the key. The error is [ErrKeyMissing].
func (k Keys) Digest(keyID, value string, place Place) (string, error) {
	key, err := k.find(keyID)
	if err != nil {
		return "", err
	}

	mac := hmac.New(sha256.New, key.digest)
	mac.Write(place.data())
	mac.Write([]byte(value))

	return hex.EncodeToString(mac.Sum(nil)), nil
}
