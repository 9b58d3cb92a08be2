package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
)

// syncBuffer is a buffer for concurrent use.
type syncBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (b *syncBuffer) Write(part []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	return b.buffer.Write(part)
}

func (b *syncBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	return b.buffer.String()
}

// listen runs an API server on a listener of its own until the test ends, and returns its address.
func listen(t *testing.T, options apiserver.Options) string {
	t.Helper()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)

	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	server := newServer(options, devKey)

	go func() { ended <- server.Serve(ctx, listener, time.Minute) }()

	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})

	return listener.Addr().String()
}

// connection is a connection to a server, on which a test writes and reads HTTP by itself.
type connection struct {
	net.Conn

	reader *bufio.Reader
}

func connect(t *testing.T, address string) *connection {
	t.Helper()

	opened, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = opened.Close() })
	require.NoError(t, opened.SetDeadline(time.Now().Add(time.Minute)))

	return &connection{opened, bufio.NewReader(opened)}
}

func (c *connection) send(t *testing.T, text string) {
	t.Helper()

	_, err := io.WriteString(c, text)
	require.NoError(t, err)
}

// receive reads a response and returns its status and body.
func (c *connection) receive(t *testing.T) (status int, body string) {
	t.Helper()

	response, err := http.ReadResponse(c.reader, nil)
	require.NoError(t, err)

	text, err := io.ReadAll(response.Body)
	require.NoError(t, errors.Join(err, response.Body.Close()))

	return response.StatusCode, string(text)
}

// requireClosed verifies that the server sends nothing more and closes the connection.
func (c *connection) requireClosed(t *testing.T) {
	t.Helper()

	rest, err := io.ReadAll(c.reader)
	require.NoError(t, err)
	require.Empty(t, rest)
}

const post = "POST /api/v1/executeJob HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

func TestBodyThatDoesNotArriveEndsTheConnection(t *testing.T) {
	t.Parallel()

	address := listen(t, apiserver.Options{BodyTimeout: 100 * time.Millisecond})

	slow := connect(t, address)
	slow.send(t, post+"Content-Length: 100\r\n\r\n{")

	status, body := slow.receive(t)
	require.Equal(t, http.StatusRequestTimeout, status)
	require.Contains(t, body, "request_timeout")
	slow.requireClosed(t)

	// Calls that don't read a body.
	for _, request := range []string{
		"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
		"GET /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
		"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
		post + "Authorization: Bearer wrong\r\nContent-Length: 100\r\n\r\n{",
	} {
		unread := connect(t, address)
		unread.send(t, request)
		unread.receive(t)
		unread.requireClosed(t)
	}
}

func TestWaitingCallOutlivesTheBodyTimeout(t *testing.T) {
	t.Parallel()

	address := listen(t, apiserver.Options{BodyTimeout: 100 * time.Millisecond})
	api := caller{"http://" + address}

	appID, jobID := newApp(t, languageApp), uuid.NewString()
	wait := api.startExecute(t, with(runScenario(appID, "WaitForSignal", object{}), object{"jobId": jobID}))

	await(t, func() bool { return api.status(t, appID, jobID).status == http.StatusOK })
	api.awaitStatus(t, appID, jobID, func(result object) bool { return result["signals"] != nil })

	<-time.After(200 * time.Millisecond) // Longer than the timeout.
	require.Equal(t, http.StatusOK, api.signal(t, object{
		"apiKey": devKey, "appId": appID, "jobId": jobID, "signal": "go-WaitForSignal",
	}).status)

	ended := wait()
	require.Equal(t, http.StatusOK, ended.status, ended.text)
}

func TestWrongKeyInTheHeaderIsRefusedBeforeTheBodyIsRead(t *testing.T) {
	t.Parallel()

	opened := connect(t, listen(t, apiserver.Options{BodyTimeout: time.Hour}))
	opened.send(t, post+"Authorization: Bearer wrong\r\nContent-Length: 1000\r\n\r\n") // And no body.

	status, body := opened.receive(t)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Contains(t, body, "the apiKey is wrong")
}

