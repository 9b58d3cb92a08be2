package apiserver

import (
	"context"
	"time"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/schedule"
)

// schedulesRequest has the fields of getSchedules.
type schedulesRequest struct {
	APIKey   string `json:"apiKey"   description:"The caller's key."`
	AppID    string `json:"appId"    required:"true" description:"The app of the schedules."`
	Schedule string `json:"schedule" description:"The name of a schedule. Default: all schedules of the app."`
	Runs     int64  `json:"runs"     description:"The maximum number of firings of each schedule, 0 to 100. Default: 5."`
}

// getSchedules responds with the schedules of the app.
func (s *Server) getSchedules(ctx context.Context, call request[schedulesRequest]) (*schedule.Schedules, error) {
	runs := int64(schedule.DefaultRuns)

	if call.has("runs") {
		if runs = call.fields.Runs; runs < 0 || runs > schedule.MaxRuns {
			return nil, jobservice.Invalid("runs must be between 0 and %d, not %d", schedule.MaxRuns, runs)
		}
	}

	return s.schedules.Describe(ctx, call.caller, call.fields.Schedule, int(runs))
}

// scheduleRequest has the fields of runSchedule.
type scheduleRequest struct {
	APIKey   string `json:"apiKey"   description:"The caller's key."`
	AppID    string `json:"appId"    required:"true" description:"The app of the schedule."`
	Schedule string `json:"schedule" required:"true" description:"The name of the schedule."`
}

// pauseScheduleRequest has the fields of pauseSchedule and resumeSchedule.
type pauseScheduleRequest struct {
	APIKey   string `json:"apiKey"   description:"The caller's key."`
	AppID    string `json:"appId"    required:"true" description:"The app of the schedule."`
	Schedule string `json:"schedule" required:"true" description:"The name of the schedule."`
	Note     string `json:"note"     description:"The reason, for the readers of getSchedules."`
}

// pauseSchedule pauses a schedule.
func (s *Server) pauseSchedule(ctx context.Context, call request[pauseScheduleRequest]) (*schedule.Paused, error) {
	return s.schedules.Pause(ctx, call.caller, call.fields.Schedule, call.fields.Note)
}

// resumeSchedule resumes a schedule.
func (s *Server) resumeSchedule(ctx context.Context, call request[pauseScheduleRequest]) (*schedule.Paused, error) {
	return s.schedules.Resume(ctx, call.caller, call.fields.Schedule, call.fields.Note)
}

// runSchedule lets a schedule fire now.
func (s *Server) runSchedule(ctx context.Context, call request[scheduleRequest]) (*schedule.RunNow, error) {
	return s.schedules.Run(ctx, call.caller, call.fields.Schedule)
}

// backfillRequest has the fields of backfillSchedule.
type backfillRequest struct {
	APIKey          string      `json:"apiKey"          description:"The caller's key."`
	AppID           string      `json:"appId"           required:"true" description:"The app of the schedule."`
	Schedule        string      `json:"schedule"        required:"true" description:"The name of the schedule."`
	From            string      `json:"from"            required:"true" description:"The first time for which the schedule fires, as RFC 3339: 2026-11-30T02:00:00Z."`
	To              string      `json:"to"              required:"true" description:"The last time, in the past."`
	Overlap         app.Overlap `json:"overlap"         description:"What a firing does while a job of the schedule runs. Default: bufferAll, which runs one job after the other."`
	RepeatCompleted bool        `json:"repeatCompleted" description:"Whether to run the jobs again that have completed."`
}

// backfillSchedule lets a schedule fire for the times of a range.
func (s *Server) backfillSchedule(ctx context.Context, call request[backfillRequest]) (*schedule.Backfilled, error) {
	asked := schedule.Backfill{Overlap: call.fields.Overlap, RepeatCompleted: call.fields.RepeatCompleted}

	for _, field := range []struct {
		name, text string
		into       *time.Time
	}{{"from", call.fields.From, &asked.From}, {"to", call.fields.To, &asked.To}} {
		at, err := time.Parse(time.RFC3339, field.text)
		if err != nil {
			return nil, jobservice.Invalid("%s must be a time such as 2026-11-30T02:00:00Z, not %q", field.name, field.text)
		}

		*field.into = at
	}

	return s.schedules.Backfill(ctx, call.caller, call.fields.Schedule, asked)
}
