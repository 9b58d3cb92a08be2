package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"time"

	"github.com/tmaxmax/go-sse"

	"github.com/jobwright/jobwright/internal/clock"
)

const (
	// maxSilence is the time without any data after which a connection of a watch counts as lost. Servers send a comment every
	// 15 seconds.
	maxSilence = 45 * time.Second

	// reconnectPause is the pause before a watch connects again whose connection a server has closed.
	reconnectPause = time.Second

	// maxEvent is the maximum length of the status of a job, in bytes.
	maxEvent = 64 << 20

	// lastEventID is the header with the version that a watch knows, when it connects again.
	lastEventID = "Last-Event-ID"
)

// Watch returns the status of a job, without results, and then each later one up to that of the end. If the version of the status
// is after, the first one is the next one. Each status is complete; a slow caller misses only those that are no longer current.
//
// If the connection is lost, Watch connects again and continues with the version that it has returned last. It returns an error,
// and ends, if that does not succeed within [Options.Patience], and when ctx is done.
func (c *Client) Watch(ctx context.Context, appID, jobID string, after int64) iter.Seq2[*Status, error] {
	return func(yield func(*Status, error) bool) {
		known := after

		for {
			before := known

			ended, err := c.watchOnce(ctx, fields{"appId": appID, "jobId": jobID}, &known, yield)
			if errors.Is(err, errLost) && ctx.Err() == nil {
				err = nil
			}

			if err == nil && !ended && known == before { // The server has no free connection, or is about to stop.
				err = clock.Sleep(ctx, reconnectPause)
			}

			if err != nil {
				yield(nil, err)
			}

			if err != nil || ended {
				return
			}
		}
	}
}

// errLost is the error of a connection that was lost while events were read.
var errLost = errors.New("the connection was lost")

// watchOnce reads the events of one connection. ended reports whether the watch is over, because the job has ended or the caller
// wants no more.
func (c *Client) watchOnce(
	ctx context.Context, request fields, known *int64, yield func(*Status, error) bool,
) (ended bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	header := http.Header{"Accept": {mediaEvents}}
	if *known > 0 {
		header.Set(lastEventID, strconv.FormatInt(*known, 10))
	}

	response, err := c.send(ctx, call{name: "watchJob", body: request, isRepeatable: true, header: header})
	if err != nil {
		return false, err
	}
	defer response.Body.Close()

	if response.StatusCode == http.StatusNoContent {
		return true, nil // The job has ended in the version that the caller knows.
	}

	silence := time.AfterFunc(maxSilence, cancel)
	defer silence.Stop()

	for event, err := range sse.Read(alive{response.Body, silence}, &sse.ReadConfig{MaxEventSize: maxEvent}) {
		if err != nil {
			return false, errors.Join(errLost, err)
		}

		var status Status
		if err := json.Unmarshal([]byte(event.Data), &status); err != nil {
			return false, fmt.Errorf("an event of watchJob can't be decoded: %w", err)
		}

		*known = status.Version

		if !yield(&status, nil) || event.Type == "end" {
			return true, nil
		}
	}

	return false, nil
}

// alive is the body of a response that postpones a timer whenever it is read.
type alive struct {
	body    io.Reader
	silence *time.Timer
}

// Read reads a part of the body.
func (a alive) Read(part []byte) (int, error) {
	read, err := a.body.Read(part)
	a.silence.Reset(maxSilence)

	return read, err
}
