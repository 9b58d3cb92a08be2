package apiserver_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/apiserver/oidc"
	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/apikey"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/audit"
	"github.com/jobwright/jobwright/internal/filetest"
	"github.com/jobwright/jobwright/jobservice"
)

// buffer is a buffer that many goroutines may use.
type buffer struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (b *buffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()

	return b.out.Write(text)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()

	return b.out.String()
}

// server is an API server with apps, and without Temporal.
type server struct {
	*httptest.Server

	options  apiserver.Options
	apps     string // The folder.
	log      buffer
	auditLog buffer
}

// serve starts a server. The apps are files, by their paths.
func serve(t *testing.T, apps map[string]string, configure func(*apiserver.Options)) *server {
	t.Helper()

	s := &server{apps: t.TempDir()}
	filetest.Write(t, s.apps, apps)

	opened, err := app.Open(s.apps, app.Options{})
	require.NoError(t, err)

	keys, err := seal.Parse(seal.New())
	require.NoError(t, err)

	log := slog.New(slog.NewJSONHandler(&s.log, nil))
	options := apiserver.Options{
		Jobs: jobservice.New(jobservice.Options{Keys: keys, Log: log}), Apps: opened, Log: log, Keys: keys,
		Audit: audit.New(&s.auditLog), WellKnownKey: "dev", MaxFailures: 1000,
	}

	if configure != nil {
		configure(&options)
	}

	s.options = options
	s.Server = httptest.NewServer(apiserver.New(options))
	t.Cleanup(s.Close)

	return s
}

func (s *server) write(t *testing.T, name, text string) {
	t.Helper()
	filetest.Write(t, s.apps, map[string]string{name: text})
}

// send sends a request, and returns the status, the header and the body of the response.
func (s *server) send(t *testing.T, method, path string, header http.Header, body string) (
	status int, answered http.Header, read map[string]any,
) {
	t.Helper()

	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	maps.Copy(request.Header, header)

	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)

	defer func() { require.NoError(t, response.Body.Close()) }()

	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)

	require.NoError(t, json.Unmarshal(text, &read), string(text))

	return response.StatusCode, response.Header, read
}

// token requests an access token by a form.
func (s *server) token(t *testing.T, fields url.Values) (status int, header http.Header, read map[string]any) {
	t.Helper()

	return s.send(t, http.MethodPost, "/api/v1/oauth2/token",
		http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, fields.Encode())
}

// issue returns an access token of a client.
func (s *server) issue(t *testing.T, client, secret string) string {
	t.Helper()

	status, _, issued := s.token(t, url.Values{
		"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {secret},
	})
	require.Equal(t, http.StatusOK, status, issued)

	return issued["access_token"].(string)
}

// lineage makes a call that needs the right to execute, and returns the status and the error code.
func (s *server) lineage(t *testing.T, appID, bearer string) (status int, code string) {
	t.Helper()

	status, _, got := s.send(t, http.MethodGet, "/api/v1/getLineage?scenarioName=Main&appId="+appID,
		http.Header{"Authorization": {"Bearer " + bearer}}, "")
	result, _ := got["result"].(map[string]any)
	code, _ = result["code"].(string)

	return status, code
}

const mainScenario = "steps: [{opName: Return, opParams: {value: 1}}]"

// allRights is the line of app.yaml for an access that has every right.
const allRights = "    rights: [execute, status, signal, stop, schedule, query, operate, delete]\n"

// accessWith returns an app.yaml with one access that accepts the keys, each with further fields.
func accessWith(name, fields string, keys ...string) string {
	text := "access:\n  - name: " + name + "\n    keys:\n"
	for _, key := range keys {
		text += "      - {sha256: " + apikey.DigestOf(key).String() + fields + "}\n"
	}

	return text
}

