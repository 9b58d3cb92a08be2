// Package apikey makes API keys. A key has 256 random bits, so a digest of it is no secret: app.yaml may contain it. A checksum
// in the key distinguishes mistyped keys from revoked ones.
package apikey

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
)

// prefix begins each key, so that scanners find keys in files and logs.
const prefix = "jw_"

const (
	randomSize   = 32
	checksumSize = crc32.Size
)

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ErrMistyped is the error for a text that begins like a key and has another length or a wrong checksum.
var ErrMistyped = errors.New("the key is mistyped or incomplete")

// New returns a new key: jw_ and 58 lower-case letters and digits, which are the base32 of 32 random bytes and their CRC-32.
func New() string {
	random := make([]byte, randomSize, randomSize+checksumSize)
	_, _ = rand.Read(random) // It never fails.

	return prefix + encoding.EncodeToString(binary.BigEndian.AppendUint32(random, crc32.ChecksumIEEE(random)))
}

// Check reports whether [New] can have made the key. The error of a text that only begins like such a key is [ErrMistyped].
func Check(key string) (isMade bool, err error) {
	text, isMade := strings.CutPrefix(key, prefix)
	if !isMade {
		return false, nil
	}

	decoded, err := encoding.DecodeString(text)
	if err != nil || len(decoded) != randomSize+checksumSize || encoding.EncodeToString(decoded) != text {
		return false, ErrMistyped
	}

	if random := decoded[:randomSize]; crc32.ChecksumIEEE(random) != binary.BigEndian.Uint32(decoded[randomSize:]) {
		return false, ErrMistyped
	}

	return true, nil
}

// Digest is the SHA-256 of a key.
type Digest [sha256.Size]byte

// DigestOf returns the digest of a key.
func DigestOf(key string) Digest { return sha256.Sum256([]byte(key)) }

// ParseDigest reads a digest in hexadecimal. Its error does not repeat the text, which may be the key itself.
func ParseDigest(text string) (Digest, error) {
	decoded, err := hex.DecodeString(text)
	if err != nil || len(decoded) != sha256.Size {
		return Digest{}, fmt.Errorf("it must have %d hexadecimal digits", hex.EncodedLen(sha256.Size))
	}

	return Digest(decoded), nil
}

// String returns the digest in hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }
