package web_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
	"github.com/jobwright/jobwright/source/web"
)

// serve starts a server and returns its URL.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()

	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)

	return server.URL
}

// open returns a source over the URL.
func open(t *testing.T, address string, options map[string]any) *web.Source {
	t.Helper()

	if options == nil {
		options = map[string]any{}
	}

	options["url"] = address

	opened, err := web.Open(t.Context(), source.Definition{Name: "shop", Kind: web.Kind, Options: options}, source.Place{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })

	return opened.(*web.Source)
}

// problemOf requires an error of the source.
func problemOf(t *testing.T, err error, code source.Code, retryable bool) *source.Error {
	t.Helper()

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, code, problem.Code, err)
	require.Equal(t, retryable, problem.Retryable, err)
	require.Equal(t, "shop", problem.Source)

	return problem
}

func requireProblem(t *testing.T, err error, code source.Code, retryable bool) {
	t.Helper()
	require.Error(t, problemOf(t, err, code, retryable))
}

func readAll(t *testing.T, response *source.Response) string {
	t.Helper()

	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())

	return string(text)
}

func TestRequestSendsMethodParametersHeadersAndBody(t *testing.T) {
	t.Parallel()

	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)

		w.Header().Set("Content-Type", "Text/Plain; charset=utf-8")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "%s %s %s %s %s %s %s", r.Method, r.URL.RequestURI(), r.Header.Get("X-Own"), r.Header.Get("X-Each"),
			r.Header.Get("Content-Type"), r.Header.Get("Idempotency-Key"), body)
	})
	from := open(t, address+"/api?v=1", map[string]any{"headers": map[string]any{"X-Each": "each"}})

	response, err := from.Request(t.Context(), source.Request{
		Method: "post", Path: "/orders/7?a=b", Params: url.Values{"c": {"d e", "f"}}, Headers: map[string]string{"X-Own": "own"},
		Body: strings.NewReader("text"), ContentType: "text/plain", IdempotencyKey: "job/1",
	})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, response.Status)
	require.Equal(t, "text/plain", response.ContentType)
	require.Equal(t, "POST /api/orders/7?a=b&c=d+e&c=f&v=1 own each text/plain job/1 text", readAll(t, response))
}

func TestRequestsContainTheConfiguredCredentials(t *testing.T) {
	t.Parallel()

	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		fmt.Fprint(w, user, password, r.Header.Get("X-Key"), r.URL.Query().Get("key"))
	})

	for want, options := range map[string]map[string]any{
		"mesecret": {"user": "me", "password": "secret"},
		"header":   {"apiKey": map[string]any{"header": "X-Key", "value": "header"}},
		"query":    {"apiKey": map[string]any{"query": "key", "value": "query"}},
	} {
		response, err := open(t, address, options).Request(t.Context(), source.Request{})
		require.NoError(t, err)
		require.Equal(t, want, readAll(t, response))
	}
}

func TestTokenIsReusedUntilTheServerRefusesIt(t *testing.T) {
	t.Parallel()

	var asked atomic.Int64

	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			user, password, _ := r.BasicAuth()
			if user != "me" || password != "secret" {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusUnauthorized)
				fmt.Fprint(w, `{"error":"invalid_client"}`)

				return
			}

			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"access_token":"token%d","token_type":"Bearer","expires_in":3600}`, asked.Add(1))

			return
		}

		// The first token is taken no more when the second request comes.
		if r.Header.Get("Authorization") == "Bearer token1" && r.URL.Path == "/second" {
			w.WriteHeader(http.StatusUnauthorized)

			return
		}

		body, _ := io.ReadAll(r.Body)
		fmt.Fprint(w, r.Header.Get("Authorization"), " ", string(body))
	})
	options := func(secret string) map[string]any {
		return map[string]any{"oauth2": map[string]any{
			"tokenUrl": address + "/token", "clientId": "me", "clientSecret": secret, "scopes": []any{"read"},
		}}
	}
	from := open(t, address, options("secret"))

	for path, want := range map[string]string{"first": "Bearer token1 x", "again": "Bearer token1 x"} {
		response, err := from.Request(t.Context(), source.Request{Method: "POST", Path: path, Body: strings.NewReader("x")})
		require.NoError(t, err)
		require.Equal(t, want, readAll(t, response))
	}

	response, err := from.Request(t.Context(), source.Request{Method: "POST", Path: "second", Body: strings.NewReader("x")})
	require.NoError(t, err)
	require.Equal(t, "Bearer token2 x", readAll(t, response))

	_, err = open(t, address, options("wrong")).Request(t.Context(), source.Request{})
	problem := problemOf(t, err, source.CodeRequestRefused, false)
	require.Contains(t, problem.Message, "invalid_client")
	require.NotContains(t, err.Error(), "wrong")
}

// A body from a file can't be sent again, but the next request must not fail with the same token.
func TestRefusedTokenIsForgottenAlsoIfTheRequestCanNotBeRepeated(t *testing.T) {
	t.Parallel()

	var (
		asked   atomic.Int64
		refused atomic.Value
	)

	refused.Store("Bearer token1")

	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)

		switch {
		case r.URL.Path == "/token":
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"access_token":"token%d","token_type":"Bearer","expires_in":3600}`, asked.Add(1))
		case r.Header.Get("Authorization") == refused.Load():
			w.WriteHeader(http.StatusUnauthorized)
		default:
			fmt.Fprint(w, "taken")
		}
	})
	from := open(t, address, map[string]any{"oauth2": map[string]any{"tokenUrl": address + "/token", "clientId": "me"}})
	request := func() (*source.Response, error) {
		return from.Request(t.Context(), source.Request{Method: "POST", Body: io.LimitReader(strings.NewReader("a file"), 6)})
	}

	// A token that was fetched just now is not refused for its age.
	_, err := request()
	requireProblem(t, err, source.CodeRequestRefused, false)

	response, err := request()
	require.NoError(t, err)
	require.Equal(t, "taken", readAll(t, response))

	refused.Store("Bearer token2")

	_, err = request()
	requireProblem(t, err, source.CodeUnavailable, true)

	response, err = request()
	require.NoError(t, err)
	require.Equal(t, "taken", readAll(t, response))
}

