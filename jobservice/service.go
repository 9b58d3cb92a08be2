// Package jobservice starts jobs, finds, awaits, describes and stops them, and sends signals to them, for calls of the HTTP API,
// for schedules, and for retries of jobs. Each rule of jobs is implemented here once: which requests are the same,
// how a program is pinned, what a caller may run, and what an error says. The service talks to Temporal, never to a data source,
// and knows nothing of HTTP.
package jobservice

import (
	"cmp"
	"context"
	"log/slog"

	lru "github.com/hashicorp/golang-lru/v2"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/lineage"
)

// Options configure a [Service].
type Options struct {
	Temporal  client.Client // The service does not close it.
	Namespace string        // The namespace of the Temporal client.
	Keys      seal.Keys     // The keys of the secret parameters of jobs; the workers have the same.
	Log       *slog.Logger

	// ReportsLineage is whether workers report new jobs to a server for OpenLineage.
	ReportsLineage bool

	// Converter decodes what workflows return. It is the data converter of the Temporal client; nil means Temporal's default.
	Converter converter.DataConverter

	// Continuations finds where retries continue jobs. [Service.Retry] and [Service.PlanRetry] need it.
	Continuations Continuations

	// TemporalAddress is the address of Temporal, and TemporalUI that of its UI, for operators; empty if they are not known.
	TemporalAddress, TemporalUI string

	// HistoryJobs is the number of jobs that [Service.History] reads one by one; 0 means [DefaultHistoryJobs]. Those beyond are
	// only counted.
	HistoryJobs int

	// StartsElsewhere, if not nil, reports whether Temporal has to choose the worker of a new job, even if this process has one:
	// it may be of a version that runs no new jobs.
	StartsElsewhere func() bool

	// Ends reports the ends of jobs that workers of this process run; nil means none.
	Ends Ends
}

// Service starts and finds jobs. Create it with [New]. It is safe for concurrent use.
type Service struct {
	options   Options
	outage    outage
	starts    admission
	ended     *endedJobs
	recent    recentJobs
	reads     reads[*Status]
	lists     reads[*List]    // By the identity of the list and the page.
	systems   *cache[*System] // By the ID of the app.
	histories *cache[*History]
	progress  *cache[NoProgress]
	buckets   *lru.Cache[string, map[job.State]int64] // The counts of past buckets of histories, by their query.
	watches   watches
	followers followers
	runs      *lru.Cache[string, int64] // The number of runs before a run, by the ID of the run.
	lineage   *lru.Cache[*app.Pinned, *lineage.Lineage]
	closing   context.Context //nolint:containedctx // Done when the service begins to close, for all requests.
	close     context.CancelFunc
}

// maxRuns is the number of runs of continued jobs whose position a service remembers.
const maxRuns = 10_000

// New returns a service. The caller closes it.
func New(options Options) *Service {
	s := &Service{options: options, starts: newAdmission(), ended: newEndedJobs(maxEndedJobs, maxEndedBytes)}
	s.runs, _ = lru.New[string, int64](maxRuns) // The only error is that of a size that is not positive.
	s.lineage, _ = lru.New[*app.Pinned, *lineage.Lineage](maxLineage)

	s.systems, s.histories = newCache[*System](systemAge), newCache[*History](historyAge)
	s.progress = newCache[NoProgress](gaugeInterval)
	s.buckets, _ = lru.New[string, map[job.State]int64](maxBuckets)

	s.options.HistoryJobs = cmp.Or(options.HistoryJobs, DefaultHistoryJobs)

	if options.Converter == nil {
		s.options.Converter = converter.GetDefaultDataConverter()
	}

	s.closing, s.close = context.WithCancel(context.Background())

	return s
}

// Options returns the options of the service, with its defaults.
func (s *Service) Options() Options { return s.options }

// Close ends the waits for jobs, each as if its deadline had passed. Other requests are still served.
func (s *Service) Close() { s.close() }
