package activities_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

func TestHTTPRequestSendsItsParameters(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		params              scenario.HTTPRequest
		body, kind, trace   string
		method, query, path string
	}{
		"no parameters":                    {params: scenario.HTTPRequest{Path: "a"}, method: "GET", path: "/a"},
		"a method in small letters":        {params: scenario.HTTPRequest{Method: "delete", Path: "/a/b"}, method: "DELETE", path: "/a/b"},
		"a question for the headers alone": {params: scenario.HTTPRequest{Method: "HEAD", Path: "a"}, method: "HEAD", path: "/a"},
		"params beside those of the path": {
			params: scenario.HTTPRequest{Path: "a?x=1", Params: jsonvalue.Object{"y": true}},
			method: "GET", path: "/a", query: "x=1&y=true",
		},
		"headers": {
			params: scenario.HTTPRequest{Headers: map[string]string{"X-Trace": "t1"}}, method: "GET", path: "/", trace: "t1",
		},
		"params": {
			params: scenario.HTTPRequest{Params: jsonvalue.Object{"a": []any{int64(1), "ä&b"}, "none": nil}},
			method: "GET", path: "/", query: "a=1&a=%C3%A4%26b",
		},
		"json": {
			params: scenario.HTTPRequest{Method: "POST", JSON: jsonvalue.Value{Any: map[string]any{"n": int64(9_007_199_254_740_993)}}},
			method: "POST", path: "/", body: `{"n":9007199254740993}`, kind: "application/json",
		},
		"form": {
			params: scenario.HTTPRequest{Method: "POST", Form: jsonvalue.Object{"a": "x y", "b": []any{true, int64(2)}}},
			method: "POST", path: "/", body: "a=x+y&b=true&b=2", kind: "application/x-www-form-urlencoded",
		},
		"text": {
			params: scenario.HTTPRequest{Method: "PUT", Text: "Grüße"},
			method: "PUT", path: "/", body: "Grüße", kind: "text/plain; charset=utf-8",
		},
		"text of another type": {
			params: scenario.HTTPRequest{Method: "POST", Text: "<a/>", Headers: map[string]string{"content-type": "application/xml"}},
			method: "POST", path: "/", body: "<a/>", kind: "application/xml",
		},
		"file": {
			params: scenario.HTTPRequest{Method: "PATCH", File: "companies.csv", FileSource: "files"},
			method: "PATCH", path: "/", body: companies, kind: "application/octet-stream",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			received, body := b.serve(t, http.StatusOK, "")

			test.params.Source = "shop"

			_, err := b.run(t, b.HTTPRequest, test.params)
			require.NoError(t, err)
			require.Equal(t, test.method, received.Method)
			require.Equal(t, test.path, received.URL.Path)
			require.Equal(t, test.query, received.URL.RawQuery)
			require.Equal(t, test.trace, received.Header.Get("X-Trace"))
			require.Equal(t, test.kind, received.Header.Get("Content-Type"))
			require.Equal(t, "nightly/2[1]", received.Header.Get("Idempotency-Key"))
			require.Equal(t, test.body, *body)
			require.EqualValues(t, len(test.body), received.ContentLength)
		})
	}
}

func TestHTTPRequestReturnsResponseAsResult(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.serve(t, http.StatusCreated, `[{"id":1,"name":"IBM"},{"id":2,"name":null}]`)

	params := scenario.HTTPRequest{Source: "shop", ReturnResult: true, ResultName: "created", Statuses: []int64{201}}

	outcome, err := b.run(t, b.HTTPRequest, params)
	require.NoError(t, err)
	require.EqualValues(t, 2, outcome.Rows)
	require.Equal(t, "created", *outcome.Result.Name)
	require.JSONEq(t, `{"records":[{"id":1,"name":"IBM"},{"id":2,"name":null}]}`, b.answer(t, outcome))

	params.Statuses = []int64{200}

	_, err = b.run(t, b.HTTPRequest, params)
	requireFailure(t, err, "source_request_refused", false, "201")
}