func TestUnexpectedStatusIsAnError(t *testing.T) {
	t.Parallel()

	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))

		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		fmt.Fprint(w, "because\n\tof "+strings.Repeat("that, ", 1_000))
	})
	from := open(t, address, map[string]any{"apiKey": map[string]any{"query": "key", "value": "secret"}})

	for status, retryable := range map[int]bool{
		400: false, 401: false, 403: false, 404: false, 408: true, 409: false, 425: true, 429: true, 500: true, 501: false, 502: true,
		503: true, 505: false, 304: false,
	} {
		_, err := from.Request(t.Context(), source.Request{Path: fmt.Sprint(status)})

		code := source.CodeRequestRefused
		if retryable {
			code = source.CodeUnavailable
		}

		if status == http.StatusNotFound {
			code = source.CodeTableNotFound
		}

		problem := problemOf(t, err, code, retryable)
		require.Equal(t, 7*time.Second, problem.RetryAfter)
		require.Contains(t, problem.Message, fmt.Sprintf("GET /%d returned %d", status, status))
		require.NotContains(t, err.Error(), "secret")
		require.Less(t, len(err.Error()), 700)

		if status != http.StatusNotModified {
			require.Contains(t, problem.Message, ": because of that, that")
		}
	}

	response, err := from.Request(t.Context(), source.Request{Path: "409", Statuses: []int64{200, 409}})
	require.NoError(t, err)
	require.Equal(t, 409, response.Status)
	require.NoError(t, response.Body.Close())
}

func TestUnreachableServerIsRetryable(t *testing.T) {
	t.Parallel()

	server := httptest.NewServer(http.NotFoundHandler())
	from := open(t, server.URL, nil)
	server.Close()

	_, err := from.Request(t.Context(), source.Request{Path: "x?secret=1"})
	require.NotContains(t, problemOf(t, err, source.CodeUnavailable, true).Message, "secret")

	_, err = from.Check(t.Context())
	requireProblem(t, err, source.CodeUnavailable, true)
}

func TestUntrustedCertificateIsNotRetryable(t *testing.T) {
	t.Parallel()

	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)

	_, err := open(t, server.URL, nil).Request(t.Context(), source.Request{})
	require.Contains(t, problemOf(t, err, source.CodeUnavailable, false).Hint, "certificate")
}

func TestCanceledContextEndsTheRequestAtTheServer(t *testing.T) {
	t.Parallel()

	began, gone := make(chan struct{}), make(chan struct{})
	address := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
		close(gone)
	})

	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-began; cancel() }()

	_, err := open(t, address, nil).Request(ctx, source.Request{})
	require.ErrorIs(t, err, context.Canceled)

	<-gone
}

func TestTruncatedResponseIsRetryable(t *testing.T) {
	t.Parallel()

	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "id\n1\n")
	})

	rows, err := open(t, address, nil).ReadTable(t.Context(), source.Read{
		Table: source.Table{Name: "x.csv"}, Format: source.Format{Type: "csv"},
	})

	for err == nil {
		_, err = rows.Next(t.Context())
	}

	requireProblem(t, err, source.CodeUnavailable, true)
}

