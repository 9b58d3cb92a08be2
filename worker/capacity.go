package worker

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
	"go.temporal.io/sdk/worker"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// Capacity bounds what a worker does at the same time. The zero value has the defaults.
type Capacity struct {
	// TaskQueues are the task queues that the worker polls; by default [job.TaskQueue], which includes [job.BulkTaskQueue]. Of
	// the others, it runs only activities.
	TaskQueues []string

	LightSteps    int // The steps of the main task queue in regular activities.
	BulkSteps     int // The steps of each other task queue; by default as many as the memory permits.
	LocalSteps    int // The steps in local activities.
	WorkflowTasks int
	CachedJobs    int // The jobs whose state stays in memory between two workflow tasks, of all workers of the process.

	// The bounds of the number of polls for each type of task and each task queue. It follows the load.
	MinPollers, MaxPollers int

	// The shares of the processors and of the memory up to which the worker begins further steps. If one is set, the numbers of
	// steps above have no default: the load of the process decides.
	TargetCPU, TargetMemory float64
}

// The defaults of Temporal's SDK.
const (
	defaultSlots      = 1_000
	defaultCachedJobs = 10_000
)

// Memory of steps of bulk class. docs/performance.md has measurements: the most is 136 MiB, of a load of ten million records into
// SQLite. Other loads take less, and half of the memory is for what is not such a step.
const (
	bulkMemory       = 136 << 20
	bulkShare        = 2
	minBulkSteps     = 2
	maxBulkSteps     = 100
	bulkPerProcessor = 4 // If the memory is unknown.
)

// Validate returns an error if a value is impossible.
func (c Capacity) Validate() error {
	for _, queue := range c.TaskQueues {
		if !scenario.TaskQueue(queue).IsValid() {
			return fmt.Errorf("a task queue needs %s, but is %q", scenario.FormTaskQueue, queue)
		}
	}

	for _, count := range []int{
		c.LightSteps, c.BulkSteps, c.LocalSteps, c.WorkflowTasks, c.CachedJobs, c.MinPollers, c.MaxPollers,
	} {
		if count < 0 {
			return fmt.Errorf("a number of slots, jobs or polls can't be %d", count)
		}
	}

	switch {
	case c.WorkflowTasks == 1:
		return errors.New(
			"a worker needs at least 2 workflow tasks at the same time, one of them for jobs that it does not know yet")
	case c.MinPollers > 0 && c.MaxPollers > 0 && c.MinPollers > c.MaxPollers:
		return fmt.Errorf("the minimum of %d polls is greater than the maximum of %d", c.MinPollers, c.MaxPollers)
	case c.TargetCPU < 0 || c.TargetCPU > 1 || c.TargetMemory < 0 || c.TargetMemory > 1:
		return errors.New("a target is a share between 0 and 1")
	case !c.isResourceBased():
		return nil
	}

	_, err := newResources()

	return err
}

// isResourceBased reports whether the load of the process decides how many steps run.
func (c Capacity) isResourceBased() bool { return c.TargetCPU > 0 || c.TargetMemory > 0 }

// queues returns the task queues to poll.
func (c Capacity) queues() []string {
	if len(c.TaskQueues) == 0 {
		return []string{job.TaskQueue}
	}

	return c.TaskQueues
}

// Bulk returns how many steps of each task queue other than the main one run at the same time; 0 if the load of the process
// decides.
func (c Capacity) Bulk() int {
	if c.BulkSteps > 0 || c.isResourceBased() {
		return c.BulkSteps
	}

	steps := bulkPerProcessor * runtime.GOMAXPROCS(0)
	if memory := memory(); memory > 0 {
		steps = int(memory / bulkShare / bulkMemory)
	}

	return min(max(steps, minBulkSteps), maxBulkSteps)
}

// pollers returns how many polls wait for tasks.
//
// With two for each kind of task, the SDK's default, tasks wait under load in the database of Temporal for the next poll. With as
// many pollers as there are tasks, 16 callers of small jobs that do not start eagerly cost Temporal and worker 22 ms of CPU for
// each job instead of 30 ms, and jobs of three activities 46 ms instead of 70 ms.
func (c Capacity) pollers() worker.PollerBehavior {
	return worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{
		MinimumNumberOfPollers: c.MinPollers, MaximumNumberOfPollers: c.MaxPollers,
	})
}

// controller returns what decides by the load of the process.
func (c Capacity) controller() (*worker.ResourceController, error) {
	used, err := newResources()
	if err != nil {
		return nil, err
	}

	options := worker.DefaultResourceControllerOptions()
	options.InfoSupplier = used
	options.CpuTargetPercent, options.MemTargetPercent = cmp.Or(c.TargetCPU, 1), cmp.Or(c.TargetMemory, 1)

	return worker.NewResourceController(options), nil
}

// tuner returns the slots of the worker of a task queue. Up to that many steps run at the same time; 0 for the default.
func (c Capacity) tuner(steps int, controller *worker.ResourceController) (worker.WorkerTuner, error) {
	var failed error

	fixed := func(count, fallback int) worker.SlotSupplier {
		slots, err := worker.NewFixedSizeSlotSupplier(cmp.Or(count, fallback))
		failed = errors.Join(failed, err)

		return slots
	}

	options := worker.CompositeTunerOptions{
		WorkflowSlotSupplier:      fixed(c.WorkflowTasks, defaultSlots),
		LocalActivitySlotSupplier: fixed(c.LocalSteps, defaultSlots),
		NexusSlotSupplier:         fixed(0, defaultSlots),

		SessionActivitySlotSupplier: fixed(1, 0), // No activity uses a session.
	}

	if controller == nil {
		options.ActivitySlotSupplier = fixed(steps, defaultSlots)
	} else {
		by := worker.DefaultActivityResourceBasedSlotSupplierOptions()
		by.MaxSlots = cmp.Or(steps, by.MaxSlots)

		slots, err := worker.NewResourceBasedSlotSupplier(controller, by)
		failed = errors.Join(failed, err)
		options.ActivitySlotSupplier = slots
	}

	if failed != nil {
		return nil, failed
	}

	return worker.NewCompositeTuner(options)
}

// memory returns the memory that the process may use, in bytes; 0 if it is unknown: the limit of Go's runtime, that of the
// container, or the memory of the machine.
func memory() int64 {
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 { // It only reads GOMEMLIMIT.
		return limit
	}

	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
			return limit
		}
	}

	machine, err := procfs.NewDefaultFS()
	if err != nil {
		return 0
	}

	found, err := machine.Meminfo()
	if err != nil || found.MemTotalBytes == nil {
		return 0
	}

	return int64(*found.MemTotalBytes) //nolint:gosec // No machine has so much.
}