func TestAccessTokenStandsForItsKey(t *testing.T) {
	t.Parallel()

	key, other := apikey.New(), apikey.New()
	s := serve(t, map[string]string{
		"7/app.yaml": accessWith("nightly load", "", key), "7/scenarios/Main.yaml": mainScenario,
		"8/app.yaml": accessWith("nightly load", "", other), "8/scenarios/Main.yaml": mainScenario,
	}, nil)

	status, header, issued := s.token(t, url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"7/nightly load"}, "client_secret": {key},
	})
	require.Equal(t, http.StatusOK, status, issued)
	require.Equal(t, "no-store", header.Get("Cache-Control"))
	require.Contains(t, header.Get("Content-Type"), "application/json")

	bearer, _ := issued["access_token"].(string)
	require.Equal(t, map[string]any{"access_token": bearer, "token_type": "Bearer", "expires_in": 1800.0}, issued)

	check := func(wantStatus int, wantCode, appID, bearer string) {
		status, code := s.lineage(t, appID, bearer)
		require.Equal(t, wantStatus, status, code)
		require.Equal(t, wantCode, code)
	}

	check(http.StatusOK, "", "7", bearer)
	check(http.StatusForbidden, "forbidden", "8", bearer)
	check(http.StatusForbidden, "forbidden", "9", bearer)
	check(http.StatusUnauthorized, "unauthorized", "7", bearer[:len(bearer)-2]+"xx")

	// The rights are those at the time of the call.
	s.write(t, "7/app.yaml", accessWith("nightly load", "", key)+"    rights: [stop]\n")
	check(http.StatusForbidden, "forbidden", "7", bearer)

	s.write(t, "7/app.yaml", accessWith("nightly load", ", expires: 2020-01-01T00:00:00Z", key))
	check(http.StatusUnauthorized, "key_expired", "7", bearer)

	s.write(t, "7/app.yaml", accessWith("nightly load", "", other))
	check(http.StatusUnauthorized, "unauthorized", "7", bearer)
	check(http.StatusOK, "", "7", other)
}

func TestTokenClientAuthenticatesInTheFormOrByBasic(t *testing.T) {
	t.Parallel()

	key := apikey.New()
	s := serve(t, map[string]string{"7/app.yaml": accessWith(`"a: 100% + more"`, "", key)}, nil)

	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=UTF-8"}}
	basic := func(id, secret string) http.Header {
		request := http.Request{Header: maps.Clone(form)}
		request.SetBasicAuth(id, secret)

		return request.Header
	}

	client, grant := "7/a: 100% + more", "grant_type=client_credentials"

	for name, row := range map[string]struct {
		header http.Header
		body   string
	}{
		"form":                  {form, grant + "&client_id=" + url.QueryEscape(client) + "&client_secret=" + key},
		"basic":                 {basic(url.QueryEscape(client), url.QueryEscape(key)), grant},
		"basic with the id too": {basic(url.QueryEscape(client), key), grant + "&client_id=" + url.QueryEscape(client)},
	} {
		for _, path := range []string{"/api/v1/oauth2/token", "/api/v1/oauth2/token.jsp"} {
			status, _, issued := s.send(t, http.MethodPost, path, row.header, row.body)
			require.Equal(t, http.StatusOK, status, "%s: %v", name, issued)
		}
	}
}

func TestTokenErrorsAreThoseOfOAuth(t *testing.T) {
	t.Parallel()

	key, expired := apikey.New(), apikey.New()
	s := serve(t, map[string]string{
		"7/app.yaml": accessWith("caller", "", key) + strings.TrimPrefix(
			accessWith("late", ", expires: 2020-01-01T00:00:00Z", expired), "access:\n"),
		"8/app.yaml": "access: [",
	}, nil)

	with := func(changes ...string) url.Values {
		fields := url.Values{"grant_type": {"client_credentials"}, "client_id": {"7/caller"}, "client_secret": {key}}
		for i := 0; i < len(changes); i += 2 {
			fields.Set(changes[i], changes[i+1])
		}

		return fields
	}

	for name, row := range map[string]struct {
		fields url.Values
		status int
		code   string
	}{
		"no grant":           {with("grant_type", ""), 400, "invalid_request"},
		"password":           {with("grant_type", "password", "username", "me"), 400, "unsupported_grant_type"},
		"refresh token":      {with("grant_type", "refresh_token"), 400, "unsupported_grant_type"},
		"a scope":            {with("scope", "execute"), 400, "invalid_scope"},
		"a field twice":      {url.Values{"grant_type": {"client_credentials", "client_credentials"}}, 400, "invalid_request"},
		"no client":          {with("client_id", "", "client_secret", ""), 401, "invalid_client"},
		"a wrong secret":     {with("client_secret", apikey.New()), 401, "invalid_client"},
		"no secret":          {with("client_secret", ""), 401, "invalid_client"},
		"an expired key":     {with("client_id", "7/late", "client_secret", expired), 401, "invalid_client"},
		"another access":     {with("client_id", "7/late"), 401, "invalid_client"},
		"another app":        {with("client_id", "9/caller"), 401, "invalid_client"},
		"an app that is bad": {with("client_id", "8/caller"), 503, "server_error"},
	} {
		status, header, got := s.token(t, row.fields)
		require.Equal(t, row.status, status, "%s: %v", name, got)
		require.Equal(t, row.code, got["error"], name)
		require.NotEmpty(t, got["error_description"], name)
		require.Len(t, got, 2, name)
		require.Equal(t, "no-store", header.Get("Cache-Control"))
		require.Equal(t, status == http.StatusUnauthorized, header.Get("WWW-Authenticate") == `Basic realm="jobwright"`, name)
	}

	status, _, got := s.send(t, http.MethodPost, "/api/v1/oauth2/token", http.Header{"Content-Type": {"application/json"}}, `{}`)
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "invalid_request", got["error"])

	keyless := serve(t, map[string]string{"7/app.yaml": accessWith("caller", "", key)}, func(o *apiserver.Options) { o.Keys = seal.Keys{} })
	status, _, got = keyless.token(t, with())
	require.Equal(t, http.StatusNotImplemented, status, got)
	require.Equal(t, "server_error", got["error"])
	require.Contains(t, got["error_description"], "--secret-key-file")
}