func TestRedirectToAnotherOriginOmitsCredentials(t *testing.T) {
	t.Parallel()

	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header.Get("Authorization"), r.Header.Get("X-Own"), r.URL.RawQuery)
	})
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other, http.StatusTemporaryRedirect)
	})
	from := open(t, address, map[string]any{"user": "me", "password": "secret", "followRedirects": "anyHost"})

	response, err := from.Request(t.Context(), source.Request{Headers: map[string]string{"X-Own": "secret"}})
	require.NoError(t, err)
	require.Empty(t, readAll(t, response))

	// And what is sent goes nowhere else.
	_, err = from.Request(t.Context(), source.Request{Method: "POST", Body: strings.NewReader("x")})
	require.Contains(t, problemOf(t, err, source.CodeRequestRefused, false).Message, "307")
}

func TestRedirectToAnotherServerIsRefused(t *testing.T) {
	t.Parallel()

	reached := false
	other := serve(t, func(http.ResponseWriter, *http.Request) { reached = true })
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/here", http.StatusFound)
		} else if r.URL.Path != "/here" {
			http.Redirect(w, r, other+"/secret?key=1", http.StatusFound)
		}
	})
	from := open(t, address, nil)

	response, err := from.Request(t.Context(), source.Request{Path: "moved"})
	require.NoError(t, err)
	require.Empty(t, readAll(t, response))

	_, err = from.Request(t.Context(), source.Request{Path: "elsewhere"})
	problem := problemOf(t, err, source.CodeRequestRefused, false)
	require.Equal(t, "GET /elsewhere was redirected to another server, "+strings.TrimPrefix(other, "http://"), problem.Message)
	require.Contains(t, problem.Hint, "followRedirects: anyHost")

	_, err = from.Check(t.Context())
	_ = problemOf(t, err, source.CodeRequestRefused, false)
	require.False(t, reached)
}

func TestPathCantLeaveTheBaseURL(t *testing.T) {
	t.Parallel()

	var paths []string

	address := serve(t, func(_ http.ResponseWriter, r *http.Request) { paths = append(paths, r.RequestURI) })
	from := open(t, address+"/api/v2", nil)

	for _, path := range []string{
		"..", "../etc", "a/../../etc", "%2e%2e/etc", "a/%2E%2e/b", ".%2e/etc", "%252e%252e/etc", "..%2fetc", `..\etc`, "..%5cetc",
		"..;x/etc", "%25252525252e%25252525252e/etc",
	} {
		_, err := from.Request(t.Context(), source.Request{Path: path})
		_ = problemOf(t, err, source.CodeQueryInvalid, false)

		_, err = from.ReadTable(t.Context(), source.Read{Table: source.Table{Name: path}})
		_ = problemOf(t, err, source.CodeQueryInvalid, false)
	}

	require.Empty(t, paths)

	for _, path := range []string{"a..b/...", "100%25", "a?next=../b", "a%2fb"} {
		response, err := from.Request(t.Context(), source.Request{Path: path})
		require.NoError(t, err, path)
		require.Empty(t, readAll(t, response))
	}

	require.Equal(t, []string{"/api/v2/a..b/...", "/api/v2/100%25", "/api/v2/a?next=..%2Fb", "/api/v2/a%2fb"}, paths)
}

