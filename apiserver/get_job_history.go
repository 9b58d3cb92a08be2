package apiserver

import (
	"context"

	"github.com/jobwright/jobwright/jobservice"
)

// historyRequest has the fields of getJobHistory.
type historyRequest struct {
	APIKey   string `json:"apiKey"   description:"The caller's key."`
	AppID    string `json:"appId"    required:"true" description:"The app of the jobs."`
	Scenario string `json:"scenario" description:"Only the jobs of this scenario. Default: all jobs."`
	Hours    int64  `json:"hours"    description:"The length of the history, from 1 to 168. Default: 24."`
	Buckets  int64  `json:"buckets"  description:"The number of parts into which it is divided, from 1 to 96. Default: 48."`
	Runs     int64  `json:"runs"     description:"The maximum number of last jobs of each scenario, from 0 to 20. Default: 5."`
}

// getJobHistory responds with numbers of the jobs of the last hours.
func (s *Server) getJobHistory(ctx context.Context, call request[historyRequest]) (*jobservice.History, error) {
	asked := jobservice.HistoryRequest{
		Scenario: call.fields.Scenario, Hours: jobservice.DefaultHistoryHours, Buckets: jobservice.DefaultHistoryBuckets,
		Runs: jobservice.DefaultHistoryRuns,
	}

	for _, field := range []struct {
		name  string
		value int64
		into  *int
	}{
		{"hours", call.fields.Hours, &asked.Hours},
		{"buckets", call.fields.Buckets, &asked.Buckets},
		{"runs", call.fields.Runs, &asked.Runs},
	} {
		if call.has(field.name) {
			*field.into = int(max(-1, min(field.value, maxField)))
		}
	}

	return s.jobs.History(ctx, call.caller, asked)
}

// maxField is above the largest value of each integer field.
const maxField = 1_000_000