func TestHTTPRequestReturnsResponseAsValue(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		contentType, content string
		body                 any
	}{
		"JSON": {
			"application/json", `{"n":9007199254740993,"list":[1.5,null,"é"]}`,
			map[string]any{"n": int64(9_007_199_254_740_993), "list": []any{1.5, nil, "é"}},
		},
		"JSON of a kind":    {"application/problem+json; charset=utf-8", `"no"`, "no"},
		"what is no JSON":   {"application/json", "{", "{"},
		"text":              {"text/plain", `{"n":1}`, `{"n":1}`},
		"what is no text":   {"image/png", "\x89PNG\r\n", "\uFFFDPNG\r\n"},
		"an empty body":     {"application/json", "", nil},
		"as much as it may": {"text/plain", strings.Repeat("x", 64_000), strings.Repeat("x", 64_000)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			b.answerWith(t, func(answer http.ResponseWriter, _ *http.Request) {
				answer.Header().Set("Content-Type", test.contentType)
				answer.Header()["X-Seen"] = []string{"a", "b"}
				answer.WriteHeader(http.StatusNotFound)
				_, _ = answer.Write([]byte(test.content))
			})

			outcome, err := b.run(t, b.HTTPRequest, scenario.HTTPRequest{Source: "shop", ReturnValue: true, Statuses: []int64{200, 404}})
			require.NoError(t, err)

			value := outcome.Value.Any.(map[string]any)
			require.EqualValues(t, 404, value["status"])
			require.Equal(t, test.body, value["body"])
			require.Equal(t, "a, b", value["headers"].(map[string]any)["X-Seen"])
			require.Equal(t, test.contentType, value["headers"].(map[string]any)["Content-Type"])
		})
	}
}

func TestHTTPRequestLimitsTheValue(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		content string
		message string
	}{
		"its body":              {strings.Repeat("x", 65_537), "the response exceeds the 65536 bytes that a step's value can have; store it as a table"},
		"its body with headers": {strings.Repeat("x", 65_530), "a step's value can have at most 65536"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			b.serve(t, http.StatusOK, test.content)

			_, err := b.run(t, b.HTTPRequest, scenario.HTTPRequest{Source: "shop", ReturnValue: true})
			requireFailure(t, err, "limit_exceeded", false, test.message)
		})
	}
}

func TestHTTPRequestStoresResponseAsFile(t *testing.T) {
	t.Parallel()

	const content = "\xef\xbb\xbf{\x00\xff\r\n"

	b := newBench(t)
	b.serve(t, http.StatusOK, content)

	outcome, err := b.run(t, b.HTTPRequest, scenario.HTTPRequest{Source: "shop", FileSource: "files", TargetFile: "a/b.json"})
	require.NoError(t, err)
	require.Equal(t, job.StepOutcome{}, outcome)

	stored, err := os.ReadFile(filepath.Join(b.apps, "7", "files", "a", "b.json"))
	require.NoError(t, err)
	require.Equal(t, content, string(stored))
}

// A stored response proves that an earlier attempt has sent the request, although its report was lost.
func TestHTTPRequestIsNotRepeatedIfItsResponseIsStored(t *testing.T) {
	t.Parallel()

	b := newBench(t)

	var received atomic.Int32

	b.answerWith(t, func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(answer, `{"data":[{"n":%d},{"n":null}]}`, received.Add(1))
	})

	losesItsAnswer := func(ctx context.Context, of job.Task, params scenario.HTTPRequest) (*job.StepOutcome, error) {
		outcome, err := b.HTTPRequest(ctx, of, params)
		if err == nil && activity.GetInfo(ctx).Attempt == 1 {
			err = errors.New("the answer is lost")
		}

		return outcome, err
	}

	outcome := b.attempts(t, 2, losesItsAnswer, scenario.HTTPRequest{
		Source: "shop", Method: "POST", Format: source.Format{Records: "data"}, TargetSource: "stage", TargetTable: "answered",
	})
	require.Equal(t, job.StepOutcome{Rows: 2}, outcome)
	require.EqualValues(t, 1, received.Load())
	require.JSONEq(t, `{"records":[{"n":1},{"n":null}]}`,
		b.returned(t, scenario.Transform{Source: "stage", Query: "SELECT * FROM answered ORDER BY n NULLS LAST"}))
}

