package remote

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/internal/cli/view"
	"github.com/jobwright/jobwright/schedule"
)

func schedulesCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "schedules",
		Short: "List, pause and run schedules",
		Long: `List the schedules of an app, and pause, resume, run and backfill them. Schedules are defined in app.yaml,
see docs/schedules.md. The key needs the right status to list them, and the right schedule for all else.`,
		Example: `  # Show the next times and the last runs
  jobwright schedules list

  # Make up for two days
  jobwright schedules backfill nightly --from 2026-01-29T00:00:00Z --to 2026-01-31T00:00:00Z`,
		Args: cobra.NoArgs,
	}

	command.AddCommand(schedulesListCommand(), pauseScheduleCommand(), resumeScheduleCommand(), runScheduleCommand(),
		backfillCommand())

	return command
}

func schedulesListCommand() *cobra.Command {
	return callCommand(&cobra.Command{
		Use:   "list",
		Short: "List the schedules of an app",
		Long: `List the schedules of an app, each with its status, its next time and its last run. A schedule that can't
start its job is invalid, and the last column says why. With --json, the command prints an object with the
list schedules, as getSchedules returns it.`,
		Example: `  jobwright schedules list

  # The schedules that are paused
  jobwright schedules list --json | jq -r '.schedules[] | select(.paused).name'

  # The schedules that can't start their jobs, and why
  jobwright schedules list --json | jq '.schedules[] | select(.status == "invalid") | {name, problems}'`,
		Args: cobra.NoArgs,
	}, nil, func(ctx context.Context, on *remote, appID string, _ []string) (schedule.Schedules, error) {
		found, err := on.api.Schedules(ctx, client.SchedulesRequest{App: appID})

		return schedule.Schedules{Schedules: found}, err
	}, func(out view.Output, found schedule.Schedules) error {
		rows := make([][]any, 0, len(found.Schedules))
		for _, of := range found.Schedules {
			rows = append(rows, []any{
				of.Name, view.State(of.State), of.Scenario, timesOf(of), nextOf(of), lastOf(of), strings.Join(of.Problems, "; "),
			})
		}

		return out.Table([]string{"schedule", "status", "scenario", "times", "next", "last", "problems"}, rows)
	})
}

// timesOf returns when a schedule fires.
func timesOf(of schedule.Status) string {
	if of.Cron != "" {
		return strings.TrimSpace(of.Cron + " " + of.TimeZone)
	}

	return of.Every()
}

func nextOf(of schedule.Status) string {
	switch {
	case of.Paused:
		return "paused"
	case len(of.Next) == 0:
		return "never"
	default:
		return of.Next[0]
	}
}

// lastOf returns the time and the outcome of the last firing.
func lastOf(of schedule.Status) string {
	if len(of.Runs) == 0 {
		return ""
	}

	return of.Runs[0].ScheduledAt.Format(time.RFC3339) + " " + string(of.Runs[0].Status)
}

func pauseScheduleCommand() *cobra.Command {
	return changePauseOfScheduleCommand(&cobra.Command{
		Use:   "pause SCHEDULE",
		Short: "Pause a schedule",
		Long: `Pause a schedule: it does not fire until it is resumed, also if app.yaml changes. Running jobs continue. With
--json, the command prints an object with schedule, paused and note.`,
		Example: `  jobwright schedules pause nightly --note "the database moves"`,
		Args:    cobra.ExactArgs(1),
	}, (*client.Client).PauseSchedule, "%s is paused: %s")
}

func resumeScheduleCommand() *cobra.Command {
	return changePauseOfScheduleCommand(&cobra.Command{
		Use:   "resume SCHEDULE",
		Short: "Resume a paused schedule",
		Long: `Resume a paused schedule. It does not make up for the times of its pause; "jobwright schedules backfill"
does. With --json, the command prints an object with schedule, paused and note.`,
		Example: `  jobwright schedules resume nightly`,
		Args:    cobra.ExactArgs(1),
	}, (*client.Client).ResumeSchedule, "%s fires again: %s")
}

