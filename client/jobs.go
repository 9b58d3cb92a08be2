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
	App         string            `json:"appId"`
	Statuses    Statuses          `json:"status,omitempty"` // Empty for all.
	Scenario    string            `json:"scenario,omitempty"`
	Caller      string            `json:"caller,omitempty"`
	Code        string            `json:"code,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`     // Labels that the jobs have, all of them.
	StartedFrom time.Time         `json:"startedFrom,omitzero"` // The first bound is included, the second one is not.
	StartedTo   time.Time         `json:"startedTo,omitzero"`
	EndedFrom   time.Time         `json:"endedFrom,omitzero"`
	EndedTo     time.Time         `json:"endedTo,omitzero"`
	Query       string            `json:"query,omitempty"`    // A further condition in Temporal's language of list filters.
	Children    bool              `json:"children,omitempty"` // Whether to list child jobs, too.
	Counts      bool              `json:"counts,omitempty"`   // Whether to count the jobs of each status.
	Limit       int               `json:"limit,omitempty"`    // The maximum number of jobs; 0 for the server's default.
	Cursor      string            `json:"cursor,omitempty"`   // The NextCursor of the page before; empty for the first page.
}

// Statuses are those of jobs that a list has.
type Statuses []job.State

// MarshalText returns the statuses, separated by commas.
func (s Statuses) MarshalText() ([]byte, error) {
	texts := make([]string, len(s))
	for i, status := range s {
		texts[i] = string(status)
	}

	return []byte(strings.Join(texts, ",")), nil
}

// Jobs returns a page of the list of an app's jobs, the newest first.
func (c *Client) Jobs(ctx context.Context, request JobsRequest) (*jobservice.List, error) {
	var list jobservice.List

	err := c.call(ctx, repeatable("getJobs", request), &list)

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
	return result[jobservice.History](ctx, c, repeatable("getJobHistory", request))
}
