package cluster_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"time"
)

// response is a response of the API.
type response struct {
	status   int // 0 if there is none.
	location string
	body     string

	Result struct {
		JobID   string `json:"jobId"`
		Status  string `json:"status"`
		Code    string `json:"code"`
		Results []struct {
			Result struct {
				Records []json.RawMessage `json:"records"`
			} `json:"result"`
		} `json:"results"`
	} `json:"result"`
}

// isRepeatable reports whether a caller repeats the call: it may or may not have taken effect, or Temporal was too busy for it.
func (r *response) isRepeatable() bool {
	return r.status == 0 || r.status == http.StatusServiceUnavailable || r.status == http.StatusTooManyRequests
}

var logReference = regexp.MustCompile(`reference in the server's log is ([0-9a-f-]{36})`)

// logReference returns the reference to the log of the API server in a response about an internal error; empty if it has none.
func (r *response) logReference() string {
	if match := logReference.FindStringSubmatch(r.body); match != nil {
		return match[1]
	}

	return ""
}

// execution are the fields of a call of executeJob.
type execution map[string]any

// execute calls executeJob for a job that runs a scenario.
func execute(ctx context.Context, api, jobID, scenario string, fields execution) *response {
	body := execution{
		"appId": appID, "jobId": jobID,
		"operation": map[string]any{"opName": "RunScenario", "opParams": map[string]any{"scenario": scenario}},
	}
	maps.Copy(body, fields)

	encoded, err := json.Marshal(body)
	if err != nil {
		return &response{body: err.Error()}
	}

	return call(ctx, http.MethodPost, api+"/api/v1/executeJob.jsp", encoded)
}

// ask calls getJobStatus or stopJob.
func ask(ctx context.Context, api, name, jobID string, fields url.Values) *response {
	query := url.Values{"appId": {appID}, "jobId": {jobID}}
	maps.Copy(query, fields)

	return call(ctx, http.MethodGet, api+"/api/v1/"+name+".jsp?"+query.Encode(), nil)
}

func call(ctx context.Context, method, address string, body []byte) *response {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()

	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return &response{body: err.Error()}
	}

	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+key)

	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return &response{body: err.Error()}
	}
	defer reply.Body.Close()

	var text bytes.Buffer
	if _, err := text.ReadFrom(reply.Body); err != nil {
		return &response{body: err.Error()}
	}

	received := &response{status: reply.StatusCode, location: reply.Header.Get("Location"), body: text.String()}
	if err := json.Unmarshal(text.Bytes(), received); err != nil {
		received.status, received.body = 0, err.Error()+": "+received.body
	}

	return received
}
