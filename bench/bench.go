package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/jobwright/jobwright/internal/testserver"
)

// bench runs workloads.
type bench struct {
	sizes    sizes
	report   *report
	dir      string // The folder of all state.
	bin      string // The folder of the commands of Jobwright, if they are built already.
	durable  bool   // Whether the embedded Temporal survives a power cut.
	profile  string // The file for a profile of jobwright-dev; empty for none.
	progress io.Writer
	self     string // The binary of the benchmark.
	apps     string
	database *database

	embedded []*system // Jobwright and the references on the embedded Temporal.
	postgres []*system // And on PostgreSQL.
	stops    []func() error
}

// run runs the workloads of the options, and prints the table.
func run(ctx context.Context, opts options, out, progress io.Writer) (err error) {
	b := &bench{
		sizes: opts.sizes, report: &report{Environment: newEnvironment(opts)},
		bin: opts.bin, durable: opts.durable, profile: opts.profile, progress: progress,
	}

	if b.dir, err = os.MkdirTemp("", "jobwright-bench-"); err != nil {
		return err
	}

	defer func() { err = errors.Join(err, b.close()) }()

	if b.self, err = os.Executable(); err != nil {
		return err
	}

	b.apps = filepath.Join(b.dir, "apps")
	if err := writeApps(b.apps, b.sizes); err != nil {
		return err
	}

	for _, w := range opts.workloads {
		for number := range opts.rounds {
			fmt.Fprintf(progress, "%s, round %d of %d\n", w.name, number+1, opts.rounds) //nolint:errcheck // It is informative.

			r := &round{bench: b, workload: w.name, number: number}
			if err := w.run(ctx, r); err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}

			if w.once {
				break
			}
		}
	}

	b.report.complete()

	if opts.json != "" {
		if err := b.report.save(opts.json); err != nil {
			return err
		}
	}

	return b.report.write(out)
}

// close stops everything.
func (b *bench) close() error {
	var err error

	for _, stop := range slices.Backward(b.stops) {
		err = errors.Join(err, stop())
	}

	return errors.Join(err, testserver.Close(), os.RemoveAll(b.dir))
}

// program returns the path of a command of Jobwright. It builds the command when it is first needed, unless the flags say where
// it is.
func (b *bench) program(ctx context.Context, name string) (string, error) {
	if b.bin != "" {
		return filepath.Join(b.bin, name), nil
	}

	path := filepath.Join(b.dir, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}

	fmt.Fprintln(b.progress, "building", name) //nolint:errcheck // It is informative.

	//nolint:gosec // The benchmark names its commands.
	command := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/jobwright/jobwright/cmd/"+name)
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, output)
	}

	return path, nil
}

// round is one pass of a workload over its systems.
type round struct {
	*bench

	workload string
	number   int
}

// record records a value of a system.
func (r *round) record(measure string, s *system, unit string, better direction, value float64) {
	r.report.record(r.workload, measure, s.name, unit, better, value)
}

// systems returns the systems with these names, on the embedded Temporal. Each round begins with another one.
func (r *round) systems(ctx context.Context, names ...string) ([]*system, error) {
	if r.embedded == nil {
		jobwright, reference, err := r.startPair(ctx, "embedded")
		if err != nil {
			return nil, err
		}

		if r.profile != "" {
			r.collectProfiles(jobwright.metrics[0], r.profile)
		}

		r.embedded = variants(jobwright, reference)
	}

	return r.choose(r.embedded, names)
}

// onPostgreSQL is systems, on a Temporal that stores its state in PostgreSQL.
func (r *round) onPostgreSQL(ctx context.Context, names ...string) ([]*system, error) {
	if r.postgres == nil {
		address, temporal, err := r.startPostgreSQL(ctx)
		if err != nil {
			return nil, err
		}

		whole, err := r.startProduction(ctx, subject, address, commandServe, commandServe)
		if err != nil {
			return nil, err
		}

		separate, err := r.startProduction(ctx, subjectSeparate, address, "separate", commandAPIServer, commandWorker)
		if err != nil {
			return nil, err
		}

		reference, err := r.startReference(ctx, "postgres-reference", address)
		if err != nil {
			return nil, err
		}

		reference.database = r.database

		for _, s := range []*system{whole, separate, reference} { // Temporal's CPU time counts as well.
			s.processes = append(s.processes, temporal)
		}

		for _, s := range []*system{whole, separate} {
			if err := s.prepare(ctx); err != nil {
				return nil, err
			}
		}

		r.postgres = append(variants(whole, reference), separate)
	}

	return r.choose(r.postgres, names)
}

// startPair starts Jobwright and the references, both with an embedded Temporal.
func (b *bench) startPair(ctx context.Context, name string) (jobwright, reference *system, err error) {
	if jobwright, err = b.startDev(ctx, name+"-jobwright"); err != nil {
		return nil, nil, err
	}

	if err := jobwright.prepare(ctx); err != nil {
		return nil, nil, err
	}

	reference, err = b.startReference(ctx, name+"-reference", "")

	return jobwright, reference, err
}

// variants returns the systems that two processes serve.
func variants(jobwright, reference *system) []*system {
	return []*system{
		jobwright,
		jobwright.as(subjectActivity, scenarioCall(appOfActivities)),
		reference.as(localActivities, planCall(modeLocal)),
		reference.as(activityPerStep, planCall(modeActivities)),
		reference.as(emptyWorkflow, planCall(modeEmpty)),
	}
}

// choose returns the systems with these names. The order changes from round to round, so that no system always follows the same
// one.
func (r *round) choose(from []*system, names []string) (chosen []*system, err error) {
	for i := range names {
		name := names[(i+r.number)%len(names)]

		for _, s := range from {
			if s.name == name {
				chosen = append(chosen, s)
			}
		}
	}

	if len(chosen) < len(names) {
		return nil, errors.New("a system is missing")
	}

	return chosen, nil
}
