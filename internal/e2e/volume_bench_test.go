package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// volumeApp has a scenario that writes the given number of records and returns all of them.
var volumeApp = map[string]string{
	"app.yaml": `
sources:
  stage: {kind: SQLiteSource}
access:
  - {name: caller, key: "${env:JOBWRIGHT_APP_7_KEY}"}
`,
	"scenarios/Volume.yaml": `
parameters: {records: {type: integer}}
steps:
  - title: Write them
    opName: Transform
    opParams:
      source: stage
      query: >-
        WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < :records)
        SELECT i AS id, 'Customer ' || (i % 50000) AS customer, 'c' || (i % 50000) || '@example.com' AS email,
          i % 100 AS quantity, (i % 1000000) / 7.0 AS amount, i % 2 AS paid, date('2026-01-01', (i % 365) || ' days') AS ordered,
          'north, south and east' AS note FROM s
      bind: {records: "${records}"}
      targetSource: stage
      targetTable: orders
  - title: Return them
    opName: Transform
    opParams: {source: stage, query: SELECT * FROM orders, returnResult: true}
`,
}

// BenchmarkVolume runs jobs that write and return increasing numbers of records, with the API server and the worker in
// separate processes. It reports the throughput of the response after its first byte, and by how much the memory of both
// processes grows, without the page cache. Run it with -benchtime 1x.
func BenchmarkVolume(b *testing.B) {
	system := newProduction(b)
	writeApp(b, filepath.Join(system.apps, "8"), volumeApp)

	server, api := system.apiserver(b)
	worker := system.worker(b)

	api.volume(b, 1) // Don't measure the first use.

	restOfServer, restOfWorker := memory(server), memory(worker)
	require.Positive(b, min(restOfServer, restOfWorker))

	for _, records := range []int{10_000, 100_000, 1_000_000, 10_000_000} {
		b.Run(strconv.Itoa(records), func(b *testing.B) {
			for range b.N {
				stop := make(chan struct{})
				peakOfServer, peakOfWorker := peak(server, stop), peak(worker, stop)

				began := time.Now()
				first, size := api.volume(b, records)
				all := time.Since(began)

				close(stop)

				b.ReportMetric(first.Seconds(), "first-byte-s")
				b.ReportMetric(float64(size)/(all-first).Seconds()/1e6, "response-MB/s")
				b.ReportMetric(float64(size)/1e6, "response-MB")
				b.ReportMetric(float64(<-peakOfServer-restOfServer)/(1<<20), "server-MiB-above-rest")
				b.ReportMetric(float64(<-peakOfWorker-restOfWorker)/(1<<20), "worker-MiB-above-rest")
			}
		})
	}
}

// volume runs the job, and returns the time of the first byte of the response and the size of the response.
func (c caller) volume(b *testing.B, records int) (first time.Duration, size int64) {
	b.Helper()

	body, err := json.Marshal(with(runScenario("8", "Volume", object{"records": records}), object{
		"apiKey": callerKey, "jobId": uuid.NewString(), "waitSeconds": 300,
	}))
	require.NoError(b, err)

	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, c.address+"/api/v1/executeJob.jsp", bytes.NewReader(body))
	require.NoError(b, err)
	request.Header.Set("Content-Type", "application/json")

	began := time.Now()

	response, err := http.DefaultClient.Do(request)
	require.NoError(b, err)
	defer response.Body.Close()

	first = time.Since(began)
	end := &tail{}

	size, err = io.Copy(end, response.Body)
	require.NoError(b, err)
	require.Equal(b, http.StatusOK, response.StatusCode, "%s", end.last)
	require.Contains(b, string(end.last), fmt.Sprintf(`{"id":%d,`, records))

	return first, size
}

// tail is a writer that stores the last bytes.
type tail struct{ last []byte }

func (t *tail) Write(p []byte) (int, error) {
	const enough = 2_000

	t.last = append(t.last, p[max(0, len(p)-enough):]...)
	t.last = t.last[max(0, len(t.last)-enough):]

	return len(p), nil
}

var anonymous = regexp.MustCompile(`RssAnon:\s+(\d+) kB`)

// memory returns the anonymous memory of a process in bytes; 0 if the system does not report it.
func memory(of *process) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", of.command.Process.Pid))
	if err != nil {
		return 0
	}

	found := anonymous.FindSubmatch(status)
	if found == nil {
		return 0
	}

	kib, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		return 0
	}

	return kib << 10
}

// peak samples the memory of a process, and sends the maximum when stop is closed.
func peak(of *process, stop <-chan struct{}) <-chan int64 {
	var highest int64

	maximum := make(chan int64, 1)

	go func() {
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()

		for {
			select {
			case <-stop:
				maximum <- highest

				return
			case <-ticker.C:
				highest = max(highest, memory(of))
			}
		}
	}()

	return maximum
}
