package client

import (
	"context"
	"time"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/schedule"
)

// SchedulesRequest asks for schedules.
type SchedulesRequest struct {
	App      string `json:"appId"`
	Schedule string `json:"schedule,omitempty"` // Empty for all schedules of the app.
	Runs     *int   `json:"runs,omitempty"`     // The maximum number of firings of each; nil for [schedule.DefaultRuns].
}

// Schedules returns the schedules of an app, in the order of their names.
func (c *Client) Schedules(ctx context.Context, request SchedulesRequest) ([]schedule.Status, error) {
	var found schedule.Schedules

	err := c.call(ctx, repeatable("getSchedules", request), &found)

	return found.Schedules, err
}

// PauseSchedule pauses a schedule. The note is the reason, and may be empty.
func (c *Client) PauseSchedule(ctx context.Context, appID, name, note string) (*schedule.Paused, error) {
	return result[schedule.Paused](ctx, c, repeatable("pauseSchedule", fields{"appId": appID, "schedule": name, "note": note}))
}

// ResumeSchedule resumes a paused schedule. The note is the reason, and may be empty.
func (c *Client) ResumeSchedule(ctx context.Context, appID, name, note string) (*schedule.Paused, error) {
	return result[schedule.Paused](ctx, c, repeatable("resumeSchedule", fields{"appId": appID, "schedule": name, "note": note}))
}

// RunSchedule lets a schedule fire now.
func (c *Client) RunSchedule(ctx context.Context, appID, name string) (*schedule.RunNow, error) {
	return result[schedule.RunNow](ctx, c, call{
		name: "runSchedule", body: fields{"appId": appID, "schedule": name},
	})
}

// Backfill asks a schedule to fire for the times of a range.
type Backfill struct {
	App             string      `json:"appId"`
	Schedule        string      `json:"schedule"`
	From            time.Time   `json:"from"`
	To              time.Time   `json:"to"`                        // In the past.
	Overlap         app.Overlap `json:"overlap,omitempty"`         // Empty for [app.OverlapBufferAll].
	RepeatCompleted bool        `json:"repeatCompleted,omitempty"` // Whether to run the jobs again that have completed.
}

// BackfillSchedule lets a schedule fire for the times of a range.
func (c *Client) BackfillSchedule(ctx context.Context, backfill Backfill) (*schedule.Backfilled, error) {
	return result[schedule.Backfilled](ctx, c, call{name: "backfillSchedule", body: backfill})
}
