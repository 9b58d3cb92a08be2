package view

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
)

// Jobs prints a list of jobs as a table, and the numbers of jobs of each status if the list has them.
func (o Output) Jobs(list *jobservice.List) error {
	rows := make([][]any, len(list.Jobs))
	now := time.Now()

	for i, entry := range list.Jobs {
		notes := []string{}
		if entry.Code != "" {
			notes = append(notes, entry.Code)
		}

		if entry.ParentJobID != "" {
			notes = append(notes, "child of "+entry.ParentJobID)
		}

		for _, name := range slices.Sorted(maps.Keys(entry.Labels)) {
			notes = append(notes, name+"="+entry.Labels[name])
		}

		rows[i] = []any{
			State(entry.Status), entry.JobID, entry.Scenario, Time(entry.StartedAt, now),
			Duration(time.Duration(entry.DurationMs) * time.Millisecond), entry.Caller, strings.Join(notes, " "),
		}
	}

	if err := o.Table([]string{"status", "job", "scenario", "started", "took", "caller", "notes"}, rows); err != nil {
		return err
	}

	if len(list.Counts) == 0 {
		return nil
	}

	counts := []string{}

	for _, state := range []job.State{job.Running, job.Completed, job.CompletedWithError, job.Stopped} {
		if count := list.Counts[state]; count > 0 {
			counts = append(counts, Number(count)+" "+State(state).name())
		}
	}

	_, err := fmt.Fprintln(o.Out, "\n"+strings.Join(counts, ", "))

	return err
}
