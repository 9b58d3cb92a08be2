package openlineage

import (
	"slices"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/lineage"
	"github.com/jobwright/jobwright/scenario"
)

// collector collects the datasets of an event.
type collector struct {
	naming          naming
	inputs, outputs datasets
}

// datasets are datasets by their identity, in the order in which they were added.
type datasets struct {
	list  []Dataset
	index map[named]int
}

// add returns the dataset with that identity.
func (d *datasets) add(of named) *Dataset {
	at, isKnown := d.index[of]
	if !isKnown {
		if d.index == nil {
			d.index = map[named]int{}
		}

		at = len(d.list)
		d.index[of] = at
		d.list = append(d.list, Dataset{Namespace: of.namespace, Name: of.name})
	}

	return &d.list[at]
}

// collect adds the datasets of the job itself. Child jobs have events of their own.
func (c *collector) collect(found *lineage.Lineage, state State) {
	c.inputs.list, c.outputs.list = []Dataset{}, []Dataset{}

	for _, step := range found.Steps {
		if step.Scenario != found.Scenario {
			continue
		}

		status := statusOf(state.Steps, step.Path)

		for _, read := range step.Reads {
			c.input(read, status, step.OpName == scenario.OpLoadTableFromSource)
		}

		for _, written := range step.Writes {
			c.output(written, status.Rows, isTarget(step, written))
		}
	}
}

// statusOf returns the status of a step, or the zero value if the step has not begun.
func statusOf(steps []job.StepStatus, path string) job.StepStatus {
	at := slices.IndexFunc(steps, func(s job.StepStatus) bool { return s.Path == path })
	if at < 0 {
		return job.StepStatus{}
	}

	return steps[at]
}

// isTarget reports whether the records of a step are those that it wrote to the dataset: it writes no other one, except that a
// load also writes its rejected records and drops what it has read.
func isTarget(step lineage.Step, written lineage.Dataset) bool {
	if step.OpName == scenario.OpLoadTableFromSource {
		first := step.Writes[0]

		return first.Source == written.Source && first.Space == written.Space && first.Name == written.Name
	}

	return len(step.Writes) == 1
}

// input adds a dataset that is read. isCounted reports whether the records of the step are those that it has read.
func (c *collector) input(of lineage.Dataset, status job.StepStatus, isCounted bool) {
	identity, isKnown := c.naming.dataset(of)
	if !isKnown {
		return
	}

	into := c.inputs.add(identity)
	addFields(into, of.Columns)

	if rows := status.Rows + status.Rejected; isCounted && rows > 0 {
		if into.InputFacets == nil {
			of := facetOf("1-0-0", "InputStatisticsInputDatasetFacet")
			into.InputFacets = &InputFacets{Statistics: &StatisticsFacet{facet: of}}
		}

		into.InputFacets.Statistics.RowCount += rows
		into.InputFacets.Statistics.Size += status.Bytes
	}
}

// output adds a dataset that is written. isCounted reports whether rows is the number of the records that were written to it.
func (c *collector) output(of lineage.Dataset, rows int64, isCounted bool) {
	identity, isKnown := c.naming.dataset(of)
	if !isKnown {
		return
	}

	into := c.outputs.add(identity)
	addFields(into, of.Columns)
	c.addOrigins(into, of.Columns)

	if isCounted && rows > 0 {
		if into.OutputFacets == nil {
			of := facetOf("1-0-2", "OutputStatisticsOutputDatasetFacet")
			into.OutputFacets = &OutputFacets{Statistics: &StatisticsFacet{facet: of}}
		}

		into.OutputFacets.Statistics.RowCount += rows
	}
}

// addFields adds columns to the schema of a dataset. Consumers relate the columns of datasets only if their schemas have them.
func addFields(into *Dataset, columns []lineage.Column) {
	for _, column := range columns {
		if into.Facets.Schema == nil {
			into.Facets.Schema = &SchemaFacet{facet: facetOf("1-2-0", "SchemaDatasetFacet")}
		}

		if field := (Field{column.Name}); !slices.Contains(into.Facets.Schema.Fields, field) {
			into.Facets.Schema.Fields = append(into.Facets.Schema.Fields, field)
		}
	}
}

// addOrigins adds the origins of columns.
func (c *collector) addOrigins(into *Dataset, columns []lineage.Column) {
	for _, column := range columns {
		for _, origin := range column.From {
			if into.Facets.ColumnLineage == nil {
				into.Facets.ColumnLineage = &ColumnLineageFacet{
					facet: facetOf("1-2-0", "ColumnLineageDatasetFacet"), Fields: map[string]InputFields{},
				}
			}

			from := c.naming.of(origin.Source, origin.Space, origin.Name)
			field := InputField{Namespace: from.namespace, Name: from.name, Field: origin.Column}

			known := into.Facets.ColumnLineage.Fields[column.Name]
			if !slices.Contains(known.InputFields, field) {
				known.InputFields = append(known.InputFields, field)
			}

			into.Facets.ColumnLineage.Fields[column.Name] = known
		}
	}
}
