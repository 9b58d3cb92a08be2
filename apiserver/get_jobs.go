package apiserver

import (
	"context"
	"strings"
	"time"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
)

// jobsRequest has the fields of getJobs.
type jobsRequest struct {
	APIKey      string            `json:"apiKey"      description:"The caller's key."`
	AppID       string            `json:"appId"       required:"true" description:"The app whose jobs to list."`
	Status      string            `json:"status"      description:"The statuses of the jobs, separated by commas."`
	Scenario    string            `json:"scenario"    description:"The scenario of the jobs."`
	Caller      string            `json:"caller"      description:"The name of the access that started the jobs."`
	Code        string            `json:"code"        description:"The code of the failure of the jobs."`
	Labels      map[string]string `json:"labels"      description:"Labels of the jobs; in a query, an object as JSON."`
	StartedFrom string            `json:"startedFrom" description:"The time from which on the jobs were started."`
	StartedTo   string            `json:"startedTo"   description:"The time before which the jobs were started."`
	EndedFrom   string            `json:"endedFrom"   description:"The time from which on the jobs ended."`
	EndedTo     string            `json:"endedTo"     description:"The time before which the jobs ended."`
	Query       string            `json:"query"       description:"A further condition in Temporal's language of list filters."`
	Children    bool              `json:"children"    description:"Whether to list child jobs, too."`
	Counts      bool              `json:"counts"      description:"Whether to count the jobs by status."`
	Limit       int64             `json:"limit"       description:"The maximum number of jobs in the response."`
	Cursor      string            `json:"cursor"      description:"The nextCursor of the page before."`
}

// getJobs responds with a page of the list of jobs.
func (s *Server) getJobs(ctx context.Context, call request[jobsRequest]) (*jobservice.List, error) {
	filter, err := call.fields.filter()
	if err == nil && call.has("limit") && call.fields.Limit < 1 {
		err = jobservice.Invalid("limit must be between 1 and %d, not %d", jobservice.MaxListLimit, call.fields.Limit)
	}

	if err != nil {
		return nil, err
	}

	return s.jobs.List(ctx, call.caller, filter, jobservice.ListPage{
		Limit: int(min(call.fields.Limit, jobservice.MaxListLimit+1)), Cursor: call.fields.Cursor, Counts: call.fields.Counts,
	})
}

// filter returns the filter of the request.
func (r jobsRequest) filter() (jobservice.Filter, error) {
	filter := jobservice.Filter{
		Scenario: r.Scenario, Caller: r.Caller, Code: r.Code, Labels: r.Labels, Query: r.Query, Children: r.Children,
	}

	if r.Status != "" {
		for status := range strings.SplitSeq(r.Status, ",") {
			filter.Statuses = append(filter.Statuses, job.State(strings.TrimSpace(status)))
		}
	}

	for _, bound := range []struct {
		name, text string
		at         *time.Time
	}{
		{"startedFrom", r.StartedFrom, &filter.StartedFrom},
		{"startedTo", r.StartedTo, &filter.StartedTo},
		{"endedFrom", r.EndedFrom, &filter.EndedFrom},
		{"endedTo", r.EndedTo, &filter.EndedTo},
	} {
		if bound.text == "" {
			continue
		}

		at, err := time.Parse(time.RFC3339, bound.text)
		if err != nil || at.Year() < firstYear {
			return filter, jobservice.Invalid("%s must be a time with a time zone such as 2026-01-31T06:00:00Z, not %q",
				bound.name, bound.text)
		}

		*bound.at = at
	}

	return filter, nil
}

// firstYear is the first year of times that Temporal stores.
const firstYear = 1970
