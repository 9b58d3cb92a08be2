package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/tmaxmax/go-sse"

	"github.com/jobwright/jobwright/apiserver"
)

// stream is a call of watchJob.
type stream struct {
	*http.Response

	events func(func(sse.Event, error) bool)
}

// watch calls watchJob. lastEventID is the ID of the last event that the client has received; empty if there is none.
func (c caller) watch(ctx context.Context, key, appID, jobID, lastEventID string) (*stream, error) {
	query := url.Values{"apiKey": {key}, "appId": {appID}, "jobId": {jobID}}

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.address+"/api/v1/watchJob?"+query.Encode(), http.NoBody)
	if err != nil {
		return nil, err
	}

	request.Header.Set("Accept-Encoding", "gzip")

	if lastEventID != "" {
		request.Header.Set("Last-Event-ID", lastEventID)
	}

	response, err := http.DefaultClient.Do(request) //nolint:bodyclose // The caller closes it.
	if err != nil {
		return nil, err
	}

	events := sse.Read(response.Body, &sse.ReadConfig{MaxEventSize: 4 << 20})

	return &stream{response, events}, nil
}

// startWatch calls watchJob until the test ends.
func (c caller) startWatch(t *testing.T, appID, jobID, lastEventID string) *stream {
	t.Helper()

	opened, err := c.watch(t.Context(), devKey, appID, jobID, lastEventID)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Body.Close()) })

	return opened
}

// version returns the version of an event, and checks that its status has the same one.
func versionOfEvent(t *testing.T, event sse.Event) (version int64, status object) {
	t.Helper()

	require.NoError(t, json.Unmarshal([]byte(event.Data), &status), event.Data)
	require.Equal(t, event.LastEventID, textOf(versionOf(t, status)))

	return versionOf(t, status), status
}

func TestWatchSendsEachStatusUpToTheEnd(t *testing.T) {
	t.Parallel()

	appID, jobID, running := startWaitingJob(t)
	opened := api().startWatch(t, appID, jobID, "")
	require.Equal(t, http.StatusOK, opened.StatusCode)
	require.Equal(t, "text/event-stream; charset=utf-8", opened.Header.Get("Content-Type"))
	require.Equal(t, "no-store, no-transform", opened.Header.Get("Cache-Control"))
	require.Empty(t, opened.Header.Get("Content-Encoding"))
	require.Empty(t, opened.Header.Get("No-Gzip-Compression"))

	var (
		last    sse.Event
		version int64
		first   string
	)

	for event, err := range opened.events {
		require.NoError(t, err)
		require.NotEqual(t, "end", last.Type, "an event follows the end")

		next, status := versionOfEvent(t, event)
		require.Greater(t, next, version)

		if version == 0 {
			require.Equal(t, "status", event.Type)
			require.Equal(t, running, status, "it is the status that getJobStatus returns")
			signalGo(t, appID, jobID)

			first = event.LastEventID
		}

		last, version = event, next
	}

	require.Equal(t, "end", last.Type)

	_, status := versionOfEvent(t, last)
	require.Equal(t, "completed", status["status"])
	require.NotContains(t, status, "results")

	ended := api().statusWith(t, appID, jobID)
	delete(ended, "results")
	require.Equal(t, ended, status)

	// Another server sends the end to a client that knows an earlier status, and nothing to one that knows the end.
	other := serve(t, apiserver.Options{})

	for _, known := range []string{"", first, "no number", "1"} {
		var got []sse.Event

		for event, err := range other.startWatch(t, appID, jobID, known).events {
			require.NoError(t, err)

			got = append(got, event)
		}

		require.Equal(t, []sse.Event{last}, got, known)
	}

	over := other.startWatch(t, appID, jobID, last.LastEventID)
	require.Equal(t, http.StatusNoContent, over.StatusCode)

	body := fmt.Sprintf(`{"apiKey":%q,"appId":%q,"jobId":%q,"after":%s}`, devKey, appID, jobID, first)
	posted, err := http.Post(other.address+"/api/v1/watchJob.jsp", "application/json", strings.NewReader(body))
	require.NoError(t, err)

	text, err := io.ReadAll(posted.Body)
	require.NoError(t, err)
	require.NoError(t, posted.Body.Close())
	require.Contains(t, string(text), "\nevent: end\ndata: {\"jobId\":\""+jobID)
}

