package lineage

import (
	"cmp"
	"slices"

	"github.com/jobwright/jobwright/lineage/statement"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// Lineage is what a scenario reads and writes, with all scenarios that it runs.
type Lineage struct {
	Scenario   string    `json:"scenario" description:"The name of the scenario."`
	IsComplete bool      `json:"complete" description:"Whether everything is known. If not, unknown of a step, a dataset or a column says why."`
	Reads      []Dataset `json:"reads" description:"The datasets that are read, each once."`
	Writes     []Dataset `json:"writes" description:"The datasets that are written, each once."`
	Steps      []Step    `json:"steps" description:"The steps that read or write datasets, or run other scenarios, in the order of the scenario."`
}

// Step is a step that reads or writes datasets, or runs another scenario.
type Step struct {
	Scenario string `json:"scenario" description:"The scenario whose job has the step."`
	Path     string `json:"path" description:"The place of the step in this scenario, as in the status of the job."`
	Title    string `json:"title" description:"The title of the step."`
	Name     string `json:"name,omitempty" description:"The name of the step."`
	OpName   string `json:"opName" description:"The operation of the step."`
	Runs     string `json:"runs,omitempty" description:"The scenario that the step runs."`

	Reads   []Dataset `json:"reads,omitempty" description:"The datasets that the step reads."`
	Writes  []Dataset `json:"writes,omitempty" description:"The datasets that the step writes."`
	Unknown []string  `json:"unknown,omitempty" description:"Why the step may concern other datasets than these."`
}

// Type is the type of a [Dataset].
type Type string

// The types.
const (
	Table Type = "table"
	File  Type = "file"
	URL   Type = "url"
)

// Dataset is a table, a file or a URL of a source.
type Dataset struct {
	Source string `json:"source,omitempty" description:"The source. Missing if it is computed when the step runs."`
	Kind   string `json:"kind,omitempty" description:"The kind of the source, for example PgSQLSource."`
	Type   Type   `json:"type,omitempty" description:"table, file or url."`
	Space  string `json:"space,omitempty" description:"The schema, the database or the folder."`
	Name   string `json:"name,omitempty" description:"The table, the path of the file, a pattern of paths, or the path of the URL. Missing if it is computed when the step runs."`

	Modes      []string `json:"modes,omitempty" description:"How it is written: replace, refill, append, upsert, insert, update, delete, create, alter, truncate or drop; a URL by the method of the request."`
	Columns    []Column `json:"columns,omitempty" description:"The columns that the definition names."`
	AllColumns bool     `json:"allColumns,omitempty" description:"Whether all columns are concerned, or some that the definition does not name."`
	Unknown    []string `json:"unknown,omitempty" description:"Why the name or the columns are not known."`
}

// Column is a column that is read or written.
type Column statement.Column

// Origin is a column from which a written value is computed.
type Origin = statement.Origin

// Of returns the lineage of a program. sources are the sources of its app.
func Of(program scenario.Program, sources map[string]source.Definition) *Lineage {
	found := &Lineage{Scenario: program.Entry, Reads: []Dataset{}, Writes: []Dataset{}, Steps: []Step{}}
	waiting := []string{program.Entry}

	for at := 0; at < len(waiting); at++ {
		job := job{program: program, sources: sources, scenario: waiting[at]}
		job.add("", program.Scenarios[waiting[at]].Steps, []string{waiting[at]})

		found.Steps = append(found.Steps, job.steps...)

		for _, callee := range job.children {
			if !slices.Contains(waiting, callee) {
				waiting = append(waiting, callee)
			}
		}
	}

	found.summarize()

	return found
}

// summarize sets the datasets of all steps.
func (l *Lineage) summarize() {
	l.IsComplete = true

	for _, step := range l.Steps {
		l.IsComplete = l.IsComplete && len(step.Unknown) == 0

		for _, read := range step.Reads {
			l.IsComplete = l.IsComplete && read.isComplete()
			l.Reads = addDataset(l.Reads, read)
		}

		for _, written := range step.Writes {
			l.IsComplete = l.IsComplete && written.isComplete()
			l.Writes = addDataset(l.Writes, written)
		}
	}

	for _, list := range [][]Dataset{l.Reads, l.Writes} {
		slices.SortStableFunc(list, func(a, b Dataset) int {
			return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Space, b.Space), cmp.Compare(a.Name, b.Name))
		})
	}
}

func (d Dataset) isComplete() bool {
	return len(d.Unknown) == 0 && !slices.ContainsFunc(d.Columns, func(c Column) bool { return c.Unknown != "" })
}

// isSame reports whether two datasets certainly are the same.
func (d Dataset) isSame(as Dataset) bool {
	isNamed := d.Name != "" || slices.Equal(d.Unknown, as.Unknown)

	return isNamed && d.Source == as.Source && d.Space == as.Space && d.Name == as.Name
}

// addDataset adds a dataset to a list, or its columns to the same dataset in the list.
func addDataset(list []Dataset, added Dataset) []Dataset {
	at := slices.IndexFunc(list, added.isSame)
	if at < 0 {
		added.Columns, added.Modes = slices.Clone(added.Columns), slices.Clone(added.Modes)
		added.Unknown = slices.Clone(added.Unknown)

		return append(list, added)
	}

	into := &list[at]
	into.AllColumns = into.AllColumns || added.AllColumns
	into.Modes = statement.AddNew(into.Modes, added.Modes...)
	into.Unknown = statement.AddNew(into.Unknown, added.Unknown...)

	for _, column := range added.Columns {
		known := slices.IndexFunc(into.Columns, func(c Column) bool { return c.Name == column.Name })
		if known < 0 {
			into.Columns = append(into.Columns, column)
		} else {
			into.Columns[known] = Column(statement.Merge(statement.Column(into.Columns[known]), statement.Column(column)))
		}
	}

	return list
}
