package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"

	"github.com/jobwright/jobwright/source"
)

// Result is a result of a job, or a page of it.
type Result struct {
	Name       *string `json:"name"` // nil if the step gave it none.
	Result     Records `json:"result"`
	NextOffset int64   `json:"nextOffset,omitempty"` // Of a page: the offset of the next one; 0 if there is none.
	Records    int64   `json:"records,omitempty"`    // Of a page: the number of records of the whole result.
}

// Records are records of a result, with their columns.
type Records struct {
	Schema  []source.Column   `json:"schema,omitempty"`
	Records []json.RawMessage `json:"records"` // Each is an object with the values of the columns by their names.
}

// Page returns a page of each result of a job that has ended or, with a name, of the results of this name.
func (c *Client) Page(ctx context.Context, appID, jobID string, name *string, offset, limit int64) ([]Result, error) {
	status, err := c.Status(ctx, StatusRequest{App: appID, JobID: jobID, ResultName: name, Offset: &offset, Limit: &limit})
	if err != nil {
		return nil, err
	}

	if !status.Ended() {
		return nil, fmt.Errorf("the job %s has not ended; its status is %s", jobID, status.Status)
	}

	return status.Results, nil
}

// pageLength is the number of records of the pages that [Client.Rows] reads.
const pageLength = 1_000

// Rows returns the records of a result, and reads them page by page. The result is the one of that index among the results of the
// job or, with a name, among those of this name. It ends with the first error.
func (c *Client) Rows(ctx context.Context, appID, jobID string, name *string, index int) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		for offset := int64(0); ; {
			found, err := c.Page(ctx, appID, jobID, name, offset, pageLength)
			if err == nil && index >= len(found) {
				err = fmt.Errorf("the job %s has %d results", jobID, len(found))
			}

			if err != nil {
				yield(nil, err)

				return
			}

			for _, record := range found[index].Result.Records {
				if !yield(record, nil) {
					return
				}
			}

			if offset = found[index].NextOffset; offset == 0 {
				return
			}
		}
	}
}

// Format is a format of results, as a media type.
type Format string

// The formats.
const (
	JSON   Format = mediaJSON // The whole response, with the status and all results.
	NDJSON Format = "application/x-ndjson"
	CSV    Format = "text/csv"
)

// Results returns the results of an ended job as the server sends them, of any size, and the media type. The caller reads and
// closes them. NDJSON and CSV have the records of one result: the only one of the job or, with a name, the one of this name. A
// job that did not complete has results in [JSON] only.
func (c *Client) Results(ctx context.Context, appID, jobID string, name *string, format Format) (io.ReadCloser, Format, error) {
	response, err := c.send(ctx, call{
		name: "getJobStatus", body: StatusRequest{App: appID, JobID: jobID, ResultName: name}, isRepeatable: true,
		header: http.Header{"Accept": {string(format)}},
	})
	if err != nil {
		return nil, "", err
	}

	// The media type has a parameter.
	media, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))

	return response.Body, Format(media), err
}
