package console

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/schedule"
)

// scheduleRow is a schedule in the list.
type scheduleRow struct {
	schedule.Status

	When  string      // Its cron expression or its interval.
	Next  []time.Time // Its next times.
	Last  []firing    // Its last firings, the newest last.
	Marks []mark      // Firings on the time line.
}

// firing is a firing as pages show it.
type firing struct {
	schedule.Run

	Shown   state
	Address string // The page of its job; "" if it has none.
}

// mark is a firing on a time line.
type mark struct {
	X     float64 // From 0 to 100.
	Class string
	Text  string
	At    time.Time
	Next  bool
}

// scheduleList is the data of the list of schedules.
type scheduleList struct {
	Schedules []scheduleRow
	MayChange bool
	Now       string // The value of a field for the present time.
	DayAgo    string
	Hours     int // The time line shows so many hours before and after now.
}

// timeLine is the length of each half of the time line.
const timeLine = day

// schedules shows the schedules with their next and last firings.
func schedules(r *request) (*view, error) {
	const firings = 30

	found, err := r.api.Schedules(r.Context(), client.SchedulesRequest{App: r.session.App, Runs: new(firings)})
	if err != nil {
		return nil, err
	}

	data := scheduleList{
		MayChange: r.may(app.ChangeSchedules), Now: r.now.UTC().Format(timeField),
		DayAgo: r.now.UTC().Add(-day).Format(timeField), Hours: int(timeLine.Hours()),
	}

	for _, status := range found {
		data.Schedules = append(data.Schedules, scheduleRowOf(status, r.now))
	}

	return &view{template: "schedules", section: "/schedules", Title: "Schedules", Data: data, Refresh: 10}, nil
}

// scheduleRowOf returns the row of a schedule.
func scheduleRowOf(status schedule.Status, now time.Time) scheduleRow {
	const lastFirings = 8

	row := scheduleRow{Status: status, When: status.Cron}
	if row.When == "" {
		row.When = status.Every()
	}

	for _, text := range status.Next {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			continue // Times of the API have this form.
		}

		row.Next = append(row.Next, at)

		if x, isShown := onTimeLine(at, now); isShown && !status.Paused {
			row.Marks = append(row.Marks, mark{X: x, Class: "next", Text: "next: " + absolute(at), At: at, Next: true})
		}
	}

	for i, run := range status.Runs {
		shown := firing{Run: run, Shown: firingState(run.Status)}
		if run.JobID != "" {
			shown.Address = jobAddress(run.JobID)
		}

		if i < lastFirings {
			row.Last = append([]firing{shown}, row.Last...)
		}

		if x, isShown := onTimeLine(run.ScheduledAt, now); isShown {
			row.Marks = append(row.Marks, mark{
				X: x, Class: shown.Shown.Class, Text: shown.Shown.Text + ": " + absolute(run.ScheduledAt), At: run.ScheduledAt,
			})
		}
	}

	return row
}

// onTimeLine returns the place of a time on the time line, from 0 to 100, and whether it is on it.
func onTimeLine(at, now time.Time) (x float64, isShown bool) {
	x = 50 + 50*float64(at.Sub(now))/float64(timeLine)

	return x, x >= 0 && x <= 100
}

// firingState returns the state of a firing.
func firingState(of job.FiringState) state {
	switch string(of) {
	case string(job.CompletedWithError):
		return state{"failed", "failed"}
	case string(job.FiringStarted):
		return state{"running", "started"}
	default:
		return state{string(of), string(of)}
	}
}

// ofSchedule returns the change that a call about the schedule of the address makes.
func ofSchedule(done string, call func(r *request, name string) error) change {
	return func(r *request) (string, error) {
		name := r.PathValue("schedule")

		return "/schedules?done=schedule-" + done + "#" + url.PathEscape(name), call(r, name)
	}
}

// ofPause returns the change of the form with which a schedule is paused or resumed.
func ofPause(
	done string, call func(c *client.Client, ctx context.Context, appID, name, note string) (*schedule.Paused, error),
) change {
	return ofSchedule(done, func(r *request, name string) error {
		_, err := call(r.api, r.Context(), r.session.App, name, strings.TrimSpace(r.PostFormValue("note")))

		return err
	})
}

// The forms of a schedule.
var (
	pauseSchedule  = ofPause("pause", (*client.Client).PauseSchedule)
	resumeSchedule = ofPause("resume", (*client.Client).ResumeSchedule)
	runSchedule    = ofSchedule("run", func(r *request, name string) error {
		_, err := r.api.RunSchedule(r.Context(), r.session.App, name)

		return err
	})
	backfillSchedule = ofSchedule("backfill", func(r *request, name string) error {
		backfill := client.Backfill{
			App: r.session.App, Schedule: name, RepeatCompleted: r.PostFormValue("repeatCompleted") == "true",
		}

		err := readTime(r.PostFormValue("from"), &backfill.From)
		if err == nil {
			err = readTime(r.PostFormValue("to"), &backfill.To)
		}

		if err == nil {
			_, err = r.api.BackfillSchedule(r.Context(), backfill)
		}

		return err
	})
)
