package app

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/scenario/problem"
)

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
	quota := Quota{
		RunningJobs:    r.count(fields, fieldRunningJobs, maxRunningJobs),
		CallsPerMinute: r.count(fields, fieldCallsPerMinute, maxCallsPerMinute),
	}

	if given, ok := fields[fieldWeight]; ok {
		quota.Weight = r.weight(given.value)
	}

	if given, ok := fields[fieldWhenFull]; ok {
		quota.WhenFull = r.whenFull(given, fields)
	} else if quota.RunningJobs > 0 {
		quota.WhenFull = Refuse
	}

	r.app.Quota = quota
}

// count reads a limit that is a number of things, or 0 if it is missing.
func (r *manifestReader) count(fields map[string]field, name string, most int64) int {
	given, ok := fields[name]
	if !ok {
		return 0
	}

	path := problem.JoinPath(fieldLimits, name)

	count, isInteger := r.value(given.value, path).(int64)
	if !isInteger || count < 1 || count > most {
		r.addf(given.value, path, "%s must be an integer between 1 and %d", name, most)

		return 0
	}

	return int(count)
}

// weight reads the weight of the app.
func (r *manifestReader) weight(node *yaml.Node) float64 {
	path := problem.JoinPath(fieldLimits, fieldWeight)

	weight := r.number(node, path)
	if weight < minWeight || weight > maxWeight {
		r.addf(node, path, "%s must be a number between %v and %d", fieldWeight, minWeight, maxWeight)

		return 0
	}

	return weight
}

// whenFull reads what happens to further jobs.
func (r *manifestReader) whenFull(given field, fields map[string]field) WhenFull {
	path := problem.JoinPath(fieldLimits, fieldWhenFull)
	known := []string{string(Refuse), string(Queue)}
	value := r.text(given.value, path)

	if !slices.Contains(known, value) {
		r.addf(given.value, path, "%s must be %s", fieldWhenFull, strings.Join(known, " or "))
	}

	if _, limited := fields[fieldRunningJobs]; !limited {
		r.addf(given.key, path, "%s has no effect without %s", fieldWhenFull, fieldRunningJobs)
	}

	return WhenFull(value)
}
