package main

import "github.com/jobwright/jobwright/app"

// taskQueues returns the task queues that the apps name: the worker of this process runs the steps in all of them. Apps with
// mistakes, which are reported elsewhere, have none.
func taskQueues(apps *app.Catalog) (names []string) {
	ids, err := apps.IDs()
	if err != nil {
		return nil
	}

	for _, id := range ids {
		found, err := apps.App(id)
		if err != nil {
			continue
		}

		queues, err := found.TaskQueues()
		if err != nil {
			continue
		}

		for _, queue := range queues {
			names = append(names, string(queue))
		}
	}

	return names
}
