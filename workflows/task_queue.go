package workflows

import (
	"cmp"
	"slices"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// placement is where a call of an activity runs, and what it has to wait for.
type placement struct {
	queue   string   // The task queue; empty for that of the job.
	limited []string // The sources that it uses and that have limits, in order.
	isBulk  bool
}

// placementOf decides where a call runs, by what its request uses: calls that use no source run in the task queue of the job. The
// task queue of the step precedes those of its sources, and these precede that of the app.
func (m *machine) placementOf(s *step, request any) placement {
	used := sourcesOf(request)
	if len(used) == 0 {
		return placement{}
	}

	program := m.input.Program
	queue := s.TaskQueue

	var chosen placement

	for _, name := range used {
		capacity := program.Sources[name]
		queue = cmp.Or(queue, capacity.TaskQueue)

		if capacity.Limited {
			chosen.limited = append(chosen.limited, name)
		}
	}

	slices.Sort(chosen.limited)
	chosen.limited = slices.Compact(chosen.limited)

	if queue = cmp.Or(queue, program.TaskQueue); queue != job.TaskQueue {
		chosen.queue = string(queue)
	}

	data, isData := request.(dataRequest)
	chosen.isBulk = isData && scenario.IsBulk(data.operation)

	return chosen
}

// isRegular reports whether a call must be a regular activity: a local one runs in the worker of the job, and at once.
func (p placement) isRegular() bool { return p.queue != "" || len(p.limited) > 0 }

// taskQueue returns the task queue of a regular activity; empty for that of the job.
func (p placement) taskQueue() string {
	if p.queue == "" && p.isBulk {
		return job.BulkTaskQueue
	}

	return p.queue
}

// sourcesOf returns the names of the sources that an activity with the request uses.
func sourcesOf(request any) []string {
	var names []string

	switch request := request.(type) {
	case dataRequest:
		return request.sources
	case job.LookUp:
		for _, query := range request.Queries {
			names = append(names, query.Source)
		}
	case job.RecordsQuery:
		if request.Key == "" { // Later pages come from the result store.
			names = append(names, request.Query.Source)
		}
	case job.SourceTable:
		names = append(names, request.Source)
	}

	return names
}
