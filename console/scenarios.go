package console

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/lineage"
	problems "github.com/jobwright/jobwright/scenario/problem"
)

// scenarioRow is a scenario in the list.
type scenarioRow struct {
	jobservice.Scenario

	History *jobservice.ScenarioHistory // nil if the key may not see jobs.
	Last    []jobRow                    // Its last jobs, the newest last.
	LastAt  time.Time                   // The start of the newest; the zero time for none.
	Median  time.Duration
}

// scenarioList is the data of the list of scenarios.
type scenarioList struct {
	Scenarios []scenarioRow
	SeesJobs  bool
	Sampled   *time.Time // From when on the numbers are complete; nil for the whole day.
}

// scenarios shows the list of scenarios, with what became of their jobs of the last day.
func scenarios(r *request) (*view, error) {
	const lastJobs = 8

	data := scenarioList{SeesJobs: r.may(app.Status)}

	var (
		group   errgroup.Group
		found   []jobservice.Scenario
		history *jobservice.History
	)

	group.Go(func() (err error) {
		found, err = r.api.Scenarios(r.Context(), r.session.App, false)

		return err
	})
	group.Go(func() (err error) {
		if data.SeesJobs {
			history, err = r.api.History(r.Context(), client.HistoryRequest{
				App: r.session.App, Hours: 24, Buckets: 24, Runs: new(lastJobs),
			})
		}

		return err
	})

	if err := group.Wait(); err != nil {
		return nil, err
	}

	byName := map[string]*jobservice.ScenarioHistory{}

	if history != nil {
		data.Sampled = history.Sample.CompleteFrom

		for i := range history.Scenarios {
			byName[history.Scenarios[i].Name] = &history.Scenarios[i]
		}
	}

	for _, scenario := range found {
		row := scenarioRow{Scenario: scenario, History: byName[scenario.Name]}

		if row.History != nil {
			row.Median = time.Duration(row.History.MedianMs) * time.Millisecond

			for _, entry := range row.History.Last {
				row.Last = append([]jobRow{rowOf(entry)}, row.Last...)
			}

			if len(row.History.Last) > 0 {
				row.LastAt = row.History.Last[0].StartedAt
			}
		}

		data.Scenarios = append(data.Scenarios, row)
	}

	return &view{template: "scenarios", section: "/scenarios", Title: "Scenarios", Data: data, Refresh: 10}, nil
}

// scenarioPage is the data of the page of a scenario.
type scenarioPage struct {
	*jobservice.ScenarioFile

	Lines    []sourceLine
	Others   []problems.Problem // The mistakes that are in other files.
	Fields   []field
	JobID    string
	Graph    *graph // nil if there is nothing to draw, or too much.
	SeesJobs bool
	Last     []jobRow
	History  *jobservice.ScenarioHistory
	Median   time.Duration
	Maximum  time.Duration
}

// sourceLine is a line of a scenario's file.
type sourceLine struct {
	Number   int
	Parts    []sourcePart
	Problems []problems.Problem
}

// sourcePart is a part of a line, with the class of its colour.
type sourcePart struct{ Class, Text string }

// showScenario shows a scenario.
func showScenario(r *request) (*view, error) {
	const lastJobs = 15

	name := r.PathValue("scenario")
	data := scenarioPage{SeesJobs: r.may(app.Status)}

	var (
		group   errgroup.Group
		history *jobservice.History
	)

	group.Go(func() (err error) {
		data.ScenarioFile, err = r.api.Scenario(r.Context(), r.session.App, name, true)

		return err
	})
	group.Go(func() (err error) {
		if data.SeesJobs {
			history, err = r.api.History(r.Context(), client.HistoryRequest{
				App: r.session.App, Scenario: name, Runs: new(lastJobs),
			})
		}

		return err
	})

	if err := group.Wait(); err != nil {
		return nil, err
	}

	if history != nil && len(history.Scenarios) > 0 {
		data.History = &history.Scenarios[0]
		data.Median = time.Duration(data.History.MedianMs) * time.Millisecond
		data.Maximum = time.Duration(data.History.MaxMs) * time.Millisecond

		for _, entry := range data.History.Last {
			data.Last = append(data.Last, rowOf(entry))
		}
	}

	data.Lines, data.Others = linesOf(data.File, data.Text, data.Problems)

	if data.Valid {
		data.Fields = fieldsOf(data.Parameters, nil)
		data.Graph = drawLineage(data.Lineage)
	}

	return &view{template: "scenario", section: "/scenarios", Title: name, Data: data}, nil
}

// runScenario starts a job of a scenario, with the parameters of the form, and leads to its page.
func runScenario(r *request) (string, error) {
	name := r.PathValue("scenario")

	described, err := r.api.Scenario(r.Context(), r.session.App, name, false)
	if err != nil {
		return "", err
	}

	if err := r.ParseForm(); err != nil {
		return "", refused("The form can't be read: %v.", err)
	}

	parameters, err := readFields(r.PostForm, fieldsOf(described.Parameters, nil))
	if err != nil {
		return "", err
	}

	jobID, err := r.api.Execute(r.Context(), client.Execution{
		App: r.session.App, Operation: client.RunScenario(name, parameters),
		JobID: strings.TrimSpace(r.PostForm.Get("jobId")),
	})

	return jobAddress(jobID) + "?done=run", err
}

// linesOf returns the lines of a file with its mistakes, and the mistakes that are in other files.
func linesOf(file, text string, mistakes []problems.Problem) (lines []sourceLine, others []problems.Problem) {
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		lines = append(lines, sourceLine{Number: i + 1, Parts: highlight(strings.TrimSuffix(line, "\r"))})
	}

	for _, mistake := range mistakes {
		if mistake.File != file || mistake.Line < 1 || mistake.Line > len(lines) {
			others = append(others, mistake)

			continue
		}

		at := &lines[mistake.Line-1]
		at.Problems = append(at.Problems, mistake)
	}

	return lines, others
}

// highlight returns the parts of a line of YAML: a comment, and the name of a field, have a colour.
func highlight(line string) []sourcePart {
	rest := strings.TrimLeft(line, " ")
	if strings.HasPrefix(rest, "#") {
		return []sourcePart{{"comment", line}}
	}

	indent := line[:len(line)-len(rest)]

	for strings.HasPrefix(rest, "- ") {
		indent, rest = indent+"- ", rest[2:]
	}

	name, value, isField := strings.Cut(rest, ":")
	if !isField || name == "" || strings.ContainsAny(name, " {[\"'$") || value != "" && value[0] != ' ' {
		return []sourcePart{{"", line}}
	}

	return []sourcePart{{"", indent}, {"name", name}, {"", ":" + value}}
}

// HasLineage reports whether a step of the scenario reads or writes something.
func (p scenarioPage) HasLineage() bool {
	return p.Valid && p.Lineage != nil && slices.ContainsFunc(p.Lineage.Steps, func(step lineage.Step) bool {
		return len(step.Reads)+len(step.Writes) > 0
	})
}