func TestHTTPRequestDecodesTheCharsetOfTheResponse(t *testing.T) {
	t.Parallel()

	const text = "v\nÅ €\n"

	records := []any{map[string]any{"v": "Å €"}}

	for name, test := range map[string]struct {
		contentType, content string
		value                any
	}{
		"no charset":                {"text/csv", text, text},
		"ISO-8859-1":                {"text/csv; charset=ISO-8859-1", "v\n\xc5 \x80\n", text}, // Which has the euro sign, as browsers read it.
		"Windows-1252":              {`text/csv; header=present; charset="windows-1252"`, "v\n\xc5 \x80\n", text},
		"UTF-16":                    {"text/csv; charset=utf-16le", "v\x00\n\x00\xc5\x00 \x00\xac\x20\n\x00", text},
		"that of a byte order mark": {"text/csv; charset=windows-1252", "\xef\xbb\xbf" + text, text},
		"JSON has none":             {"application/json; charset=ISO-8859-1", `[{"v":"Å €"}]`, records},
		"JSON has a byte order mark": {
			"application/json", "\xfe\xff\x00[\x00{\x00\"\x00v\x00\"\x00:\x00\"\x00\xc5\x00 \x20\xac\x00\"\x00}\x00]", records,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			b.answerWith(t, func(answer http.ResponseWriter, _ *http.Request) {
				answer.Header().Set("Content-Type", test.contentType)
				_, _ = answer.Write([]byte(test.content))
			})

			outcome, err := b.run(t, b.HTTPRequest, scenario.HTTPRequest{Source: "shop", ReturnValue: true})
			require.NoError(t, err)
			require.Equal(t, test.value, outcome.Value.Any.(map[string]any)["body"])

			outcome, err = b.run(t, b.HTTPRequest, scenario.HTTPRequest{Source: "shop", ReturnResult: true})
			require.NoError(t, err)
			require.JSONEq(t, `{"records":[{"v":"Å €"}]}`, b.answer(t, outcome))

			_, err = b.run(t, b.HTTPRequest, scenario.HTTPRequest{Source: "shop", TargetSource: "stage", TargetTable: "answered"})
			require.NoError(t, err)
			require.JSONEq(t, `{"records":[{"v":"Å €"}]}`, b.returned(t, scenario.Transform{Source: "stage", Query: "SELECT * FROM answered"}))
		})
	}
}

func TestHTTPRequestRejectsUnknownCharsetOfTable(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.answerWith(t, func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "text/csv; charset=none-such")
		_, _ = answer.Write([]byte("a\xff"))
	})

	_, err := b.run(t, b.HTTPRequest, scenario.HTTPRequest{Source: "shop", ReturnResult: true})
	requireFailure(t, err, "source_operation_unsupported", false, `"none-such" is not a supported encoding`)

	outcome, err := b.run(t, b.HTTPRequest, scenario.HTTPRequest{Source: "shop", ReturnValue: true})
	require.NoError(t, err)
	require.Equal(t, "a\uFFFD", outcome.Value.Any.(map[string]any)["body"])
}

// serve makes the source shop a server with that response. It returns the last request to the server and its body.
func (b *bench) serve(t *testing.T, status int, answer string) (received *http.Request, body *string) {
	t.Helper()

	received, body = &http.Request{}, new(string)

	b.answerWith(t, func(writer http.ResponseWriter, request *http.Request) {
		content, err := io.ReadAll(request.Body)
		if err != nil {
			panic(err)
		}

		*received, *body = *request, string(content)

		writer.Header().Set("Content-Type", "application/json")
		writer.WriteHeader(status)
		_, _ = writer.Write([]byte(answer))
	})

	return received, body
}

// answerWith makes the source shop a server with that handler.
func (b *bench) answerWith(t *testing.T, answer http.HandlerFunc) {
	t.Helper()

	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)

	b.write(t, "app.yaml", strings.Replace(manifest, "http://127.0.0.1:1", server.URL, 1))
}
