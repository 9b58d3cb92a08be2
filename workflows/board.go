package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// board is what operators and callers see of a job's steps: one line for each step that the scenario defines, however
// often it runs.
type board struct {
	lines   []job.StepStatus // In the order of the definition.
	records map[string]*stepRecord
}

// stepRecord is what a step has come to. It is part of the position, and small.
type stepRecord struct {
	State     job.StepState `json:"state"`
	StartedAt time.Time     `json:"startedAt"`
	EndedAt   *time.Time    `json:"endedAt,omitempty"`
	Rows      int64         `json:"rows,omitempty"`
	Runs      int64         `json:"runs,omitempty"`
	Failures  int64         `json:"failures,omitempty"`
	Active    int64         `json:"active,omitempty"` // How many of its runs have begun and not ended.
	Attempt   int32         `json:"attempt,omitempty"`
	LastError string        `json:"lastError,omitempty"`
	ChildID   string        `json:"childId,omitempty"`

	Kept        []job.Kept          `json:"kept,omitempty"`
	Conversions []source.Conversion `json:"conversions,omitempty"`
}

func newBoard(program scenario.Program, entry scenario.Scenario, records map[string]*stepRecord) *board {
	b := &board{records: records}
	b.add(program, "", entry.Steps)

	return b
}

// add adds the steps of a list, each before those within it.
func (b *board) add(program scenario.Program, prefix string, steps []scenario.Step) {
	for i, step := range steps {
		path := fmt.Sprintf("%s%d", prefix, i+1)
		b.lines = append(b.lines, job.StepStatus{
			Path: path, Title: step.DisplayTitle(), Name: step.Name, OpName: step.OpName, State: job.StepPending,
		})

		for _, block := range step.Blocks {
			b.add(program, path+"."+block.Name+".", block.Steps)
		}

		if step.OpName == scenario.OpRunScenario && step.OpParams["inline"] == true {
			name, _ := step.OpParams["scenario"].(string)
			b.add(program, path+"."+name+".", program.Scenarios[name].Steps)
		}
	}
}

func (b *board) begin(path string, now time.Time) {
	record := b.records[path]
	if record == nil {
		record = &stepRecord{}
		b.records[path] = record
	}

	record.State, record.StartedAt, record.EndedAt = job.StepRunning, now, nil
	record.Runs++
	record.Active++
}

func (b *board) skip(path string, now time.Time) {
	if b.records[path] == nil {
		b.records[path] = &stepRecord{State: job.StepSkipped, StartedAt: now, EndedAt: &now}
	}
}

// maxLastError bounds the text of the last error of each step, in bytes.
const maxLastError = 500

func (b *board) end(path string, now time.Time, state job.StepState, outcome jsonvalue.Object, failed *failure) {
	record := b.records[path]
	if record == nil {
		return // It never began: the position is not of this program.
	}

	record.Active--
	rows, _ := outcome["rows"].(int64)
	record.Rows += rows

	if failed != nil {
		record.Failures++
		record.LastError, record.Attempt = shorten(failed.Message, maxLastError), failed.Attempts
	}

	if record.Active <= 0 {
		record.State, record.EndedAt = state, &now
	}
}

// maxConversions bounds how many conversions are told of each step: a job keeps them.
const maxConversions = 10

// convert notes which columns the step wrote in another type than it read them.
func (b *board) convert(path string, conversions []source.Conversion) {
	if record := b.records[path]; record != nil {
		record.Conversions = conversions[:min(len(conversions), maxConversions)]
	}
}

// maxKept bounds how many tables are told of each step that it was to drop, and did not.
const maxKept = 10

// keep notes which tables the step was to drop, and did not. Each round of a loop may add some.
func (b *board) keep(path string, kept []job.Kept) {
	if record := b.records[path]; record != nil {
		record.Kept = append(record.Kept, kept[:min(len(kept), maxKept-len(record.Kept))]...)
	}
}

// child notes which job the step started.
func (b *board) child(path, id string) {
	if record := b.records[path]; record != nil {
		record.ChildID = id
	}
}

// steps is where every step stands.
func (b *board) steps() []job.StepStatus {
	steps := make([]job.StepStatus, len(b.lines))

	for i, line := range b.lines {
		if record := b.records[line.Path]; record != nil {
			started := record.StartedAt
			line.State, line.StartedAt, line.EndedAt = record.State, &started, record.EndedAt
			line.Rows, line.Attempt, line.LastError, line.ChildID = record.Rows, record.Attempt, record.LastError, record.ChildID
			line.Kept, line.Conversions = record.Kept, record.Conversions

			if record.Runs > 1 {
				line.Runs, line.Failures = record.Runs, record.Failures
			}
		}

		steps[i] = line
	}

	return steps
}

// status answers the status query.
func (m *machine) status(ctx workflow.Context) job.Status {
	status := job.Status{State: job.Running, StartedAt: m.position.StartedAt, Steps: m.board.steps()}
	if ctx.Err() != nil || m.position.Stopping {
		status.State = job.Stopping
	}

	for _, w := range m.waiting {
		status.Signals = append(status.Signals, w.AwaitedSignal)
	}

	return status
}

// maxShown bounds the table of steps that Temporal UI shows: it is made anew whenever the job waits for something.
const maxShown = 100

// show keeps the table of steps up to date that Temporal UI shows beside the workflow.
func (m *machine) show(ctx workflow.Context) {
	var table strings.Builder

	table.WriteString("| | Step | State | Rows | Time |\n|--:|---|---|--:|--:|\n")

	for i, step := range m.board.steps() {
		if i == maxShown {
			fmt.Fprintf(&table, "| … | %d more | | | |\n", len(m.board.lines)-maxShown)

			break
		}

		rows, duration, state := "", "", string(step.State)
		if step.State == job.StepCompleted {
			rows = fmt.Sprint(step.Rows)
		}

		if step.StartedAt != nil && step.EndedAt != nil {
			duration = step.EndedAt.Sub(*step.StartedAt).Round(time.Millisecond).String()
		}

		if step.Runs > 1 {
			state = fmt.Sprintf("%s, %d times, %d failed", state, step.Runs, step.Failures)
		}

		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s |\n",
			step.Path, strings.ReplaceAll(step.Title, "|", `\|`), state, rows, duration)
	}

	workflow.SetCurrentDetails(ctx, table.String())
}
