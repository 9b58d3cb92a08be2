package apiserver_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/app/apikey"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/internal/temporalclient/encryption"
	"github.com/jobwright/jobwright/internal/testserver/certificate"
)

const temporalUI = "https://temporal.example.com"

// codec returns a codec with a new key.
func codec(t *testing.T) *encryption.Codec {
	t.Helper()

	keys, err := seal.Parse(seal.New())
	require.NoError(t, err)

	made, err := encryption.New(keys.PayloadKeys(), true)
	require.NoError(t, err)

	return made
}

// encoded returns the body of a request to decode two payloads, the second of which is not encrypted.
func encoded(t *testing.T, by *encryption.Codec) string {
	t.Helper()

	one, err := by.Converter().ToPayload("correct horse")
	require.NoError(t, err)

	two, err := converter.GetDefaultDataConverter().ToPayload(42)
	require.NoError(t, err)

	text, err := protojson.Marshal(&commonpb.Payloads{Payloads: []*commonpb.Payload{one, two}})
	require.NoError(t, err)
	require.NotContains(t, string(text), "horse")

	return string(text)
}

func TestCodecDecodesForOperatorsOfAllApps(t *testing.T) {
	t.Parallel()

	operator, half, caller := apikey.New(), apikey.New(), apikey.New()
	of := codec(t)
	s := serve(t, map[string]string{
		"7/app.yaml": accessWith("operator", "", operator, half) + "    rights: [operate]\n" +
			strings.TrimPrefix(accessWith("caller", "", caller), "access:\n") + "    rights: [execute, status]\n",
		"8/app.yaml": accessWith("operator", "", operator) + "    rights: [operate]\n",
	}, func(options *apiserver.Options) { options.Codec, options.CodecOrigin = of, temporalUI })

	body := encoded(t, of)
	post := func(header http.Header, key string) (int, http.Header, map[string]any) {
		sent := http.Header{"Content-Type": {"application/json"}}
		if key != "" {
			sent.Set("Authorization", "Bearer "+key)
		}

		maps.Copy(sent, header)

		return s.send(t, http.MethodPost, "/codec/jobs/decode?preserveStorageRefs=true", sent, body)
	}

	status, header, got := post(nil, operator)
	require.Equal(t, http.StatusOK, status, got)
	require.Empty(t, header.Get("Access-Control-Allow-Origin"))

	text, err := json.Marshal(got)
	require.NoError(t, err)

	var decoded commonpb.Payloads

	require.NoError(t, protojson.Unmarshal(text, &decoded))

	var (
		first  string
		second int
	)

	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(&decoded, &first, &second))
	require.Equal(t, "correct horse", first)
	require.Equal(t, 42, second)

	// No other caller, and no other origin.
	for key, want := range map[string]int{
		"": http.StatusUnauthorized, "hunter2": http.StatusUnauthorized, apikey.New(): http.StatusUnauthorized,
		half: http.StatusForbidden, caller: http.StatusForbidden, s.issue(t, "7/operator", half): http.StatusForbidden,
	} {
		status, _, got := post(nil, key)
		require.Equal(t, want, status, got)
		require.NotContains(t, got, "payloads")
	}

	status, header, _ = post(http.Header{"Origin": {temporalUI}, "Sec-Fetch-Site": {"cross-site"}}, operator)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, temporalUI, header.Get("Access-Control-Allow-Origin"))
	require.Empty(t, header.Get("Access-Control-Allow-Credentials"))

	for _, origin := range []string{"https://evil.example", "null", temporalUI + ".evil.example", "http://temporal.example.com"} {
		status, header, got = post(http.Header{"Origin": {origin}, "Sec-Fetch-Site": {"cross-site"}}, operator)
		require.Equal(t, http.StatusForbidden, status, got)
		require.Empty(t, header.Get("Access-Control-Allow-Origin"))
	}

	// The origin may call nothing else.
	status, _, got = s.send(t, http.MethodGet, "/api/v1/getApps", http.Header{"Origin": {temporalUI}, "Authorization": {"Bearer " + operator}}, "")
	require.Equal(t, http.StatusForbidden, status, got)

	var outcomes []string

	for line := range strings.Lines(s.auditLog.String()) {
		var entry struct {
			Call    string `json:"call"`
			Access  string `json:"access"`
			Outcome string `json:"outcome"`
		}

		require.NoError(t, json.Unmarshal([]byte(line), &entry))

		if entry.Call == "decodePayloads" {
			outcomes = append(outcomes, strings.TrimSpace(entry.Access+" "+entry.Outcome))
		}
	}

	require.ElementsMatch(t, []string{
		"operator ok", "unauthorized", "unauthorized", "unauthorized", "operator forbidden", "caller forbidden", "operator forbidden",
		"operator ok", "browser_refused", "browser_refused", "browser_refused", "browser_refused",
	}, outcomes)

	for _, text := range []string{s.auditLog.String(), s.log.String()} {
		require.NotContains(t, text, "horse")
		require.NotContains(t, text, operator)
	}
}

