package postgres_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/source"
)

// checkError returns the error of Check with that connection string.
func checkError(t *testing.T, address string) *source.Error {
	t.Helper()

	opened, err := openWith(t, map[string]any{"connStr": address})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })

	_, err = opened.Check(t.Context())

	return requireError(t, err, source.CodeUnavailable)
}

func TestServerWithoutTLSIsNotRetryable(t *testing.T) {
	t.Parallel()

	server := testserver.NewPostgreSQL(t, testserver.PostgreSQLOptions{})
	demanding := strings.Replace(server.NewDatabase(t), "sslmode=disable", "sslmode=require", 1)

	problem := checkError(t, demanding)
	require.False(t, problem.Retryable)
	require.Contains(t, problem.Message, "the server does not support TLS")
	require.Contains(t, problem.Hint, "sslmode")

	server.Stop(t)
	require.True(t, checkError(t, demanding).Retryable, "a stopped server")
	require.True(t, checkError(t, strings.Replace(demanding, "sslmode=require", "sslmode=prefer", 1)).Retryable)
}

func TestServerOfOtherProtocolIsNotRetryable(t *testing.T) {
	t.Parallel()

	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)

	address, err := url.Parse(other.URL)
	require.NoError(t, err)

	problem := checkError(t, "postgres://user@"+address.Host+"/x?sslmode=require&sslnegotiation=direct")
	require.False(t, problem.Retryable)
	require.Contains(t, problem.Message, "the server does not support TLS")
}

func TestFailedTLSHandshakeIsNotRetryable(t *testing.T) {
	t.Parallel()

	withCertificate := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(withCertificate.Close)

	for name, test := range map[string]struct {
		config *tls.Config
		mode   string
		want   string
	}{
		"unknown authority":           {withCertificate.TLS, "verify-full", "certificate"},
		"client certificate required": {&tls.Config{Certificates: withCertificate.TLS.Certificates, ClientAuth: tls.RequireAnyClientCert}, "require", "certificate required"},
		"old version":                 {&tls.Config{Certificates: withCertificate.TLS.Certificates, MaxVersion: tls.VersionTLS11}, "require", "protocol version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			problem := checkError(t, "postgres://user@"+offerTLS(t, test.config)+"/x?sslmode="+test.mode)
			require.False(t, problem.Retryable)
			require.Contains(t, problem.Message, test.want)
		})
	}
}

// offerTLS accepts connections like a PostgreSQL server that supports TLS, up to the end of the handshake.
func offerTLS(t *testing.T, config *tls.Config) (address string) {
	t.Helper()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() }) // The test has ended.

	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}

			request := make([]byte, 8)
			_, _ = io.ReadFull(connection, request) // If a call fails, the client fails too.
			_, _ = connection.Write([]byte("S"))
			_ = tls.Server(connection, config).Handshake()
			_, _ = io.Copy(io.Discard, connection) // Closing a connection with unread data discards the data that was sent.
			_ = connection.Close()
		}
	}()

	return listener.Addr().String()
}