func TestWatchRefusesUnknownJobsAndTooManyCalls(t *testing.T) {
	t.Parallel()

	appID, jobID, _ := startWaitingJob(t)
	api := serve(t, apiserver.Options{MaxConnections: 2}) // Half of them may watch.

	require.Equal(t, http.StatusNotFound, api.startWatch(t, appID, uuid.NewString(), "").StatusCode)
	require.Equal(t, http.StatusNotFound, api.startWatch(t, "7", jobID, "").StatusCode, "a job of another app")

	first := api.startWatch(t, appID, jobID, "")
	require.Equal(t, http.StatusOK, first.StatusCode)

	refused := api.startWatch(t, appID, jobID, "")
	require.Equal(t, http.StatusTooManyRequests, refused.StatusCode)
	require.Equal(t, "3", refused.Header.Get("Retry-After"))

	again := api.startWatch(t, appID, jobID, "1") // An EventSource would give up after an error.
	require.Equal(t, http.StatusOK, again.StatusCode)

	text, err := io.ReadAll(again.Body)
	require.NoError(t, err)
	require.Equal(t, "retry: 3000\n\n", string(text))
	signalGo(t, appID, jobID)

	for _, err := range first.events {
		require.NoError(t, err)
	}
}

func TestWatchersShareRequests(t *testing.T) {
	t.Parallel()

	for _, watchers := range []int{1, 200} {
		t.Run(fmt.Sprint(watchers), func(t *testing.T) {
			t.Parallel()

			appID, jobID, _ := startWaitingJob(t)
			api, counting := serveCounting(t, apiserver.Options{})
			began := time.Now()

			var (
				opened, ended sync.WaitGroup
				lasts         = make([]sse.Event, watchers)
				errs          = make([]error, watchers)
			)

			opened.Add(watchers)

			for i := range watchers {
				ended.Go(func() {
					signal := sync.OnceFunc(opened.Done)
					defer signal()

					following, err := api.watch(t.Context(), devKey, appID, jobID, "")
					if errs[i] = err; err != nil {
						return
					}
					defer following.Body.Close()

					for event, err := range following.events {
						lasts[i], errs[i] = event, err

						signal()
					}
				})
			}

			opened.Wait()
			signalGo(t, appID, jobID)
			ended.Wait()

			for i := range watchers {
				require.NoError(t, errs[i])
				require.Equal(t, "end", lasts[i].Type)
				require.Equal(t, lasts[0], lasts[i])
			}

			const few, perSecond = 25, 8 // As for one caller that waits for a change.

			requests := counting.of(jobID)
			require.LessOrEqual(t, requests[polls], 3, requests)
			require.Less(t, sum(requests), few+int(perSecond*time.Since(began).Seconds()), requests)
		})
	}
}

// signalsApp has a scenario whose job changes with each of many signals.
var signalsApp = map[string]string{
	"app.yaml": `
access:
  - {name: caller, key: "${env:JOBWRIGHT_APP_7_KEY}"}
`,
	"scenarios/Main.yaml": `
parameters:
  text: {type: text, default: ""}
steps:
  - opName: ForEach
    opParams:
      in: [1, 2, 3, 4, 5, 6, 7, 8]
      as: number
      steps:
        - {opName: WaitForSignal, opParams: {name: "go-${number}"}}
`,
}

// sendSignals lets the loop of signalsApp continue to the round after the given one.
func sendSignals(t *testing.T, api caller, appID, jobID string, round int) {
	t.Helper()

	got := api.signal(t, object{"apiKey": callerKey, "appId": appID, "jobId": jobID, "signal": fmt.Sprintf("go-%d", round)})
	require.Equal(t, http.StatusOK, got.status, got.text)
}

