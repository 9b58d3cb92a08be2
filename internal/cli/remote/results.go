package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/job"
)

// resultFlags are the flags about the results of a job.
type resultFlags struct {
	format string // table, json, csv or ndjson.
	file   string // Empty for the standard output.
	name   string // Empty for all results.
	limit  int64  // The number of records of each result in a table.
	offset int64
}

// formats are the formats of results.
var formats = []string{"table", "json", "csv", "ndjson"}

// addTo adds the flags.
func (f *resultFlags) addTo(flags *pflag.FlagSet) {
	flags.StringVarP(&f.format, "format", "o", "table", "format of the results: "+strings.Join(formats, ", "))
	flags.StringVar(&f.file, "output", "", "file for the results instead of the standard output")
	flags.StringVar(&f.name, "result", "", "name of the result to print; by default all")
	flags.Int64Var(&f.limit, "limit", 20, "number of records of each result in a table")
}

// check refuses an unknown format.
func (f *resultFlags) check(on *remote) error {
	if on.asJSON {
		f.format = "json"
	}

	if !slices.Contains(formats, f.format) {
		return wrongCall("-o %s: the formats are %s", f.format, strings.Join(formats, ", "))
	}

	if f.limit < 1 || f.offset < 0 {
		return wrongCall("--limit is at least 1, and --offset at least 0")
	}

	return nil
}

// resultName returns the name of the wanted results; nil for all.
func (f *resultFlags) resultName() *string {
	if f.name == "" {
		return nil
	}

	return &f.name
}

func resultsCommand() *cobra.Command {
	var flags resultFlags

	command := &cobra.Command{
		Use:   "results JOBID",
		Short: "Print the results of a job",
		Long: `Print the results of a job that has ended. A table has a page of each result: --limit records from the
record with the index --offset on. CSV and NDJSON have all records of one result, of any size; if the job
has several results, choose one by --result. JSON has the status of the job, as getJobStatus returns it,
with all results (results) and the value of the scenario (value).

A job that has failed or was stopped has the results of the steps before, as a table or as JSON.

The exit status is 0 if the results were printed, however the job ended.`,
		Example: `  jobwright results "night 1"

  # The second page
  jobwright results "night 1" --offset 20

  # All records of one result, as a file
  jobwright results "night 1" --result companies -o csv --output companies.csv`,
		Args: cobra.ExactArgs(1),
	}

	flags.addTo(command.Flags())
	command.Flags().Int64Var(&flags.offset, "offset", 0, "index of the first record of each result in a table")

	return remoteCommand(command, completesJobs, func(ctx context.Context, on *remote, arguments []string) error {
		if err := flags.check(on); err != nil {
			return err
		}

		appID, err := on.app(ctx)
		if err != nil {
			return err
		}

		return on.printResults(ctx, appID, arguments[0], &flags)
	})
}

// printResults prints the results of a job that has ended.
func (r *remote) printResults(ctx context.Context, appID, jobID string, flags *resultFlags) (err error) {
	if flags.file == "" {
		return r.writeResults(ctx, appID, jobID, flags)
	}

	// An incomplete file never looks complete.
	unfinished := flags.file + ".part"

	file, err := os.Create(unfinished) //nolint:gosec // The user chose the file.
	if err != nil {
		return err
	}

	to := *r
	to.out.Out = file

	err = errors.Join(to.writeResults(ctx, appID, jobID, flags), file.Close())
	if err != nil {
		return errors.Join(err, os.Remove(unfinished))
	}

	return os.Rename(unfinished, flags.file)
}

func (r *remote) writeResults(ctx context.Context, appID, jobID string, flags *resultFlags) error {
	switch flags.format {
	case "csv":
		return r.copyRecords(ctx, appID, jobID, flags, client.CSV)
	case "ndjson":
		return r.copyRecords(ctx, appID, jobID, flags, client.NDJSON)
	}

	request := client.StatusRequest{App: appID, JobID: jobID, ResultName: flags.resultName()}
	if flags.format == "table" {
		request.Offset, request.Limit = &flags.offset, &flags.limit
	}

	status, err := r.api.Status(ctx, request)
	if err != nil {
		return err
	}

	if !status.Ended() {
		return wrongCall("the job %s has not ended; wait for it by %s", jobID, r.command("watch", appID, jobID))
	}

	if flags.format == "json" {
		return r.out.JSON(status)
	}

	return r.out.Results(status.Results, status.Value)
}

// copyRecords copies the records of one result, of any size.
func (r *remote) copyRecords(ctx context.Context, appID, jobID string, flags *resultFlags, format client.Format) error {
	stream, received, err := r.api.Results(ctx, appID, jobID, flags.resultName(), format)
	if err != nil {
		return err
	}
	defer stream.Close()

	if received != format { // The status of a job that runs, failed or was stopped.
		status, err := r.api.Current(ctx, appID, jobID)
		if err == nil && status.Status != job.Completed {
			err = wrongCall("only a completed job has results as %s, and this one is %s; use -o table or -o json", flags.format,
				status.Status)
		}

		return err
	}

	if _, err := io.Copy(r.out.Out, stream); err != nil {
		return fmt.Errorf("the results are incomplete: %w", err)
	}

	return nil
}
