package e2e_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
)

// A caller that disconnects after a part of a large response leaves no open connection or file.
func TestDisconnectDuringTheResponseFreesResources(t *testing.T) {
	t.Parallel()

	system := newProduction(t)
	writeApp(t, filepath.Join(system.apps, "8"), volumeApp)

	server, api := system.apiserver(t)
	system.worker(t)

	jobID := uuid.NewString()
	ran := api.execute(t, with(runScenario("8", "Volume", object{"records": 200_000}), object{
		"apiKey": callerKey, "jobId": jobID, "isAsync": true,
	}))
	require.Equal(t, http.StatusOK, ran.status, ran.text)

	path := "/api/v1/getJobStatus.jsp?" + jobQuery(callerKey, "8", jobID)
	await(t, func() bool { return ended(api.call(t, http.MethodGet, path+"&limit=1", nil, "").result(t)) })

	open := func() int {
		_, found, _ := strings.Cut(metrics(t, metricsOf(t, server)), "\nprocess_open_fds ")
		line, _, _ := strings.Cut(found, "\n")
		number, err := strconv.Atoi(line)
		require.NoError(t, err)

		return number
	}
	before := open()

	disconnect := make([]func(), 20)

	for i := range disconnect {
		ctx, cancel := context.WithCancel(t.Context())
		disconnect[i] = cancel

		request, err := http.NewRequestWithContext(ctx, http.MethodGet, api.address+path, http.NoBody)
		require.NoError(t, err)

		request.Header.Set("Accept-Encoding", "identity") // A compressed response would fit into the buffers.

		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, response.Body.Close()) })

		_, err = io.ReadFull(response.Body, make([]byte, 1<<10))
		require.NoError(t, err)
	}

	require.GreaterOrEqual(t, open(), before+2*len(disconnect)-1,
		"each has a connection and a reader of the store; the first uses an open connection")

	for _, cancel := range disconnect {
		cancel()
	}

	await(t, func() bool { return open() <= before })
}

// The server closes the connection of a caller that stops reading but stays connected.
func TestStallTimeoutAbortsAnUnreadResponse(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, volumeApp), uuid.NewString()
	ran := api().execute(t, with(runScenario(appID, "Volume", object{"records": 200_000}), object{"jobId": jobID, "isAsync": true}))
	require.Equal(t, http.StatusOK, ran.status, ran.text)
	api().awaitStatus(t, appID, jobID, ended)

	const timeout = 200 * time.Millisecond

	closed := make(chan struct{})
	server := httptest.NewUnstartedServer(newServer(apiserver.Options{
		StallTimeout: timeout,
	}, devKey))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			close(closed)
		}
	}

	server.Start()
	t.Cleanup(server.Close)

	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, connection.Close()) })

	_, err = io.WriteString(connection, "GET /api/v1/getJobStatus.jsp?"+jobQuery(devKey, appID, jobID)+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)
	<-closed

	// The client finds only what the system has buffered: some megabytes of 35.
	got, err := io.Copy(io.Discard, connection)
	require.NoError(t, err)
	require.Less(t, got, int64(25<<20))
}