func TestCodecAnswersPreflightOfItsOriginOnly(t *testing.T) {
	t.Parallel()

	s := serve(t, nil, func(options *apiserver.Options) { options.CodecOrigin = temporalUI })
	ask := func(origin string) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, s.URL+"/codec/jobs/decode", http.NoBody)
		require.NoError(t, err)
		request.Header.Set("Origin", origin)
		request.Header.Set("Access-Control-Request-Method", http.MethodPost)

		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())

		return response
	}

	permitted := ask(temporalUI) //nolint:bodyclose // ask has closed it.
	require.Equal(t, http.StatusNoContent, permitted.StatusCode)
	require.Equal(t, temporalUI, permitted.Header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, permitted.Header.Get("Access-Control-Allow-Headers"), "Authorization")

	refused := ask("https://evil.example") //nolint:bodyclose // As above.
	require.Equal(t, http.StatusForbidden, refused.StatusCode)
	require.Empty(t, refused.Header.Get("Access-Control-Allow-Origin"))
}

func TestCodecRejectsWhatItCannotDecode(t *testing.T) {
	t.Parallel()

	operator := apikey.New()
	s := serve(t, map[string]string{"7/app.yaml": accessWith("operator", "", operator) + "    rights: [operate]\n"},
		func(options *apiserver.Options) { options.Codec = codec(t) })

	for body, message := range map[string]string{
		"{}": "", "hunter2": "the body must be payloads", encoded(t, codec(t)): "this process has no key with the ID",
	} {
		status, _, got := s.send(t, http.MethodPost, "/codec/jobs/decode",
			http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + operator}}, body)
		if message == "" {
			require.Equal(t, http.StatusOK, status, got)

			continue
		}

		require.Equal(t, http.StatusBadRequest, status, got)
		require.Contains(t, got["result"].(map[string]any)["message"], message)
	}
}

func TestServeSpeaksTLS(t *testing.T) {
	t.Parallel()

	authority := certificate.NewAuthority(t)
	cert, key := filepath.Join(t.TempDir(), "tls.crt"), filepath.Join(t.TempDir(), "tls.key")
	authority.Issue(t, "server", cert, key)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)

	seen := make(chan bool, 1)
	s := serve(t, nil, nil) // For its apps.
	options := s.options
	options.Log = slog.New(slog.DiscardHandler)
	options.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Load(t, cert, key)}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}}
	options.Pages = func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r.TLS != nil })
	}

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)

	go func() { ended <- apiserver.New(options).Serve(ctx, listener, time.Second) }()

	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: authority.Pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
	}}
	address := "https://" + listener.Addr().String()

	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/page", http.NoBody)
	require.NoError(t, err)
	response, err := client.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.True(t, <-seen, "cookies are marked as secure if the request came by TLS")

	// A body without a length passes the check of the framing, which reads the decrypted header.
	request, err = http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/api/v1/stopJob", struct{ *strings.Reader }{strings.NewReader("{}")})
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err = client.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusUnauthorized, response.StatusCode)

	stop()
	require.NoError(t, <-ended)
}