func TestAuthorizationHeader(t *testing.T) {
	t.Parallel()

	const status = "/api/v1/getJobStatus?appId=7&jobId=nowhere"

	for header, want := range map[string]int{
		"Bearer " + callerKey: http.StatusNotFound, "bearer " + callerKey: http.StatusNotFound,
		"BEARER  " + callerKey: http.StatusNotFound, callerKey: http.StatusUnauthorized,
		"Basic " + callerKey: http.StatusUnauthorized, "Bearer": http.StatusUnauthorized,
		"Bearer wrong": http.StatusUnauthorized,
	} {
		got := api().call(t, http.MethodGet, status, http.Header{"Authorization": {header}}, "")
		require.Equal(t, want, got.status, header)

		if want == http.StatusUnauthorized && header != "Bearer wrong" {
			require.Contains(t, got.text, "must be Bearer, a space and the key", header)
		}
	}

	got := api().call(t, http.MethodGet, status+"&apiKey=dev", http.Header{"Authorization": {"Bearer " + callerKey}}, "")
	require.Equal(t, http.StatusBadRequest, got.status, got.text)

	got = api().call(t, http.MethodGet, status+"&apiKey=dev", http.Header{"Authorization": {"Basic of-a-proxy"}}, "")
	require.Equal(t, http.StatusNotFound, got.status, got.text)
}

func TestFailedAuthenticationsOfAnAddressAreLimited(t *testing.T) {
	t.Parallel()

	api := caller{"http://" + listen(t, apiserver.Options{MaxFailures: 3})}
	failing := func() []apiResponse {
		return []apiResponse{
			api.execute(t, with(runScenario("7", "Main", object{}), object{"apiKey": unknownKey})),
			api.call(t, http.MethodPost, "/api/v1/executeJob", with401(unknownKey), "{"),
			api.call(t, http.MethodGet, "/api/v1/getJobStatus?appId=7&jobId=x", nil, ""),
		}
	}

	for _, got := range failing() {
		require.Equal(t, http.StatusUnauthorized, got.status, got.text)
	}

	for _, got := range failing() {
		require.Equal(t, http.StatusTooManyRequests, got.status, got.text)
		require.Equal(t, "too_many_failures", got.result(t)["code"])

		seconds, err := strconv.Atoi(got.header.Get("Retry-After"))
		require.NoError(t, err)
		require.Positive(t, seconds)
		require.LessOrEqual(t, seconds, 20)
	}

	require.Equal(t, http.StatusNotFound, api.status(t, "7", "nowhere").status, "a valid key is accepted all the time")
}

func with401(key string) http.Header {
	return http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + key}}
}

func TestBodyLimits(t *testing.T) {
	t.Parallel()

	signal := func(data string) string {
		return `{"apiKey":"dev","appId":"7","jobId":"nowhere","signal":"x","data":` + data + `}`
	}

	for name, row := range map[string]struct {
		data   string
		status int
		says   string
	}{
		"99 lists in an object":    {strings.Repeat("[", 99) + strings.Repeat("]", 99), 404, "there is no job nowhere"},
		"100 lists in an object":   {strings.Repeat("[", 100) + strings.Repeat("]", 100), 400, "nested deeper than 100 levels"},
		"many open lists":          {strings.Repeat("[", 900_000), 400, "nested deeper than 100 levels"},
		"many empty lists":         {"[" + strings.Repeat("[],", 300_000) + "[]]", 400, "more than 100000 values"},
		"many names":               {"{" + manyNames(60_000) + `"x":1}`, 400, "more than 100000 values"},
		"a repeated name":          {`{"a":1,"a":2}`, 400, `duplicate object member name \"a\"`},
		"an escaped repeated name": {`{"a":1,"\u0061":2}`, 400, `duplicate object member name`},
		"invalid UTF-8":            {"\"\xff\"", 400, "invalid UTF-8"},
		"a number of many digits":  {strings.Repeat("9", 900_000), 400, "does not fit into 64 bits"},
		"a float of many digits":   {strings.Repeat("9", 900_000) + "e1", 400, "is out of range"},
		"a repeated long name":     {`{"` + strings.Repeat("x", 400_000) + `":1,"` + strings.Repeat("x", 400_000) + `":1}`, 400, "duplicate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got := api().call(t, http.MethodPost, "/api/v1/signalJob", asJSON, signal(row.data))
			require.Equal(t, row.status, got.status, "%.300s", got.text)
			require.Contains(t, got.text, row.says)
			require.Less(t, len(got.text), 1000)
		})
	}

	for _, body := range []string{`{"appId":"7","apiKey":"dev","apiKey":"x"}`, `{"apiKey":{},"appId":["` + strings.Repeat("x", 100_000) + `"]}`} {
		got := api().call(t, http.MethodPost, "/api/v1/signalJob", asJSON, body)
		require.Equal(t, http.StatusBadRequest, got.status, "%.300s", got.text)
		require.Less(t, len(got.text), 1000)
	}
}

