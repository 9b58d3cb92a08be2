package app

import "slices"

// Quota bounds what an app takes of the system that it shares with other apps. Unlike [scenario.Limits], it is not part of a
// job's program: the current revision counts.
type Quota struct {
	RunningJobs    int      // How many jobs of the app run at the same time, without child jobs; 0 for any number.
	WhenFull       WhenFull // What happens to further jobs.
	CallsPerMinute int      // How many calls each API server accepts in a minute; 0 for any number.
	Weight         float64  // The app's share of the workers, relative to that of other apps; 0 for the default of 1.
}

// WhenFull is what happens to a job of an app that runs as many jobs as it may.
type WhenFull string

// The values of [WhenFull].
const (
	Refuse WhenFull = "refuse" // The call that starts it is refused.
	Queue  WhenFull = "queue"  // It is accepted, and waits until another job ends.
)

// Bounds of quotas.
const (
	maxRunningJobs    = 100_000
	maxCallsPerMinute = 1_000_000

	// Those of Temporal's fairness weights.
	minWeight = 0.001
	maxWeight = 1_000
)

// The fields of the limits that make up a quota.
const (
	fieldRunningJobs    = "runningJobs"
	fieldWhenFull       = "whenFull"
	fieldCallsPerMinute = "callsPerMinute"
	fieldWeight         = "weight"
)

// quota reads the quota from the fields of the limits.
func (r *manifestReader) quota(fields map[string]field) {
	r.app.Quota = Quota{
		RunningJobs:    r.integer(fields[fieldRunningJobs], fieldRunningJobs, maxRunningJobs),
		CallsPerMinute: r.integer(fields[fieldCallsPerMinute], fieldCallsPerMinute, maxCallsPerMinute),
		Weight:         r.number(fields[fieldWeight], fieldWeight, minWeight, maxWeight),
	}

	if given := fields[fieldWhenFull]; given.isGiven() {
		r.app.Quota.WhenFull = r.whenFull(given, fields[fieldRunningJobs].isGiven())
	} else if r.app.Quota.RunningJobs > 0 {
		r.app.Quota.WhenFull = Refuse
	}
}

// whenFull reads what happens to further jobs.
func (r *manifestReader) whenFull(of field, isLimited bool) WhenFull {
	known := []WhenFull{Refuse, Queue}
	value := WhenFull(r.text(of))

	if !slices.Contains(known, value) {
		r.wrongf(of, "%s must be %s", fieldWhenFull, joined(known, " or "))
	}

	if !isLimited {
		r.wrongKeyf(of, "%s has no effect without %s", fieldWhenFull, fieldRunningJobs)
	}

	return value
}