// changePauseOfScheduleCommand completes a command that pauses or resumes a schedule. The format of what it has done has the
// schedule and the note.
func changePauseOfScheduleCommand(
	command *cobra.Command,
	change func(c *client.Client, ctx context.Context, appID, name, note string) (*schedule.Paused, error), format string,
) *cobra.Command {
	var note string

	command.Flags().StringVar(&note, "note", "", "the reason")

	return callCommand(command, completesSchedules,
		func(ctx context.Context, on *remote, appID string, names []string) (*schedule.Paused, error) {
			return change(on.api, ctx, appID, names[0], note)
		},
		func(out view.Output, done *schedule.Paused) error {
			out.Notef(format, done.Schedule, done.Note)

			return nil
		})
}

func runScheduleCommand() *cobra.Command {
	return callCommand(&cobra.Command{
		Use:   "run SCHEDULE",
		Short: "Let a schedule fire now",
		Long: `Let a schedule fire now, also if it is paused. The command prints the jobId of the job that the schedule
starts, unless its condition (onlyIf) is false, and does not wait for the job. With --json, it prints an
object with schedule, scheduledAt and jobId.`,
		Example: `  jobwright schedules run nightly`,
		Args:    cobra.ExactArgs(1),
	}, completesSchedules, func(ctx context.Context, on *remote, appID string, names []string) (*schedule.RunNow, error) {
		return on.api.RunSchedule(ctx, appID, names[0])
	}, func(out view.Output, done *schedule.RunNow) error {
		err := out.Line("%s", done.JobID)
		out.Notef("%s fires for %s", done.Schedule, done.ScheduledAt.Format(time.RFC3339))

		return err
	})
}

func backfillCommand() *cobra.Command {
	var (
		from, to, overlap string
		repeat            bool
	)

	command := &cobra.Command{
		Use:   "backfill SCHEDULE",
		Short: "Let a schedule fire for the times of a range",
		Long: `Let a schedule fire for the times of a range in the past, in their order, also if it is paused. Times whose
job has completed are skipped. The command does not wait for the jobs. With --json, it prints an object with
schedule, from, to and firings.`,
		Example: `  jobwright schedules backfill nightly --from 2026-01-29T00:00:00Z --to 2026-01-31T00:00:00Z`,
		Args:    cobra.ExactArgs(1),
	}

	flags := command.Flags()
	flags.StringVar(&from, "from", "", "begin of the range, for example 2026-01-29T00:00:00Z")
	flags.StringVar(&to, "to", "", "end of the range; by default, now")
	flags.StringVar(&overlap, "overlap", "", "what to do while a job runs: "+overlaps()+" (default bufferAll)")
	flags.BoolVar(&repeat, "repeat-completed", false, "also run the jobs again that have completed")

	return callCommand(command, completesSchedules, func(
		ctx context.Context, on *remote, appID string, names []string,
	) (*schedule.Backfilled, error) {
		request := client.Backfill{
			App: appID, Schedule: names[0], Overlap: app.Overlap(overlap), RepeatCompleted: repeat, To: time.Now(),
		}

		var err error
		if request.From, err = time.Parse(time.RFC3339, from); err != nil {
			return nil, wrongCall("--from %q is not a time such as 2026-01-29T00:00:00Z", from)
		}

		if to != "" {
			if request.To, err = time.Parse(time.RFC3339, to); err != nil {
				return nil, wrongCall("--to %q is not a time such as 2026-01-31T00:00:00Z", to)
			}
		}

		return on.api.BackfillSchedule(ctx, request)
	}, func(out view.Output, done *schedule.Backfilled) error {
		out.Notef("%s fires for %s", done.Schedule, view.Count(int64(done.Firings), "time"))

		return nil
	})
}

// overlaps returns the policies of schedules as a list.
func overlaps() string {
	var names []string
	for _, overlap := range app.Overlaps() {
		names = append(names, string(overlap))
	}

	return strings.Join(names, ", ")
}
