package main

import (
	"fmt"

	"github.com/spf13/pflag"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/worker"
)

// addCapacity adds the flags that bound what a worker does at the same time.
func addCapacity(flags *pflag.FlagSet, into *worker.Capacity) {
	flags.StringSliceVar(&into.TaskQueues, "task-queue", []string{job.TaskQueue}, fmt.Sprintf(
		"task queue to poll; of queues other than %s, only steps are run; repeatable", job.TaskQueue))
	flags.IntVar(&into.LightSteps, "light-steps", 0,
		"light steps at the same time, in activities of the main task queue; 0 for 1000")
	flags.IntVar(&into.BulkSteps, "bulk-steps", 0,
		"bulk steps at the same time, and steps of each other task queue; 0 for one for each 272 MiB of memory, from 2 to 100")
	flags.IntVar(&into.LocalSteps, "local-steps", 0, "steps at the same time in local activities; 0 for 1000")
	flags.IntVar(&into.WorkflowTasks, "workflow-tasks", 0,
		"workflow tasks at the same time, which decide what jobs do next; 0 for 1000")
	flags.IntVar(&into.CachedJobs, "cached-jobs", 0,
		"jobs whose state stays in memory between two workflow tasks; 0 for 10000")
	flags.IntVar(&into.MinPollers, "min-pollers", 0,
		"minimum of polls for each task queue and type of task, whose number follows the load; 0 for 1")
	flags.IntVar(&into.MaxPollers, "max-pollers", 0, "maximum of these polls; 0 for 100")
	flags.Float64Var(&into.TargetCPU, "target-cpu", 0,
		"begin steps up to this share of the processors, such as 0.8, instead of up to a number of steps; 0 for no target")
	flags.Float64Var(&into.TargetMemory, "target-memory", 0,
		"begin steps up to this share of the memory, such as 0.8, instead of up to a number of steps; 0 for no target")
}
