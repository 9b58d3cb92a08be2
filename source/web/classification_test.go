package web_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestInvalidRequestIsNotRetryable(t *testing.T) {
	t.Parallel()

	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "ftp://127.0.0.1/x")
		w.WriteHeader(http.StatusFound)
	})

	for name, test := range map[string]struct {
		options map[string]any
		request source.Request
		says    string
	}{
		"a header's value":       {nil, source.Request{Headers: map[string]string{"X-Note": "a\nb"}}, "X-Note"},
		"a header's name":        {nil, source.Request{Headers: map[string]string{"X Note": "a"}}, "X Note"},
		"a key with a line feed": {map[string]any{"apiKey": map[string]any{"header": "X-Key", "value": "secret\n"}}, source.Request{}, "X-Key"},
		"another protocol":       {map[string]any{"followRedirects": "anyHost"}, source.Request{}, "ftp"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := open(t, address, test.options).Request(t.Context(), test.request)
			problem := problemOf(t, err, source.CodeQueryInvalid, false)
			require.Contains(t, problem.Message, test.says)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestOtherProtocolIsNotRetryable(t *testing.T) {
	t.Parallel()

	withoutTLS := serve(t, func(http.ResponseWriter, *http.Request) {})

	for name, test := range map[string]struct{ address, says string }{
		"no TLS":         {strings.Replace(withoutTLS, "http:", "https:", 1), "HTTP response to HTTPS client"},
		"no HTTP":        {greet(t, "220 mail.example.com ESMTP\r\n"), "malformed HTTP"},
		"another TLS":    {shakeHands(t, &tls.Config{MaxVersion: tls.VersionTLS11}), "protocol version"},
		"headers broken": {greet(t, "HTTP/1.1 200 OK\r\nno header\r\n\r\n"), "malformed MIME header"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := open(t, test.address, nil).Request(t.Context(), source.Request{})
			require.Contains(t, problemOf(t, err, source.CodeUnavailable, false).Message, test.says)
		})
	}
}

// shakeHands serves a TLS handshake only.
func shakeHands(t *testing.T, config *tls.Config) (address string) {
	t.Helper()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() }) // It accepts no further connection.

	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}

			_ = tls.Server(connection, config).Handshake()
			_, _ = io.Copy(io.Discard, connection) // Who closes what was not read takes back what it has said.
			_ = connection.Close()
		}
	}()

	return "https://" + listener.Addr().String()
}

// greet serves a protocol whose server sends the same text to every client.
func greet(t *testing.T, text string) (address string) {
	t.Helper()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() }) // It accepts no further connection.

	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}

			_, _ = connection.Read(make([]byte, 4096)) // Whatever fails here fails the client, too.
			_, _ = connection.Write([]byte(text))
			_ = connection.Close()
		}
	}()

	return "http://" + listener.Addr().String()
}
