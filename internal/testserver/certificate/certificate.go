// Package certificate issues TLS certificates for tests.
package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Authority is a certificate authority for tests.
type Authority struct {
	File string         // The PEM file with its certificate.
	Pool *x509.CertPool // With its certificate alone.

	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewAuthority returns an authority.
func NewAuthority(t *testing.T) *Authority {
	t.Helper()

	a := &Authority{File: filepath.Join(t.TempDir(), "ca.pem"), Pool: x509.NewCertPool()}

	var encoded []byte

	a.certificate, a.key, encoded = newCertificate(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil)
	a.Pool.AddCert(a.certificate)
	writePEM(t, a.File, "CERTIFICATE", encoded)

	return a
}

// Issue writes a certificate for servers and clients with that name, which is valid for 127.0.0.1 and localhost, to PEM files. It
// replaces existing files.
func (a *Authority) Issue(t *testing.T, name, certificateFile, keyFile string) {
	t.Helper()

	_, key, encoded := newCertificate(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}, a)

	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	writePEM(t, certificateFile, "CERTIFICATE", encoded)
	writePEM(t, keyFile, "PRIVATE KEY", private)
}

// Load returns a certificate of files that Issue has written.
func (*Authority) Load(t *testing.T, certificateFile, keyFile string) tls.Certificate {
	t.Helper()

	loaded, err := tls.LoadX509KeyPair(certificateFile, keyFile)
	require.NoError(t, err)

	return loaded
}

// newCertificate returns a certificate that an authority has signed, or itself without one.
func newCertificate(t *testing.T, template *x509.Certificate, by *Authority) (*x509.Certificate, *ecdsa.PrivateKey, []byte) {
	t.Helper()

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)

	template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(t, err)

	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)

	parent, signer := template, key
	if by != nil {
		parent, signer = by.certificate, by.key
	}

	encoded, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(t, err)

	parsed, err := x509.ParseCertificate(encoded)
	require.NoError(t, err)

	return parsed, key, encoded
}

func writePEM(t *testing.T, file, kind string, encoded []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: encoded}), 0o600))
}
