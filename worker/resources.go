package worker

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/procfs"
	"go.temporal.io/sdk/worker"
)

// resources measures the load of this process: of the processors that it may use, and of its memory. The slots of a worker that
// depend on it ask for it many times in a second.
type resources struct {
	memory int64 // The memory that the process may use.

	mutex    sync.Mutex
	at       time.Time // Of the last measurement.
	cpuTime  float64   // Seconds that the process had used then.
	cpu, mem float64   // The shares between the last two measurements.
}

// resourceInterval is the time between two measurements.
const resourceInterval = 200 * time.Millisecond

// newResources returns an error where the load of the process can't be measured.
func newResources() (*resources, error) {
	r := &resources{memory: memory()}
	if r.memory == 0 {
		return nil, errors.New("the memory of this machine is unknown, so steps can't follow the load; set their number instead")
	}

	if err := r.measure(); err != nil {
		return nil, fmt.Errorf("the load of this process is unknown, so steps can't follow it; set their number instead: %w", err)
	}

	return r, nil
}

// CpuUsage returns the share of the processors that the process uses.
//
//nolint:revive // The name is that of the interface.
func (r *resources) CpuUsage(*worker.SysInfoContext) (float64, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()

	err := r.measure()

	return r.cpu, err
}

// MemoryUsage returns the share of the memory that the process uses.
func (r *resources) MemoryUsage(*worker.SysInfoContext) (float64, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()

	err := r.measure()

	return r.mem, err
}

// measure measures the load, unless the last measurement was just now.
func (r *resources) measure() error {
	now := time.Now()

	elapsed := now.Sub(r.at)
	if elapsed < resourceInterval {
		return nil
	}

	process, err := procfs.Self()
	if err != nil {
		return err
	}

	stat, err := process.Stat()
	if err != nil {
		return err
	}

	cpuTime := stat.CPUTime()
	if !r.at.IsZero() {
		r.cpu = min((cpuTime-r.cpuTime)/elapsed.Seconds()/float64(runtime.GOMAXPROCS(0)), 1)
	}

	r.at, r.cpuTime = now, cpuTime
	r.mem = min(float64(stat.ResidentMemory())/float64(r.memory), 1)

	return nil
}
