package client

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
)

// JobsRequest asks for a page of a list of jobs.
type JobsRequest struct {
	App         string
	Statuses    []job.State // Empty for all.
	Scenario    string
	Caller      string
	Code        string
	Labels      map[string]string // Labels that the jobs have, all of them.
	StartedFrom time.Time         // The first bound is included, the second one is not.
	StartedTo   time.Time
	EndedFrom   time.Time
	EndedTo     time.Time
	Query       string // A further condition in Temporal's language of list filters.
	Children    bool   // Whether to list child jobs, too.
	Counts      bool   // Whether to count the jobs of each status.
	Limit       int    // The maximum number of jobs in the response; 0 for the server's default.
	Cursor      string // The NextCursor of the page before; empty for the first page.
}

// jobsFields has the fields of getJobs.
type jobsFields struct {
	App         string            `json:"appId"`
	Status      string            `json:"status,omitempty"`
	Scenario    string            `json:"scenario,omitempty"`
	Caller      string            `json:"caller,omitempty"`
	Code        string            `json:"code,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	StartedFrom string            `json:"startedFrom,omitempty"`
	StartedTo   string            `json:"startedTo,omitempty"`
	EndedFrom   string            `json:"endedFrom,omitempty"`
	EndedTo     string            `json:"endedTo,omitempty"`
	Query       string            `json:"query,omitempty"`
	Children    bool              `json:"children,omitempty"`
	Counts      bool              `json:"counts,omitempty"`
	Limit       int               `json:"limit,omitempty"`
	Cursor      string            `json:"cursor,omitempty"`
}

func (r JobsRequest) fields() jobsFields {
	statuses := make([]string, len(r.Statuses))
	for i, status := range r.Statuses {
		statuses[i] = string(status)
	}

	return jobsFields{
		App: r.App, Status: strings.Join(statuses, ","), Scenario: r.Scenario, Caller: r.Caller, Code: r.Code, Labels: r.Labels,
		StartedFrom: timeText(r.StartedFrom), StartedTo: timeText(r.StartedTo),
		EndedFrom: timeText(r.EndedFrom), EndedTo: timeText(r.EndedTo),
		Query: r.Query, Children: r.Children, Counts: r.Counts, Limit: r.Limit, Cursor: r.Cursor,
	}
}

// timeText returns a time as the API reads it; empty for the zero time.
func timeText(at time.Time) string {
	if at.IsZero() {
		return ""
	}

	return at.UTC().Format(time.RFC3339Nano)
}

// Jobs returns a page of the list of an app's jobs, the newest first.
func (c *Client) Jobs(ctx context.Context, request JobsRequest) (*jobservice.List, error) {
	var list jobservice.List

	err := c.call(ctx, call{name: "getJobs", fields: request.fields(), isRepeatable: true}, &list)

	return &list, err
}

// AllJobs returns the jobs of a list, page by page. It ends with the first error.
func (c *Client) AllJobs(ctx context.Context, request JobsRequest) iter.Seq2[jobservice.Entry, error] {
	return func(yield func(jobservice.Entry, error) bool) {
		for {
			page, err := c.Jobs(ctx, request)
			if err != nil {
				yield(jobservice.Entry{}, err)

				return
			}

			for _, entry := range page.Jobs {
				if !yield(entry, nil) {
					return
				}
			}

			if request.Cursor = page.NextCursor; request.Cursor == "" {
				return
			}
		}
	}
}

// HistoryRequest asks for the history of the jobs of an app. Zero values stand for the server's defaults.
type HistoryRequest struct {
	App      string `json:"appId"`
	Scenario string `json:"scenario,omitempty"` // Empty for the jobs of all scenarios.
	Hours    int    `json:"hours,omitempty"`    // How long it is.
	Buckets  int    `json:"buckets,omitempty"`  // The number of its parts.
	Runs     *int   `json:"runs,omitempty"`     // The number of last jobs of each scenario; nil for the default.
}

// History returns how many jobs of the last hours started, failed and were stopped, and how long they took.
func (c *Client) History(ctx context.Context, request HistoryRequest) (*jobservice.History, error) {
	return result[jobservice.History](ctx, c, call{name: "getJobHistory", fields: request, isRepeatable: true})
}
