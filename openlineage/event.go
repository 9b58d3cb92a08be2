package openlineage

import "time"

// The identifiers that events contain.
const (
	producer  = "https://github.com/jobwright/jobwright"
	specURL   = "https://openlineage.io/spec/"
	schemaURL = specURL + "2-0-2/OpenLineage.json#/$defs/RunEvent"
)

// EventType is the state of a run that an event reports.
type EventType string

// The types of events.
const (
	Start    EventType = "START"
	Running  EventType = "RUNNING"
	Complete EventType = "COMPLETE"
	Fail     EventType = "FAIL"
	Abort    EventType = "ABORT" // The job was stopped.
)

// Event is a run event.
type Event struct {
	EventTime time.Time `json:"eventTime"`
	Producer  string    `json:"producer"`
	SchemaURL string    `json:"schemaURL"` //nolint:tagliatelle // The name is that of OpenLineage.
	EventType EventType `json:"eventType"`
	Run       Run       `json:"run"`
	Job       Job       `json:"job"`
	Inputs    []Dataset `json:"inputs"`
	Outputs   []Dataset `json:"outputs"`
}

// Run is a run of a job: the execution of a job of Jobwright.
type Run struct {
	RunID  string    `json:"runId"`
	Facets RunFacets `json:"facets,omitzero"`
}

// Job is what runs: a scenario of an app.
type Job struct {
	Namespace string     `json:"namespace"`
	Name      string     `json:"name"`
	Facets    *JobFacets `json:"facets,omitempty"`
}

// RunFacets describe a run.
type RunFacets struct {
	Parent       *ParentFacet       `json:"parent,omitempty"`
	ErrorMessage *ErrorMessageFacet `json:"errorMessage,omitempty"`
}

// facet has the fields of every facet.
type facet struct {
	Producer  string `json:"_producer"`  //nolint:tagliatelle // The name is that of OpenLineage.
	SchemaURL string `json:"_schemaURL"` //nolint:tagliatelle // The name is that of OpenLineage.
}

// facetOf returns the fields of a facet with a name and a version of its schema.
func facetOf(version, name string) facet {
	return facet{Producer: producer, SchemaURL: specURL + "facets/" + version + "/" + name + ".json#/$defs/" + name}
}

// ParentFacet identifies the run whose step has started a run.
type ParentFacet struct {
	facet

	Run  RunReference `json:"run"`
	Job  Job          `json:"job"`
	Root *RootRun     `json:"root,omitempty"`
}

// RunReference refers to a run.
type RunReference struct {
	RunID string `json:"runId"`
}

// RootRun is the run without a parent that all parents of a run lead to.
type RootRun struct {
	Run RunReference `json:"run"`
	Job Job          `json:"job"`
}

// ErrorMessageFacet is why a run failed.
type ErrorMessageFacet struct {
	facet

	Message             string `json:"message"`
	ProgrammingLanguage string `json:"programmingLanguage"`
	StackTrace          string `json:"stackTrace,omitempty"`
}

// JobFacets describe a job.
type JobFacets struct {
	JobType *JobTypeFacet `json:"jobType,omitempty"`
}

// JobTypeFacet is the type of a job.
type JobTypeFacet struct {
	facet

	ProcessingType string `json:"processingType"`
	Integration    string `json:"integration"`
	JobType        string `json:"jobType"`
}

// Dataset is a dataset that a run reads or writes.
type Dataset struct {
	Namespace    string        `json:"namespace"`
	Name         string        `json:"name"`
	Facets       DatasetFacets `json:"facets,omitzero"`
	InputFacets  *InputFacets  `json:"inputFacets,omitempty"`
	OutputFacets *OutputFacets `json:"outputFacets,omitempty"`
}

// DatasetFacets describe a dataset.
type DatasetFacets struct {
	Schema        *SchemaFacet        `json:"schema,omitempty"`
	ColumnLineage *ColumnLineageFacet `json:"columnLineage,omitempty"`
}

// SchemaFacet has the columns of a dataset that the scenario names.
type SchemaFacet struct {
	facet

	Fields []Field `json:"fields"`
}

// Field is a column.
type Field struct {
	Name string `json:"name"`
}

// ColumnLineageFacet has the columns from which those of a dataset are computed.
type ColumnLineageFacet struct {
	facet

	Fields map[string]InputFields `json:"fields"`
}

// InputFields are the columns from which one column is computed.
type InputFields struct {
	InputFields []InputField `json:"inputFields"`
}

// InputField is a column of another dataset.
type InputField struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Field     string `json:"field"`
}

// InputFacets describe what a run has read of a dataset.
type InputFacets struct {
	Statistics *StatisticsFacet `json:"inputStatistics,omitempty"`
}

// OutputFacets describe what a run has written to a dataset.
type OutputFacets struct {
	Statistics *StatisticsFacet `json:"outputStatistics,omitempty"`
}

// StatisticsFacet has the number of records that a run has read or written.
type StatisticsFacet struct {
	facet

	RowCount int64 `json:"rowCount"`
	Size     int64 `json:"size,omitempty"`
}
