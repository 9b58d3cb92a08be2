package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/jobwright/jobwright/internal/temporalserver/postgres"
	"github.com/jobwright/jobwright/internal/version"
)

// report is the result of the benchmark.
type report struct {
	Environment  environment    `json:"environment"`
	Measurements []*measurement `json:"measurements"`
	Ratios       []*ratio       `json:"ratios"`
}

// environment describes where and how the benchmark ran.
type environment struct {
	Build          version.Info `json:"build"`
	TemporalServer string       `json:"temporalServer"`
	Cores          int          `json:"cores"`
	GOMAXPROCS     int          `json:"gomaxprocs"`
	Rounds         int          `json:"rounds"`
	Window         string       `json:"window"`
	PostgreSQL     string       `json:"postgresql,omitempty"`
	HistoryShards  int          `json:"historyShards,omitempty"` // On PostgreSQL.
	Durability     string       `json:"durability"`
}

// durabilityOf says what the jobs of all systems survive.
func durabilityOf(opts options) string {
	embedded := "embedded Temporal: SQLite with the defaults of jobwright-dev; each commit survives the death of the process"
	if opts.durable {
		embedded = "embedded Temporal: SQLite with --durable; each commit survives a power cut"
	}

	return embedded + ". PostgreSQL: its defaults; each commit survives a power cut"
}

func newEnvironment(opts options) environment {
	e := environment{
		Build: version.Get(), Cores: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0), Rounds: opts.rounds,
		Window: opts.sizes.window.String(), HistoryShards: postgres.HistoryShards, Durability: durabilityOf(opts),
	}

	if build, ok := debug.ReadBuildInfo(); ok {
		for _, module := range build.Deps {
			if module.Path == "go.temporal.io/server" {
				e.TemporalServer = module.Version
			}
		}
	}

	return e
}

// measurement has the values of a measure of a system, one of each round.
type measurement struct {
	Workload string    `json:"workload"`
	Measure  string    `json:"measure"`
	System   string    `json:"system"`
	Unit     string    `json:"unit"`
	Better   direction `json:"better"`
	Values   []float64 `json:"values"`
	summary
}

// ratio compares a system of Jobwright with a reference. A ratio above 1 means that Jobwright is better: faster, or with less.
type ratio struct {
	Workload  string    `json:"workload"`
	Measure   string    `json:"measure"`
	System    string    `json:"system"`
	Reference string    `json:"reference"`
	Values    []float64 `json:"values"`
	summary
}

type summary struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// summarize returns the median of the values, and their range.
func summarize(values []float64) summary {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2 //nolint:mnd // The half.

	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + sorted[middle]) / 2 //nolint:mnd // The mean of two.
	}

	return summary{Median: median, Min: sorted[0], Max: sorted[len(sorted)-1]}
}

// direction says which values are better.
type direction string

const (
	lower  direction = "lower"
	higher direction = "higher"
)

// record adds the value of a round.
func (r *report) record(workload, measure, system, unit string, better direction, value float64) {
	m := r.find(workload, measure, system)
	if m == nil {
		m = &measurement{Workload: workload, Measure: measure, System: system, Unit: unit, Better: better}
		r.Measurements = append(r.Measurements, m)
	}

	m.Values = append(m.Values, value)
}

// references are the columns of the table after those of Jobwright.
var references = []string{localActivities, activityPerStep, emptyWorkflow}

// complete computes what follows from the values.
func (r *report) complete() {
	r.Ratios = []*ratio{}

	for _, m := range r.Measurements {
		m.summary = summarize(m.Values)
	}

	for _, m := range r.Measurements {
		if slices.Contains(references, m.System) {
			continue
		}

		for _, name := range references {
			reference := r.find(m.Workload, m.Measure, name)
			if reference == nil || len(reference.Values) != len(m.Values) || slices.Contains(m.Values, 0) ||
				slices.Contains(reference.Values, 0) {
				continue
			}

			compared := &ratio{Workload: m.Workload, Measure: m.Measure, System: m.System, Reference: name}

			for i, value := range m.Values {
				if m.Better == lower {
					compared.Values = append(compared.Values, reference.Values[i]/value)
				} else {
					compared.Values = append(compared.Values, value/reference.Values[i])
				}
			}

			compared.summary = summarize(compared.Values)
			r.Ratios = append(r.Ratios, compared)
		}
	}
}

func (r *report) find(workload, measure, system string) *measurement {
	for _, m := range r.Measurements {
		if m.Workload == workload && m.Measure == measure && m.System == system {
			return m
		}
	}

	return nil
}

// write prints the table as Markdown, after what is known of the environment.
func (r *report) write(out io.Writer) error {
	e := r.Environment
	lines := []string{
		fmt.Sprintf("Jobwright %s %s, %s, Temporal server %s, SDK %s, %s, %d cores", e.Build.Version, e.Build.Commit, e.Build.Go,
			e.TemporalServer, e.Build.TemporalSDK, e.Build.Platform, e.Cores),
		fmt.Sprintf("Medians of %d rounds (range); a round measures each system for at least %s.", e.Rounds, e.Window),
		"Durability: " + e.Durability + ".",
		"The last columns show how many times as good as a reference Jobwright is: faster, or with less.",
	}

	if e.PostgreSQL != "" {
		lines = append(lines, fmt.Sprintf("PostgreSQL %s, Temporal with %d history shards.", e.PostgreSQL, e.HistoryShards))
	}

	rows := table.NewWriter()
	header, ratios := table.Row{"workload", "measure", "system", "Jobwright"}, table.Row{}

	for _, name := range references {
		header, ratios = append(header, name), append(ratios, "of "+name)
	}

	rows.AppendHeader(append(header, ratios...))

	for _, m := range r.Measurements {
		if !slices.Contains(references, m.System) {
			rows.AppendRow(r.row(m))
		}
	}

	_, err := fmt.Fprintf(out, "%s\n\n%s\n", strings.Join(lines, "\n"), rows.RenderMarkdown())

	return err
}

// row returns the row of a measure of Jobwright.
func (r *report) row(m *measurement) table.Row {
	measure := m.Measure
	if m.Unit != "" {
		measure += ", " + m.Unit
	}

	row, ratios := table.Row{m.Workload, measure, m.System, m.summary}, table.Row{}

	for _, name := range references {
		var absolute, compared any = "", ""

		if reference := r.find(m.Workload, m.Measure, name); reference != nil {
			absolute = reference.summary
		}

		for _, c := range r.Ratios {
			if c.Workload == m.Workload && c.Measure == m.Measure && c.System == m.System && c.Reference == name {
				compared = c.summary
			}
		}

		row, ratios = append(row, absolute), append(ratios, compared)
	}

	return append(row, ratios...)
}

// String returns the median and the range.
func (s summary) String() string {
	if s.Min == s.Max {
		return rounded(s.Median)
	}

	return rounded(s.Median) + " (" + rounded(s.Min) + "–" + rounded(s.Max) + ")"
}

// rounded returns a number with about three digits.
func rounded(value float64) string {
	const hundred, ten = 100, 10

	switch {
	case value >= hundred:
		return fmt.Sprintf("%.0f", value)
	case value >= ten:
		return fmt.Sprintf("%.1f", value)
	default:
		return fmt.Sprintf("%.2f", value)
	}
}

// save writes all measurements to a file.
func (r *report) save(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}

	return os.WriteFile(path, append(text, '\n'), 0o600)
}
