package console

import (
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/jobwright/jobwright/jobservice"
)

// systemPage is the data of the page of the system.
type systemPage struct {
	*jobservice.System

	Apps      []jobservice.App
	Retention string
	Builds    int      // The number of different builds of the workers.
	Unpolled  []string // The task queues that no worker polls.
}

// system shows the state of the system.
func system(r *request) (*view, error) {
	var (
		group errgroup.Group
		data  systemPage
	)

	group.Go(func() (err error) {
		data.System, err = r.api.System(r.Context(), r.session.App)

		return err
	})
	group.Go(func() (err error) {
		data.Apps, err = r.api.Apps(r.Context())

		return err
	})

	if err := group.Wait(); err != nil {
		return nil, err
	}

	if retention, err := time.ParseDuration(data.Temporal.Retention); err == nil {
		data.Retention = duration(retention)
	}

	for _, queue := range data.Queues {
		if queue.Workers == 0 {
			data.Unpolled = append(data.Unpolled, queue.Name)
		}
	}

	builds := map[string]bool{}
	for _, worker := range data.Workers {
		builds[worker.Build] = true
	}

	data.Builds = len(builds)

	return &view{template: "system", section: "/system", Title: "System", Data: data, Refresh: 5}, nil
}

// Oldest returns how long the oldest task of a task queue has waited; "" if none waits.
func (systemPage) Oldest(of jobservice.Queue) string {
	oldest := of.Activities.BacklogMs
	if of.Workflows != nil {
		oldest = max(oldest, of.Workflows.BacklogMs)
	}

	if oldest == 0 {
		return ""
	}

	return duration(time.Duration(oldest) * time.Millisecond)
}

// Commit returns the beginning of the commit of the server.
func (p systemPage) Commit() string {
	const short = 12

	return p.Server.Commit[:min(len(p.Server.Commit), short)]
}

// reachable returns the state of a service.
func reachable(is bool) state {
	if is {
		return state{"completed", "reachable"}
	}

	return state{"failed", "not reachable"}
}