func TestTokenRequestsCountAsFailures(t *testing.T) {
	t.Parallel()

	s := serve(t, map[string]string{"7/app.yaml": accessWith("caller", "", apikey.New())},
		func(o *apiserver.Options) { o.MaxFailures = 3 })
	wrong := url.Values{"grant_type": {"client_credentials"}, "client_id": {"7/caller"}, "client_secret": {"wrong"}}

	for range 3 {
		status, _, _ := s.token(t, wrong)
		require.Equal(t, http.StatusUnauthorized, status)
	}

	status, header, got := s.token(t, wrong)
	require.Equal(t, http.StatusTooManyRequests, status, got)
	require.NotEmpty(t, header.Get("Retry-After"))
}

func TestTokenForALoopbackKey(t *testing.T) {
	t.Parallel()

	s := serve(t, map[string]string{"7/app.yaml": "description: x", "7/scenarios/Main.yaml": mainScenario}, nil)

	status, code := s.lineage(t, "7", s.issue(t, "7/*", "dev"))
	require.Equal(t, http.StatusOK, status, code)
}

func TestTokenOfAnIdentityProvider(t *testing.T) {
	t.Parallel()

	signing, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)

	provider := oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: signing.Public(), KeyID: "first", Algorithm: "ES256"}}}
	issuer := httptest.NewServer(&provider)
	t.Cleanup(issuer.Close)
	provider.SetIssuer(issuer.URL)

	verifier, err := oidc.New(oidc.Options{Issuer: issuer.URL, Audience: "jobwright-api"})
	require.NoError(t, err)

	s := serve(t, map[string]string{
		"7/app.yaml": "access:\n  - {name: build server, claims: {azp: ci, groups: jobs}}\n", "7/scenarios/Main.yaml": mainScenario,
		"8/app.yaml": "access:\n  - {name: build server, claims: {azp: other}}\n", "8/scenarios/Main.yaml": mainScenario,
	}, func(o *apiserver.Options) { o.IdentityProvider = verifier })

	sign := func(claims map[string]any) string {
		all := map[string]any{
			"iss": issuer.URL, "aud": "jobwright-api", "sub": "x", "exp": time.Now().Add(time.Hour).Unix(), "azp": "ci",
			"groups": []string{"jobs"},
		}
		maps.Copy(all, claims)

		text, err := json.Marshal(all)
		require.NoError(t, err)

		return oidctest.SignIDToken(signing, "first", "ES256", string(text))
	}

	for name, row := range map[string]struct {
		app    string
		claims map[string]any
		status int
		code   string
	}{
		"all claims":       {"7", nil, 200, ""},
		"a claim too few":  {"7", map[string]any{"groups": []string{"staff"}}, 403, "forbidden"},
		"other claims":     {"8", nil, 403, "forbidden"},
		"no such app":      {"9", nil, 403, "forbidden"},
		"expired":          {"7", map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}, 401, "token_expired"},
		"another audience": {"7", map[string]any{"aud": "x"}, 401, "unauthorized"},
	} {
		status, code := s.lineage(t, row.app, sign(row.claims))
		require.Equal(t, row.status, status, name)
		require.Equal(t, row.code, code, name)
	}

	require.Contains(t, s.log.String(), "audience", "the log has the reason")

	none := serve(t, map[string]string{"7/app.yaml": "description: x"}, nil)
	status, code := none.lineage(t, "7", sign(nil))
	require.Equal(t, http.StatusUnauthorized, status)
	require.Equal(t, "unauthorized", code)
}