// tables serves the same table in several formats.
func TestReadTableUsesTheFormatOfTheResponse(t *testing.T) {
	t.Parallel()

	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/csv":
			w.Header().Set("Content-Type", "text/csv; charset=utf-8")
			fmt.Fprint(w, "id,name\n1,one\n2,\n")
		case "/json":
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"data":{"items":[{"id":"1","name":"one"},{"id":"2","name":null}]}}`)
		case "/gzip":
			w.Header().Set("Content-Type", "text/csv")
			w.Header().Set("Content-Encoding", "gzip")

			packed := gzip.NewWriter(w)
			fmt.Fprint(packed, "id,name\n1,one\n2,\n")
			_ = packed.Close()
		case "/xml":
			w.Header().Set("Content-Type", "application/xml")
			fmt.Fprint(w, `<feed><entry><id>1</id><name>one</name></entry><entry><id>2</id></entry></feed>`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	from := open(t, address, nil)

	for path, records := range map[string]string{"csv": "", "json": "data.items", "gzip": "", "xml": "entry"} {
		rows, err := from.ReadTable(t.Context(), source.Read{
			Table: source.Table{Name: path}, Format: source.Format{Records: records},
		})
		require.NoError(t, err, path)
		require.Equal(t, []source.Record{{"1", "one"}, {"2", nil}}, sourcetest.ReadAll(t, rows), path)
	}

	_, err := from.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "nowhere"}})
	requireProblem(t, err, source.CodeTableNotFound, false)
}

// ten serves ten records in pages of three.
func ten(t *testing.T, asked *sync.Map) http.HandlerFunc {
	t.Helper()

	return func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.URL.RawQuery, true)

		query := r.URL.Query()
		begin := 0

		for name, factor := range map[string]int{"page": 3, "offset": 1, "cursor": 1} {
			if text := query.Get(name); text != "" {
				number, _ := strconv.Atoi(strings.TrimPrefix(text, "at"))
				if name == "page" {
					number--
				}

				begin = number * factor
			}
		}

		var items []map[string]any
		for id := begin; id < min(begin+3, 10); id++ {
			items = append(items, map[string]any{"id": id})
		}

		answer := map[string]any{"items": items}

		if begin+3 < 10 {
			answer["next"] = fmt.Sprintf("at%d", begin+3)
			w.Header().Set("Link", fmt.Sprintf(`</?cursor=at0>; rel="first", <?cursor=at%d>; title="x"; rel="next"`, begin+3))
		}

		if items == nil {
			answer["items"] = []any{}
		}

		encoded, _ := json.Marshal(answer)
		_, _ = w.Write(encoded)
	}
}

func TestReadTableReadsPages(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		paging map[string]any
		pages  int
	}{
		"link":              {map[string]any{"style": "link"}, 4},
		"page":              {map[string]any{"style": "page", "size": 3}, 4},
		"page, no size":     {map[string]any{"style": "page"}, 5},
		"offset":            {map[string]any{"style": "offset", "size": 3, "sizeParameter": "limit"}, 4},
		"cursor":            {map[string]any{"style": "cursor", "cursor": "next"}, 4},
		"cursor, parameter": {map[string]any{"style": "cursor", "cursor": "next", "parameter": "cursor"}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var asked sync.Map

			from := open(t, serve(t, ten(t, &asked)), map[string]any{"paging": test.paging})

			rows, err := from.ReadTable(t.Context(), source.Read{
				Table: source.Table{Name: ""}, Format: source.Format{Records: "items"},
			})
			require.NoError(t, err)

			var want []source.Record
			for id := range int64(10) {
				want = append(want, source.Record{id})
			}

			require.Equal(t, want, sourcetest.ReadAll(t, rows))

			pages := 0
			asked.Range(func(any, any) bool { pages++; return true })
			require.Equal(t, test.pages, pages)
		})
	}
}

func TestPagesRefuseInvalidPages(t *testing.T) {
	t.Parallel()

	for answer, message := range map[string]string{
		`{"items":[{"id":1}],"next":"same"}`:                    "the pages form a circle",
		`{"items":[{"id":1}],"next":"http://example.invalid/"}`: "another server",
		`{"items":{"id":1}}`:                                    "no list of records",
		`[`:                                                     "page 1: it is not valid JSON",
		`[]`:                                                    "page 1: the parent of items is not an object",
	} {
		from := open(t, serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) }),
			map[string]any{"paging": map[string]any{"style": "cursor", "cursor": "next"}})

		rows, err := from.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "x"}, Format: source.Format{Records: "items"}})
		for err == nil {
			_, err = rows.Next(t.Context())
		}

		require.NotEqual(t, io.EOF, err)
		require.Contains(t, problemOf(t, err, source.CodeRecordInvalid, false).Message, message)
	}
}

func TestOpenChecksOptions(t *testing.T) {
	t.Parallel()

	for message, options := range map[string]map[string]any{
		"url must be":             {"url": "ftp://x"},
		"must not contain a user": {"url": "http://me:secret@x"},
		"apiKey requires":         {"url": "http://x", "apiKey": map[string]any{"value": "secret"}},
		"oauth2 requires":         {"url": "http://x", "oauth2": map[string]any{"clientSecret": "secret"}},
		"timeout must":            {"url": "http://x", "timeout": "soon"},
		"style of paging \"all\"": {"url": "http://x", "paging": map[string]any{"style": "all"}},
		"requires cursor":         {"url": "http://x", "paging": map[string]any{"style": "cursor"}},
		"requires a size":         {"url": "http://x", "paging": map[string]any{"style": "page", "sizeParameter": "n"}},
		"unknown field":           {"url": "http://x", "urls": ""},
	} {
		_, err := web.Open(t.Context(), source.Definition{Name: "shop", Kind: web.Kind, Options: options}, source.Place{})
		require.Contains(t, problemOf(t, err, source.CodeDefinitionInvalid, false).Message, message)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestCheckReturnsTheStatus(t *testing.T) {
	t.Parallel()

	found, err := open(t, serve(t, http.NotFound), nil).Check(t.Context())
	require.NoError(t, err)
	require.Contains(t, found, "404")

	_, err = open(t, serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }), nil).
		Check(t.Context())
	requireProblem(t, err, source.CodeRequestRefused, false)
}

func TestPathCanNotLeaveTheURL(t *testing.T) {
	t.Parallel()

	from := open(t, "http://127.0.0.1:1/api", nil)
	for _, path := range []string{"http://example.invalid/x", "x\x7f:%zz"} {
		_, err := from.Request(t.Context(), source.Request{Path: path})
		requireProblem(t, err, source.CodeQueryInvalid, false)
	}
}
