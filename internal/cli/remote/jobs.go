package remote

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
)

// jobsFlags are the flags of jobwright jobs.
type jobsFlags struct {
	request                                    client.JobsRequest
	statuses, labels                           []string
	startedFrom, startedTo, endedFrom, endedTo string
	since                                      time.Duration
	all                                        bool
}

func jobsCommand() *cobra.Command {
	var flags jobsFlags

	command := &cobra.Command{
		Use:   "jobs",
		Short: "List jobs",
		Long: `List the jobs of an app, those that started last first. All given filters apply. Times are those of your
time zone, for example 2026-01-31 or "2026-01-31 06:00", or have a time zone: 2026-01-31T06:00:00Z.

With --json, it prints the list as getJobs returns it, with nextCursor if there are more jobs.`,
		Example: `  jobwright jobs

  # The jobs that failed in the last day
  jobwright jobs --status failed --since 24h

  # The jobs with a label, and how many there are of each status
  jobwright jobs --label order=17 --counts

  # The jobIds of all failed jobs of a scenario
  jobwright jobs --scenario Main --status failed --all --json | jq -r '.jobs[].jobId'`,
		Args: cobra.NoArgs,
	}

	set := command.Flags()
	set.StringSliceVar(&flags.statuses, "status", nil, "statuses: running, completed, failed, stopped")
	set.StringVar(&flags.request.Scenario, "scenario", "", "scenario of the jobs")
	set.StringVar(&flags.request.Caller, "caller", "", "name of the access that started the jobs")
	set.StringVar(&flags.request.Code, "code", "", "code of the failure")
	set.StringArrayVar(&flags.labels, "label", nil, "label of the jobs as name=text; repeatable")
	set.DurationVar(&flags.since, "since", 0, "how long ago the jobs started at most, for example 24h")
	set.StringVar(&flags.startedFrom, "started-from", "", "time from which on the jobs were started")
	set.StringVar(&flags.startedTo, "started-to", "", "time before which the jobs were started")
	set.StringVar(&flags.endedFrom, "ended-from", "", "time from which on the jobs ended")
	set.StringVar(&flags.endedTo, "ended-to", "", "time before which the jobs ended")
	set.StringVar(&flags.request.Query, "query", "", "further condition in Temporal's language of list filters")
	set.BoolVar(&flags.request.Children, "children", false, "also list child jobs")
	set.BoolVar(&flags.request.Counts, "counts", false, "also count the jobs of each status")
	set.IntVar(&flags.request.Limit, "limit", jobservice.DefaultListLimit, "maximum number of jobs, up to 500")
	set.StringVar(&flags.request.Cursor, "cursor", "", "nextCursor of the page before")
	set.BoolVar(&flags.all, "all", false, "list all jobs, page by page")
	command.MarkFlagsMutuallyExclusive("since", "started-from")

	return remoteCommand(command, completions{"scenario": scenarioWords}, func(
		ctx context.Context, on *remote, _ []string,
	) error {
		return on.jobs(ctx, flags)
	})
}

func (r *remote) jobs(ctx context.Context, flags jobsFlags) error {
	request, err := flags.read(time.Now())
	if err != nil {
		return err
	}

	if request.App, err = r.app(ctx); err != nil {
		return err
	}

	list, err := r.api.Jobs(ctx, request)
	for err == nil && flags.all && list.NextCursor != "" {
		request.Cursor, request.Counts = list.NextCursor, false

		var page *jobservice.List
		if page, err = r.api.Jobs(ctx, request); err == nil {
			list.Jobs, list.NextCursor = append(list.Jobs, page.Jobs...), page.NextCursor
		}
	}

	if err != nil {
		return err
	}

	if r.asJSON {
		return r.out.JSON(list)
	}

	if err := r.out.Jobs(list); err != nil {
		return err
	}

	if list.NextCursor != "" {
		r.out.Notef("There are more jobs: use --all, or --cursor %s.", list.NextCursor)
	}

	return nil
}

// read returns the request of the flags.
func (f jobsFlags) read(now time.Time) (request client.JobsRequest, err error) {
	request = f.request

	for _, status := range f.statuses {
		if status == "failed" { // As tables say.
			status = string(job.CompletedWithError)
		}

		request.Statuses = append(request.Statuses, job.State(status))
	}

	if request.Labels, err = pairs("--label", f.labels); err != nil {
		return request, err
	}

	if f.since > 0 {
		request.StartedFrom = now.Add(-f.since)
	}

	for _, bound := range []struct {
		flag, text string
		into       *time.Time
	}{
		{"--started-from", f.startedFrom, &request.StartedFrom},
		{"--started-to", f.startedTo, &request.StartedTo},
		{"--ended-from", f.endedFrom, &request.EndedFrom},
		{"--ended-to", f.endedTo, &request.EndedTo},
	} {
		if bound.text == "" {
			continue
		}

		if *bound.into, err = readTime(bound.text); err != nil {
			return request, wrongCall("%s: %w", bound.flag, err)
		}
	}

	return request, nil
}
