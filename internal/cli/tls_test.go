package cli_test

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/testserver/certificate"
)

// tlsConfig returns the configuration for values of the flags.
func tlsConfig(t *testing.T, log *slog.Logger, arguments ...string) (*tls.Config, error) {
	t.Helper()

	var flags cli.TLSFlags

	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	flags.AddTo(set)
	require.NoError(t, set.Parse(arguments))

	return flags.Config(log)
}

func TestServeReadsAReplacedCertificateWithoutARestart(t *testing.T) {
	t.Parallel()

	authority := certificate.NewAuthority(t)
	cert, key := filepath.Join(t.TempDir(), "tls.crt"), filepath.Join(t.TempDir(), "tls.key")
	authority.Issue(t, "first", cert, key)

	var logged bytes.Buffer

	log := slog.New(slog.NewTextHandler(&logged, nil))
	config, err := tlsConfig(t, log, "--tls-cert", cert, "--tls-key", key)
	require.NoError(t, err)

	server, address, err := cli.Serve("--http", "127.0.0.1:0", config,
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }), log,
		func(err error) { t.Error(err) })
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })

	name := func() string {
		client := &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: authority.Pool, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true,
		}}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address, http.NoBody)
		require.NoError(t, err)
		response, err := client.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusNoContent, response.StatusCode)

		return response.TLS.PeerCertificates[0].Subject.CommonName
	}

	// changed gives the files a time of their own: two writes may fall into one tick of the file system's clock.
	minute := time.Minute
	changed := func() {
		for _, file := range []string{cert, key} {
			require.NoError(t, os.Chtimes(file, time.Time{}, time.Now().Add(minute)))
		}

		minute += time.Minute
	}

	require.Equal(t, "first", name())
	authority.Issue(t, "second", cert, key)
	changed()
	require.Equal(t, "second", name())

	// Half of a replacement: the key belongs to another certificate.
	authority.Issue(t, "third", cert, filepath.Join(t.TempDir(), "other.key"))
	changed()
	require.Equal(t, "second", name())
	require.Contains(t, logged.String(), "the last one stays in use")

	authority.Issue(t, "fourth", cert, key)
	changed()
	require.Equal(t, "fourth", name())

	require.NoError(t, os.Remove(cert))
	require.Equal(t, "fourth", name())

	old := &tls.Config{RootCAs: authority.Pool, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	_, err = (&tls.Dialer{Config: old, NetDialer: &net.Dialer{}}).DialContext(t.Context(), "tcp", address)
	require.ErrorContains(t, err, "protocol version")
}

func TestTLSFlagsReportMissingFiles(t *testing.T) {
	t.Parallel()

	log := slog.New(slog.DiscardHandler)

	config, err := tlsConfig(t, log)
	require.NoError(t, err)
	require.Nil(t, config)

	_, err = tlsConfig(t, log, "--tls-cert", "x")
	require.ErrorContains(t, err, "--tls-cert and --tls-key belong together")

	_, err = tlsConfig(t, log, "--tls-cert", "missing.pem", "--tls-key", "missing.key")
	require.ErrorContains(t, err, "missing.pem")
}
