package callback

import (
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

// The vector that the libraries of Standard Webhooks share.
const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorTime      = 1614265330
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func TestSignMatchesStandardWebhooks(t *testing.T) {
	t.Parallel()

	headers := http.Header{}
	require.NoError(t, sign(headers, vectorID, time.Unix(vectorTime, 0), []byte(vectorBody), []string{vectorSecret}))
	require.Equal(t, http.Header{
		"Webhook-Id": {vectorID}, "Webhook-Timestamp": {"1614265330"}, "Webhook-Signature": {vectorSignature},
	}, headers)
}

func TestSignWithTwoSecretsIsAcceptedByTheHoldersOfEach(t *testing.T) {
	t.Parallel()

	other := secretPrefix + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("n", 32)))
	headers := http.Header{}
	require.NoError(t, sign(headers, "msg_1", time.Now(), []byte("{}"), []string{other, vectorSecret}))
	require.Len(t, strings.Fields(headers.Get("Webhook-Signature")), 2)

	for _, secret := range []string{other, vectorSecret} {
		verifier, err := standardwebhooks.NewWebhook(secret)
		require.NoError(t, err)
		require.NoError(t, verifier.Verify([]byte("{}"), headers))
		require.Error(t, verifier.Verify([]byte(`{"changed":1}`), headers))
	}
}

func TestReadSecrets(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	reference := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))

		return "${file:" + path + "}"
	}

	got, err := readSecrets([]string{reference("good", vectorSecret+"\n")})
	require.NoError(t, err)
	require.Equal(t, []string{vectorSecret}, got)

	for name, text := range map[string]string{
		"no prefix": strings.TrimPrefix(vectorSecret, secretPrefix), "no base64": "whsec_%%%", "empty": "",
		"short": secretPrefix + base64.StdEncoding.EncodeToString(make([]byte, minSecret-1)),
		"long":  secretPrefix + base64.StdEncoding.EncodeToString(make([]byte, maxSecret+1)),
	} {
		_, err := readSecrets([]string{reference(name, text)})
		require.ErrorContains(t, err, "must be whsec_ and the base64 of 24 to 64 random bytes", name)

		if text != "" {
			require.NotContains(t, err.Error(), text)
		}
	}

	_, err = readSecrets([]string{"${file:" + dir + "/missing}"})
	require.ErrorContains(t, err, "can't be read")
}