func TestTokenOfAnIdentityProviderThatIsDown(t *testing.T) {
	t.Parallel()

	signing, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)

	issuer := httptest.NewServer(http.NotFoundHandler())
	issuer.Close()

	verifier, err := oidc.New(oidc.Options{Issuer: issuer.URL, Audience: "jobwright-api"})
	require.NoError(t, err)

	s := serve(t, map[string]string{"7/app.yaml": "description: x"}, func(o *apiserver.Options) { o.IdentityProvider = verifier })

	status, header, got := s.send(t, http.MethodGet, "/api/v1/getLineage?scenarioName=Main&appId=7",
		http.Header{"Authorization": {"Bearer " + oidctest.SignIDToken(signing, "first", "ES256", "{}")}}, "")
	require.Equal(t, http.StatusServiceUnavailable, status, got)
	require.Equal(t, "5", header.Get("Retry-After"))
}

func TestAuditLogHasEachRefusalAndEachToken(t *testing.T) {
	t.Parallel()

	key := apikey.New()
	s := serve(t, map[string]string{
		"7/app.yaml": accessWith("caller", "", key) + "    rights: [execute]\n", "7/scenarios/Main.yaml": mainScenario,
	}, nil)

	bearer := s.issue(t, "7/caller", key)
	post := http.Header{"Content-Type": {"application/json"}}

	s.lineage(t, "7", bearer)    // It changes nothing.
	s.lineage(t, "7", "hunter2") // Refused.
	s.lineage(t, "9", key)       // Refused.
	s.send(t, http.MethodPost, "/api/v1/stopJob", post, `{"apiKey":"`+key+`","appId":"7","jobId":"night-1"}`)
	s.send(t, http.MethodPost, "/api/v1/executeJob", post, `{"apiKey":"hunter2","appId":"7","operation":{}}`)
	s.send(t, http.MethodPost, "/api/v1/executeJob.jsp", post, `{"apiKey":"`+key+`","appId":"7","operation":{"opName":"hunter2"}}`)
	s.send(t, http.MethodPost, "/api/v1/executeJob", nil, `{}`)
	s.send(t, http.MethodGet, "/api/v1/stop?apiKey=hunter2&appId=7&jobId=x", nil, "")
	s.send(t, http.MethodGet, "/api/v1/hunter2", nil, "")
	s.token(t, url.Values{"grant_type": {"client_credentials"}, "client_id": {"7/caller"}, "client_secret": {"hunter2"}})

	var got []map[string]any

	for line := range strings.Lines(s.auditLog.String()) {
		var entry map[string]any

		require.NoError(t, json.Unmarshal([]byte(line), &entry))
		require.Equal(t, "audit", entry["msg"])
		require.Equal(t, "127.0.0.1", entry["remote"])
		require.NotEmpty(t, entry["reference"])
		require.Contains(t, s.log.String(), entry["reference"])

		for _, name := range []string{"time", "level", "msg", "remote", "reference"} {
			delete(entry, name)
		}

		got = append(got, entry)
	}

	require.Equal(t, []map[string]any{
		{"call": "oauth2/token", "app": "7", "access": "caller", "outcome": "ok"},
		{"call": "getLineage", "outcome": "unauthorized"},
		{"call": "getLineage", "app": "9", "outcome": "forbidden"},
		{"call": "stopJob", "app": "7", "access": "caller", "jobId": "night-1", "outcome": "forbidden"},
		{"call": "executeJob", "app": "7", "outcome": "unauthorized"},
		{"call": "executeJob", "app": "7", "access": "caller", "outcome": "forbidden"},
		{"call": "executeJob", "outcome": "media_type_unsupported"},
		{"call": "stopJob", "app": "7", "jobId": "x", "outcome": "unauthorized"},
		{"call": "oauth2/token", "app": "7", "outcome": "invalid_client"},
	}, got)

	for _, secret := range []string{key, bearer, "hunter2"} {
		require.NotContains(t, s.auditLog.String(), secret)
		require.NotContains(t, s.log.String(), secret)
	}
}
