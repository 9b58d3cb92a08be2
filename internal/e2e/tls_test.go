package e2e_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver/certificate"
)

func TestAPIServerAndCommandsUseTLS(t *testing.T) {
	t.Parallel()

	authority := certificate.NewAuthority(t)
	cert, key := filepath.Join(t.TempDir(), "tls.crt"), filepath.Join(t.TempDir(), "tls.key")
	authority.Issue(t, "server", cert, key)

	p := newProduction(t)
	writeApp(t, filepath.Join(p.apps, "8"), languageApp)

	server, _ := p.apiserver(t, "--tls-cert", cert, "--tls-key", key)
	address := server.await(t, `"API server is up","http":"([0-9.:]+)"`)
	operators := server.await(t, `"API server is up".*"metrics":"([0-9.:]+)"`)

	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: authority.Pool, MinVersion: tls.VersionTLS12},
	}}

	for _, url := range []string{"https://" + address + "/healthz", "https://" + operators + "/metrics"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		require.NoError(t, err)
		response, err := client.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode)
	}

	list := []string{"jobs", "--url", "https://" + address, "--app", "8"}
	environment := []string{"JOBWRIGHT_KEY=" + callerKey}

	unknown := launch(t, environment, "jobwright", list...)
	require.Equal(t, 1, unknown.end(t), unknown.output())
	require.Contains(t, unknown.output(), "certificate")

	trusted := launch(t, append(environment, "SSL_CERT_FILE="+authority.File), "jobwright", list...)
	require.Equal(t, 0, trusted.end(t), trusted.output())
}

func TestTemporalVerifiesTheClientsCertificate(t *testing.T) {
	t.Parallel()

	authority := certificate.NewAuthority(t)
	cert, key := filepath.Join(t.TempDir(), "client.crt"), filepath.Join(t.TempDir(), "client.key")
	authority.Issue(t, "jobwright", cert, key)

	// A proxy that requires a certificate stands for a Temporal that does.
	proxy, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{authority.Load(t, cert, key)}, ClientCAs: authority.Pool,
		ClientAuth: tls.RequireAndVerifyClientCert, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, proxy.Close()) })

	refusals := make(chan error, 1) // The first one.

	go func() {
		for {
			accepted, err := proxy.Accept()
			if err != nil {
				return
			}

			go func() {
				if err := accepted.(*tls.Conn).HandshakeContext(t.Context()); err == nil {
					pass(accepted)
				} else {
					_ = accepted.Close()

					select {
					case refusals <- err:
					default:
					}
				}
			}()
		}
	}()

	environment := []string{
		"TEMPORAL_ADDRESS=" + proxy.Addr().String(), "TEMPORAL_NAMESPACE=mutual-" + uuid.NewString(),
		"TEMPORAL_TLS_SERVER_CA_CERT_PATH=" + authority.File,
	}

	refused := launch(t, environment, "jobwright", "setup", "--retention", "24h")
	require.Equal(t, 1, refused.end(t), refused.output())
	require.Contains(t, refused.output(), "can't reach Temporal")
	require.ErrorContains(t, <-refusals, "client didn't provide a certificate")

	known := append(slices.Clip(environment), "TEMPORAL_TLS_CLIENT_CERT_PATH="+cert, "TEMPORAL_TLS_CLIENT_KEY_PATH="+key)
	accepted := launch(t, known, "jobwright", "setup", "--retention", "24h")
	require.Equal(t, 0, accepted.end(t), accepted.output())

	p := production{environment: known, apps: t.TempDir(), results: t.TempDir(), dataDir: t.TempDir()}
	writeApp(t, filepath.Join(p.apps, "8"), languageApp)

	_, api := p.apiserver(t)
	p.worker(t)

	got := api.execute(t, with(runScenario("8", "Wait", object{"long": false}), object{"apiKey": callerKey, "waitSeconds": 60}))
	require.Equal(t, http.StatusOK, got.status, got.text)
}

// pass passes the bytes of a connection to Temporal and back.
func pass(accepted net.Conn) {
	defer accepted.Close() //nolint:errcheck // The other end may be gone.

	temporal, err := net.Dial("tcp", shared.temporal.Frontend)
	if err != nil {
		return
	}
	defer temporal.Close() //nolint:errcheck // As above.

	go func() {
		_, _ = io.Copy(temporal, accepted)
		_ = temporal.Close()
	}()

	_, _ = io.Copy(accepted, temporal)
}
