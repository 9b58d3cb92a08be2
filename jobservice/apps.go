package jobservice

import (
	"errors"
	"slices"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/problem"
)

// Apps are the apps that a key may use.
type Apps struct {
	Apps []App `json:"apps" description:"The apps that the key may use, in the order of their IDs."`
}

// App describes an app to the holder of a key.
type App struct {
	ID          string `json:"id" description:"The ID of the app."`
	Description string `json:"description,omitempty" description:"The description in its app.yaml."`

	Access string      `json:"access" description:"The name of the access that the key has; * for a key of jobwright-dev."`
	Rights []app.Right `json:"rights" description:"The rights of the key in this app."`

	Scenarios  int  `json:"scenarios" description:"The number of scenarios that the key may run."`
	Invalid    int  `json:"invalid" description:"The number of these scenarios that have mistakes."`
	Operations bool `json:"operations" description:"Whether the key may execute operations other than scenarios."`
	Sources    int  `json:"sources" description:"The number of sources."`
	Schedules  int  `json:"schedules" description:"The number of schedules."`

	Limits AppLimits `json:"limits" description:"The limits of the app; 0 or empty for none."`

	State    app.State         `json:"state,omitempty" description:"stale if app.yaml is invalid and its last valid revision is in use, invalid if there was none; missing if app.yaml is valid."`
	Problems []problem.Problem `json:"problems,omitempty" description:"The mistakes in the scenarios that the key may run and, with the right operate, those in app.yaml, each with its file and line."`
}

// AppLimits are the limits of an app.
type AppLimits struct {
	RunningJobs    int               `json:"runningJobs,omitempty" description:"How many jobs run at the same time."`
	WhenFull       app.WhenFull      `json:"whenFull,omitempty" description:"refuse or queue: what happens to further jobs."`
	CallsPerMinute int               `json:"callsPerMinute,omitempty" description:"How many calls each API server accepts in a minute."`
	Weight         float64           `json:"weight,omitempty" description:"The share of the workers, relative to that of other apps."`
	QueryTimeout   scenario.Duration `json:"queryTimeout,omitempty" description:"How long an attempt that only reads may take, of steps without a timeout. Default: 1h."`
	MaxStepTimeout scenario.Duration `json:"maxStepTimeout,omitempty" description:"The largest timeout of a step."`
}

// App describes the caller's app. mistakes is why its present app.yaml can't be used, or nil; see [app.Catalog.Mistakes].
func (s *Service) App(caller Caller, mistakes error) (App, error) {
	of := caller.App
	described := App{
		ID: of.ID, Description: of.Description, Access: caller.Access.Name, Rights: caller.Rights(),
		Operations: caller.Access.Grants(app.Execute) && len(caller.Access.Operations) > 0, Sources: len(of.Sources),
		Schedules: len(of.Schedules),
		Limits: AppLimits{
			RunningJobs: of.Quota.RunningJobs, WhenFull: of.Quota.WhenFull, CallsPerMinute: of.Quota.CallsPerMinute,
			Weight: of.Quota.Weight, QueryTimeout: of.Limits.QueryTimeout, MaxStepTimeout: of.Limits.MaxStepTimeout,
		},
	}

	if mistakes != nil {
		described.State = app.Stale
	}

	if caller.Access.Grants(app.Operate) {
		described.Problems = ManifestProblems(mistakes)

		if scheduled, ok := errors.AsType[problem.List](of.CheckSchedules()); ok {
			described.Problems = append(described.Problems, scheduled...)
		}
	}

	if !caller.Access.Grants(app.Execute) {
		return described, nil
	}

	found, err := s.Scenarios(caller, false)
	if err != nil {
		return described, err
	}

	described.Scenarios = len(found.Scenarios)

	for _, scenario := range found.Scenarios {
		if scenario.Valid {
			continue
		}

		described.Invalid++

		for _, mistake := range scenario.Problems { // Several scenarios may run the one with the mistake.
			if !slices.Contains(described.Problems, mistake) {
				described.Problems = append(described.Problems, mistake)
			}
		}
	}

	return described, nil
}

// Rights returns the caller's rights, in the order of [app.Rights].
func (c Caller) Rights() []app.Right {
	return slices.DeleteFunc(app.Rights(), func(right app.Right) bool { return !c.Access.Grants(right) })
}

// ManifestProblems returns why an app.yaml can't be used, as a list; err is nil if it can. See [app.Catalog.Mistakes].
func ManifestProblems(err error) []problem.Problem {
	if err == nil {
		return nil
	}

	if found, ok := errors.AsType[problem.List](err); ok {
		return slices.Clone(found)
	}

	return []problem.Problem{{Code: "app_invalid", File: "app.yaml", Message: err.Error()}}
}
