// Command bench measures the speed of small jobs, next to workflows that are written by hand for the same work. Jobwright runs
// as its users run it: in processes of its own, called over HTTP. So do the references, with the same embedded Temporal. The
// references are one activity for each step, local activities, and a workflow without steps.
//
// All systems run on the machine of the benchmark, which needs Linux, and PostgreSQL for the workloads whose names begin with
// postgres. Nothing else should run there. A round measures each system for a short time, one after the other; the results are
// the medians of several rounds, with the smallest and the largest value.
//
//	go run ./bench -short
//	go run ./bench -workloads steps10,callers10 -rounds 5 -json result.json
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)

	err := command(ctx, os.Args[1:], os.Stdout, os.Stderr)

	stop()

	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// The first argument of the processes that the benchmark starts from its own binary.
const (
	referenceProcess = "reference"
	temporalProcess  = "temporal"
)

// command runs the benchmark, or one of its processes.
func command(ctx context.Context, arguments []string, out, progress io.Writer) error {
	if len(arguments) > 0 {
		switch arguments[0] {
		case referenceProcess:
			return serveReference(ctx, arguments[1:], out)
		case temporalProcess:
			return serveTemporal(ctx, arguments[1:], out)
		}
	}

	opts, err := parse(arguments, progress)
	if err != nil {
		return err
	}

	if opts.list {
		for _, w := range workloads {
			if _, err := fmt.Fprintf(out, "%-20s %s\n", w.name, w.about); err != nil {
				return err
			}
		}

		return nil
	}

	return run(ctx, opts, out, progress)
}

// options are the command's flags.
type options struct {
	workloads []workload
	list      bool
	rounds    int
	sizes     sizes
	bin       string
	durable   bool
	json      string
	profile   string
}

func parse(arguments []string, out io.Writer) (options, error) {
	var (
		opts  options
		names string
		short bool
	)

	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&names, "workloads", "", "names of the workloads to run, separated by commas; by default, all")
	flags.BoolVar(&opts.list, "list", false, "print the names of all workloads")
	flags.IntVar(&opts.rounds, "rounds", 0, "number of rounds; by default, 3, or 1 with -short")
	flags.BoolVar(&short, "short", false, "measure for a short time and with fewer jobs, to see whether everything works")
	flags.DurationVar(&opts.sizes.window, "window", 0,
		"how long a round measures one system; by default, 3s, or 500ms with -short")
	flags.StringVar(&opts.bin, "bin", "", "folder with jobwright-dev and jobwright; by default, they are built")
	flags.BoolVar(&opts.durable, "durable", false,
		"make each commit of the embedded Temporal survive a power cut, for all systems")
	flags.StringVar(&opts.json, "json", "", "file to which all measurements are written as JSON")
	flags.StringVar(&opts.profile, "profile", "",
		"file to which a profile of the computing time of jobwright-dev is written, which slows it down a little")

	if err := flags.Parse(arguments); err != nil {
		return options{}, err
	}

	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unknown argument %s", flags.Arg(0))
	}

	window := opts.sizes.window
	opts.sizes = fullSizes

	if short {
		opts.sizes = shortSizes
	}

	if window > 0 {
		opts.sizes.window = window
	}

	if opts.rounds == 0 {
		opts.rounds = opts.sizes.rounds
	}

	opts.workloads = workloads
	if names != "" {
		opts.workloads = nil
	}

	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(workloads, func(w workload) bool { return w.name == name })
		if i < 0 && names != "" {
			return options{}, fmt.Errorf("unknown workload %q; -list prints all", name)
		}

		if i >= 0 {
			opts.workloads = append(opts.workloads, workloads[i])
		}
	}

	return opts, nil
}

// sizes are the amounts of work.
type sizes struct {
	rounds      int
	window      time.Duration // How long a round measures one system.
	leastJobs   int           // The least number of jobs of a window.
	callers     int           // The callers at the same time.
	steps       int           // The steps of a long job.
	branches    int           // The branches of a wide job.
	branchSteps int           // The steps of each branch.
	loopRounds  int           // The rounds of a loop.
	rates       []int         // The arrivals of jobs per minute.
	arrivals    time.Duration // How long jobs arrive at each rate.
	statuses    int           // The ended jobs whose status is read.
	waiting     int           // The jobs in flight.
	slowRows    int           // The rows that a slow step counts.
	countedJobs int           // The jobs whose requests to Temporal are counted.
}

var (
	fullSizes = sizes{
		rounds: 3, window: 3 * time.Second, leastJobs: 10, callers: 32, steps: 400, branches: 40, branchSteps: 10,
		loopRounds: 10_000, rates: []int{250, 500, 1000, 2000, 3000}, arrivals: 6 * time.Second, statuses: 64, waiting: 10_000,
		slowRows: 5_000_000, countedJobs: 20,
	}
	shortSizes = sizes{
		rounds: 1, window: 500 * time.Millisecond, leastJobs: 2, callers: 32, steps: 400, branches: 40, branchSteps: 10,
		loopRounds: 300, rates: []int{250, 1000}, arrivals: time.Second, statuses: 16, waiting: 200, slowRows: 2_000_000,
		countedJobs: 5,
	}
)