// A watcher that reconnects to any API server with the ID of its last event sees only later statuses, and the end, although the
// servers are killed while it watches.
func TestWatchContinuesOnAnotherServerAfterKill(t *testing.T) {
	t.Parallel()

	system := newProduction(t)
	writeApp(t, filepath.Join(system.apps, "8"), signalsApp)
	system.worker(t)

	serverA, apiA := system.apiserver(t)
	serverB, apiB := system.apiserver(t)

	jobID := uuid.NewString()
	started := apiA.execute(t, with(runScenario("8", "Main", object{}), object{
		"apiKey": callerKey, "jobId": jobID, "isAsync": true,
	}))
	require.Equal(t, http.StatusOK, started.status, started.text)

	var (
		lastID  string
		version int64
		rounds  = -1.0
		killed  int
		ended   bool
	)

	for !ended {
		following, err := apiA.watch(t.Context(), callerKey, "8", jobID, lastID)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, following.StatusCode)

		for event, err := range following.events {
			if err != nil {
				break // The server was killed.
			}

			next, status := versionOfEvent(t, event)
			require.Greater(t, next, version)

			version, lastID, ended = next, event.LastEventID, event.Type == "end"
			loop := status["steps"].([]any)[0].(object)
			done, _ := loop["iterations"].(float64)
			require.GreaterOrEqual(t, done, rounds)

			if total, has := loop["totalIterations"]; has {
				require.InEpsilon(t, 8.0, total, 0)
				require.Equal(t, float64(int(done*100/8)), loop["percent"]) //nolint:testifylint // It is exact.
			}

			if waits := status["signals"] != nil; !waits || done == rounds {
				continue
			}

			if rounds = done; killed < 4 && int(done)%2 == 0 {
				killed++

				serverA.kill()
				serverA, apiA = serverB, apiB
				sendSignals(t, apiA, "8", jobID, int(done)+1)

				serverB, apiB = system.apiserver(t)

				continue
			}

			sendSignals(t, apiA, "8", jobID, int(done)+1)
		}

		require.NoError(t, following.Body.Close())
	}

	require.Equal(t, 4, killed)
	require.InEpsilon(t, 7.0, rounds, 0)

	final, err := apiB.watch(t.Context(), callerKey, "8", jobID, lastID)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, final.StatusCode)
	require.NoError(t, final.Body.Close())
	require.Equal(t, "completed", apiB.call(t, http.MethodGet, "/api/v1/getJobStatus?"+jobQuery(callerKey, "8", jobID), nil, "").
		result(t)["status"])
	require.NotNil(t, serverB)
}

// A client that reads nothing is disconnected when its events have filled the buffers, and has no effect on others.
func TestStallTimeoutEndsAWatch(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, signalsApp), uuid.NewString()

	started := api().execute(t, with(runScenario(appID, "Main", object{"text": strings.Repeat("x", 900_000)}), object{
		"jobId": jobID, "isAsync": true,
	}))
	require.Equal(t, http.StatusOK, started.status, started.text)

	closed := make(chan struct{})
	server := httptest.NewUnstartedServer(newServer(apiserver.Options{StallTimeout: 200 * time.Millisecond}, devKey))
	server.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			_ = conn.(interface{ SetWriteBuffer(bytes int) error }).SetWriteBuffer(64 << 10)
		case http.StateClosed:
			close(closed)
		}
	}

	server.Start()
	t.Cleanup(server.Close)

	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, connection.Close()) })
	require.NoError(t, connection.(*net.TCPConn).SetReadBuffer(64<<10))

	_, err = io.WriteString(connection, "GET /api/v1/watchJob?"+jobQuery(devKey, appID, jobID)+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)

	_, err = bufio.NewReaderSize(connection, 16).ReadByte() // The response has begun.
	require.NoError(t, err)

	following, round := api().startWatch(t, appID, jobID, ""), 0.0

	for event, err := range following.events {
		require.NoError(t, err)

		_, status := versionOfEvent(t, event)
		done, _ := status["steps"].([]any)[0].(object)["iterations"].(float64)

		if status["signals"] != nil && done+1 > round {
			round = done + 1
			sendSignals(t, api(), appID, jobID, int(round))
		}
	}

	<-closed
}

// A server that stops ends its watches; the clients know when to connect again.
func TestStoppingServerEndsWatches(t *testing.T) {
	t.Parallel()

	appID, jobID, _ := startWaitingJob(t)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	server := newServer(apiserver.Options{}, devKey)

	go func() { ended <- server.Serve(ctx, listener, time.Minute) }()

	following := caller{"http://" + listener.Addr().String()}.startWatch(t, appID, jobID, "")
	lines := bufio.NewReader(following.Body)

	line, err := lines.ReadString('\n')
	require.NoError(t, err)
	require.Regexp(t, `^retry: [12]\d\d\d\n$`, line)

	for !strings.HasPrefix(line, "data: ") {
		line, err = lines.ReadString('\n')
		require.NoError(t, err)
	}

	stop()

	rest, err := io.ReadAll(lines)
	require.NoError(t, err, "the response is complete")
	require.Equal(t, "\n", string(rest))
	require.NoError(t, <-ended)
	signalGo(t, appID, jobID)
}
