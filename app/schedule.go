package app

import (
	"errors"
	"fmt"
	"slices"
	"time"

	schedulepb "go.temporal.io/api/schedule/v1"
	"go.yaml.in/yaml/v4"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/schedule/cron"
	"github.com/jobwright/jobwright/source"
)

// Schedule runs a scenario of the app at certain times.
type Schedule struct {
	Name        string
	Description string
	Scenario    string
	Parameters  jsonvalue.Object // They may contain expressions.
	OnlyIf      any              // A condition, or nil.

	Cron     string        // A cron expression; empty if the schedule has an interval.
	TimeZone string        // The name of the time zone of the cron expression.
	Interval time.Duration // The time between two firings; 0 if the schedule has a cron expression.

	Overlap       Overlap
	CatchUpWindow time.Duration // How long after its time a firing is made up for.
	Paused        bool          // Whether the schedule is paused from the beginning.

	expression *cron.Expression
	zone       *time.Location
	places     map[string]*yaml.Node // The places of its parts in app.yaml, by path.
	path       string                // Its own path.
}

// Overlap is what a schedule does when it fires while a job of an earlier firing runs.
type Overlap string

// The policies.
const (
	OverlapSkip      Overlap = "skip"      // Skip the firing.
	OverlapBufferOne Overlap = "bufferOne" // Start the job after the running one, and skip the firings after it.
	OverlapBufferAll Overlap = "bufferAll" // Start the job after the running one and all that wait.
	OverlapStopOther Overlap = "stopOther" // Stop the running job, and start the job when it has ended.
	OverlapAllowAll  Overlap = "allowAll"  // Start the job at once.
)

// Overlaps returns all policies. The first one is the default.
func Overlaps() []Overlap {
	return []Overlap{OverlapSkip, OverlapBufferOne, OverlapBufferAll, OverlapStopOther, OverlapAllowAll}
}

// Defaults and bounds of schedules.
const (
	DefaultCatchUpWindow = 24 * time.Hour
	minCatchUpWindow     = 10 * time.Second // That of Temporal.
	maxCatchUpWindow     = 365 * 24 * time.Hour
	minInterval          = time.Second
	maxSchedules         = 200 // Of an app.
)

// Schedule returns the schedule of that name.
func (a *App) Schedule(name string) (Schedule, bool) {
	at := slices.IndexFunc(a.Schedules, func(s Schedule) bool { return s.Name == name })
	if at < 0 {
		return Schedule{}, false
	}

	return a.Schedules[at], true
}

// Spec returns the times of the schedule for Temporal, which may start it at other times too; see [Schedule.Fires]. The spec is
// the same for all moments of a year. Those of a schedule with a time zone are correct until the end of the second year after
// now.
func (s Schedule) Spec(now time.Time) (*schedulepb.ScheduleSpec, error) {
	if s.expression != nil {
		return s.expression.Spec(s.zone, now)
	}

	return &schedulepb.ScheduleSpec{
		Interval: []*schedulepb.IntervalSpec{{Interval: durationpb.New(s.Interval)}}, TimezoneName: time.UTC.String(),
	}, nil
}

// Fires reports whether the schedule fires at a time.
func (s Schedule) Fires(at time.Time) bool {
	if s.expression != nil {
		return s.expression.Fires(at.In(s.zone))
	}

	return at.UnixNano()%int64(s.Interval) == 0
}

// Misfires reports whether Temporal may start the schedule at a time although the schedule does not fire.
func (s Schedule) Misfires(at time.Time) bool {
	return s.expression != nil && s.expression.Misfires(at.In(s.zone))
}

// Location returns the time zone of the schedule.
func (s Schedule) Location() *time.Location {
	if s.zone == nil {
		return time.UTC
	}

	return s.zone
}

// CheckSchedules compares the schedules with the scenarios that they run, at the present version of their files. The error is a
// [problem.List] with every schedule that can't start its job, and its line in app.yaml.
func (a *App) CheckSchedules() error {
	var problems problem.List

	for _, schedule := range a.Schedules {
		err := a.CheckSchedule(schedule)

		if found, ok := errors.AsType[problem.List](err); ok {
			for _, mistake := range found {
				problems.Add(mistake)
			}
		} else if err != nil {
			return err
		}
	}

	return problems.Err()
}

// CheckSchedule compares a schedule with its scenario. The types of the results of expressions are known only when the schedule
// fires. The error is a [problem.List].
func (a *App) CheckSchedule(schedule Schedule) error {
	var mistakes, problems problem.List

	pinned, err := a.Pin(schedule.Scenario)

	switch {
	case errors.Is(err, ErrNotFound):
		names, err := a.ScenarioNames()
		if err != nil {
			return err
		}

		schedule.addTof(&problems, "scenario", "the app has no scenario %s; %s", schedule.Scenario,
			problem.Suggest(schedule.Scenario, names))

		return problems
	case errors.As(err, &mistakes):
		schedule.addTof(&problems, "scenario", "the scenario %s is invalid: %s", schedule.Scenario, mistakes[0])

		return problems
	case err != nil:
		return err
	}

	called := pinned.Scenario
	called.Parameters = slices.Clone(called.Parameters)

	for i, parameter := range called.Parameters {
		value, isGiven := schedule.Parameters[parameter.Name]

		if isGiven && parameter.Secret {
			schedule.addTof(&problems, "parameters."+parameter.Name, "the parameter %s is a secret, which must not be in the "+
				"file; let a source of the scenario have it", parameter.Name)
		}

		if isGiven && (parameter.Secret || !expression.IsLiteral(value)) {
			called.Parameters[i].Type = source.JSON // Any value.
		}
	}

	if _, err := called.Bind(schedule.Parameters); errors.As(err, &mistakes) {
		for _, mistake := range mistakes {
			schedule.addTof(&problems, "parameters."+mistake.Path, "%s", mistake.Message)
		}
	}

	return problems.Err()
}

// addTof adds a mistake in a field of the schedule.
func (s Schedule) addTof(problems *problem.List, field, format string, arguments ...any) {
	path := problem.JoinPath(s.path, field)
	at := nearest(s.places, path)

	problems.Add(problem.Problem{
		Code: job.CodeAppInvalid, File: manifestFile, Line: at.Line, Column: at.Column, Path: path,
		Message: fmt.Sprintf("%s: ", s.path) + fmt.Sprintf(format, arguments...),
	})
}