func manyNames(count int) string {
	var names strings.Builder
	for i := range count {
		fmt.Fprintf(&names, `"%d":1,`, i)
	}

	return names.String()
}

func TestConnectionsAreLimited(t *testing.T) {
	t.Parallel()

	const request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

	address := listen(t, apiserver.Options{MaxConnections: 2})

	first, second, third := connect(t, address), connect(t, address), connect(t, address)
	for _, opened := range []*connection{first, second} {
		opened.send(t, request)

		status, _ := opened.receive(t)
		require.Equal(t, http.StatusOK, status)
	}

	third.send(t, request)
	require.NoError(t, third.SetReadDeadline(time.Now().Add(50*time.Millisecond)))

	_, err := third.reader.Peek(1)
	require.ErrorContains(t, err, "timeout", "the connection waits")

	require.NoError(t, first.Close())
	require.NoError(t, third.SetReadDeadline(time.Now().Add(time.Minute)))

	status, _ := connectionAgain(third).receive(t)
	require.Equal(t, http.StatusOK, status)
}

// connectionAgain returns the connection with a new reader: the last one remembers its error.
func connectionAgain(c *connection) *connection { return &connection{c.Conn, bufio.NewReader(c.Conn)} }

func TestMetricsAreNotServedByTheAPI(t *testing.T) {
	t.Parallel()

	got := api().call(t, http.MethodGet, "/metrics", nil, "")
	require.Equal(t, http.StatusNotFound, got.status, got.text)

	system := newProduction(t)
	server, production := system.apiserver(t)
	_, _, text := visitor{&http.Client{}, production.address}.get(t, "/metrics") // It is no page of the console.
	require.NotContains(t, text, "go_goroutines")
	require.Contains(t, metrics(t, metricsOf(t, server)), "go_goroutines")

	p := dev(t, t.TempDir(), "--metrics", "127.0.0.1:0")
	require.Contains(t, metrics(t, caller{p.await(t, `Metrics +(http://[0-9.:]+)/metrics`)}), "temporal_request")
}

func TestContentLengthWithTransferEncodingIsRefused(t *testing.T) {
	t.Parallel()

	const (
		body    = `{"apiKey":"dev","appId":"7","jobId":"nowhere"}`
		chunked = "Transfer-Encoding: chunked\r\n"
		stop    = "POST /api/v1/stopJob HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		end     = "\r\n2e\r\n" + body + "\r\n0\r\n\r\n"
	)

	address := listen(t, apiserver.Options{})

	for _, header := range []string{
		"Content-Length: 5\r\n" + chunked, chunked + "content-length: 5\r\n", chunked + "Content-Length: 57\r\n",
		"Content-Length: 5\n" + chunked, "X: " + strings.Repeat("x", 10_000) + "\r\n" + chunked + "Content-Length: 5\r\n",
	} {
		both := connect(t, address)
		both.send(t, stop+header+end+"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")

		status, text := both.receive(t)
		require.Equal(t, http.StatusBadRequest, status, header)
		require.Contains(t, text, "can't have a Content-Length")
		both.requireClosed(t)
	}

	// Requests of one connection that have one length each.
	for _, first := range []string{
		stop + chunked + end,
		stop + "Content-Length: 46\r\n\r\n" + body,
		strings.Replace(stop+chunked+end, "dev", "bad", 1),
		"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		opened := connect(t, address)

		for range 20 {
			opened.send(t, first)
			opened.receive(t)
			opened.send(t, stop+chunked+end)

			status, text := opened.receive(t)
			require.Equal(t, http.StatusNotFound, status, "%s: %s", first, text)
		}

		opened.send(t, stop+chunked+"Content-Length: 5\r\n"+end)

		status, _ := opened.receive(t)
		require.Equal(t, http.StatusBadRequest, status, first)
		opened.requireClosed(t)
	}
}
