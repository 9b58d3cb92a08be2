// Package encryption encrypts the payloads of clients of Temporal: the arguments and results of workflows and activities,
// heartbeats, signals, queries, memos, titles, and the messages and stack traces of failures. Temporal stores and returns
// payloads without reading them, so it needs no key. Search attributes are no payloads in this sense: Temporal indexes them.
package encryption

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"github.com/jobwright/jobwright/app/seal"
)

// The metadata of an encrypted payload. Its data is a salt, a nonce and the encrypted payload with its own metadata.
const (
	Encoding      = "binary/encrypted"  // The encoding, which other codecs for Temporal use too.
	KeyIDMetadata = "encryption-key-id" // The ID of the key, see [seal.Keys.ID].
)

// Errors of decoding a payload.
var (
	ErrKeyMissing = errors.New("the key of a payload is missing")
	ErrInvalid    = errors.New("an encrypted payload was changed or is incomplete")
)

const saltSize = 16

// Codec encrypts and decrypts payloads. It is safe for concurrent use.
type Codec struct {
	keys       []seal.DerivedKey
	isEnabled  bool
	inWorkflow bool // Whether the code of a workflow uses the codec, see [dataConverter].
}

// New returns a codec with the payload keys of an operator. The first one encrypts, all decrypt. If isEnabled is false, the codec
// only decrypts. Payloads that are not encrypted stay readable.
func New(keys []seal.DerivedKey, isEnabled bool) (*Codec, error) {
	if isEnabled && len(keys) == 0 {
		return nil, fmt.Errorf("payloads can't be encrypted without a key; set %s or --secret-key-file", seal.Variable)
	}

	return &Codec{keys: keys, isEnabled: isEnabled}, nil
}

// Encode encrypts payloads, if the codec is enabled.
func (c *Codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	if !c.isEnabled {
		return payloads, nil
	}

	encrypted := make([]*commonpb.Payload, len(payloads))

	for i, payload := range payloads {
		var err error
		if encrypted[i], err = encrypt(c.keys[0], payload); err != nil {
			return nil, err
		}
	}

	return encrypted, nil
}

// Decode decrypts those of the payloads that are encrypted. The error is [ErrKeyMissing] or [ErrInvalid].
func (c *Codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	decrypted := make([]*commonpb.Payload, len(payloads))

	for i, payload := range payloads {
		if string(payload.GetMetadata()[converter.MetadataEncoding]) != Encoding {
			decrypted[i] = payload

			continue
		}

		var err error
		if decrypted[i], err = c.decrypt(payload); err != nil {
			if c.inWorkflow {
				panic(err) //nolint:forbidigo // The SDK then fails the workflow task, see dataConverter.
			}

			return nil, err
		}
	}

	return decrypted, nil
}

// encrypt encrypts a payload with its metadata.
func encrypt(key seal.DerivedKey, payload *commonpb.Payload) (*commonpb.Payload, error) {
	plain, err := proto.Marshal(payload)
	if err != nil {
		return nil, err
	}

	salt := make([]byte, saltSize, saltSize+len(plain)+64) //nolint:mnd // For the nonce and the tag.
	_, _ = rand.Read(salt)                                 // It never fails.

	sealer, err := newSealer(key, salt)
	if err != nil {
		return nil, err
	}

	return &commonpb.Payload{
		Metadata: map[string][]byte{converter.MetadataEncoding: []byte(Encoding), KeyIDMetadata: []byte(key.ID)},
		Data:     sealer.Seal(salt, nil, plain, []byte(key.ID)), //nolint:gosec // The sealer makes the nonce.
	}, nil
}

// decrypt reverses [encrypt].
func (c *Codec) decrypt(payload *commonpb.Payload) (*commonpb.Payload, error) {
	id, data := string(payload.GetMetadata()[KeyIDMetadata]), payload.GetData()

	at := slices.IndexFunc(c.keys, func(key seal.DerivedKey) bool { return key.ID == id })
	if at < 0 {
		return nil, fmt.Errorf("%w: this process has no key with the ID %.16q; add it to %s or --secret-key-file",
			ErrKeyMissing, id, seal.Variable)
	}

	if len(data) < saltSize {
		return nil, ErrInvalid
	}

	sealer, err := newSealer(c.keys[at], data[:saltSize])
	if err != nil {
		return nil, err
	}

	plain, err := sealer.Open(nil, nil, data[saltSize:], []byte(id))
	if err != nil {
		return nil, ErrInvalid
	}

	var decrypted commonpb.Payload
	if err := proto.Unmarshal(plain, &decrypted); err != nil {
		return nil, ErrInvalid
	}

	return &decrypted, nil
}

// newSealer returns AES-256-GCM with a key that is derived for one payload. With random nonces of 96 bits, one key is safe for
// 2³² payloads only, which a busy system reaches within days.
func newSealer(key seal.DerivedKey, salt []byte) (cipher.AEAD, error) {
	derived, err := hkdf.Expand(sha256.New, key.Key, string(salt), len(key.Key))
	if err != nil {
		return nil, err
	}

	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}

	return cipher.NewGCMWithRandomNonce(block)
}
