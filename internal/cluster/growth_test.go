package cluster_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jobwright/jobwright/internal/faulttest"
)

// warmUp is the age from which on a process is sampled. Its caches fill before, and Temporal's services report their
// goroutines once a minute.
const warmUp = 90 * time.Second

// sample is what a process used at some time. A value is 0 if it is unknown.
type sample struct{ memory, goroutines int }

// growth samples the resident memory and the goroutines of all processes.
type growth struct {
	samples  map[string][]sample // By process.
	stop     context.CancelFunc
	sampling sync.WaitGroup
}

// startSampling samples the processes until finish.
func startSampling(ctx context.Context, processes []*process, interval time.Duration) *growth {
	g := &growth{samples: map[string][]sample{}}
	ctx, g.stop = context.WithCancel(ctx)

	g.sampling.Go(func() {
		for ctx.Err() == nil {
			for _, process := range processes {
				g.samples[process.Name] = append(g.samples[process.Name], process.sample(ctx))
			}

			faulttest.Pause(ctx, interval)
		}
	})

	return g
}

func (g *growth) finish() {
	g.stop()
	g.sampling.Wait()
}

var (
	residentMemory   = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)
	runningGoroutine = regexp.MustCompile(`(?m)^(?:go_goroutines|num_goroutines(?:\{[^}]*\})?) ([0-9.e+]+)$`) // Of Jobwright, of Temporal.
)

func (p *process) sample(ctx context.Context) (taken sample) {
	id, age := p.PID()
	if age < warmUp {
		return taken
	}

	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", id))
	if match := residentMemory.FindSubmatch(status); err == nil && match != nil {
		kilobytes, _ := strconv.Atoi(string(match[1])) // The pattern matches numbers only.
		taken.memory = kilobytes << 10
	}

	if p.metrics == "" {
		return taken
	}

	text, err := faulttest.Get(ctx, p.metrics)
	if match := runningGoroutine.FindSubmatch(bytes.TrimSpace(text)); err == nil && match != nil {
		number, _ := strconv.ParseFloat(string(match[1]), 64) // Of a metric.
		taken.goroutines = int(number)
	}

	return taken
}

// medians returns the medians of the known values in the second and in the last quarter of the samples.
func medians(samples []sample, value func(sample) int) (second, last int) {
	median := func(part []sample) int {
		var known []int

		for _, sample := range part {
			if value(sample) > 0 {
				known = append(known, value(sample))
			}
		}

		if len(known) == 0 {
			return 0
		}

		slices.Sort(known)

		return known[len(known)/2]
	}

	quarter := len(samples) / 4

	return median(samples[quarter : 2*quarter]), median(samples[3*quarter:])
}

func memory(s sample) int     { return s.memory }
func goroutines(s sample) int { return s.goroutines }

// isFlat reports whether a value has not grown by more than a quarter and an allowance for chance.
func isFlat(second, last, allowance int) bool { return last <= second+second/4+allowance }
