package openlineage

import (
	"time"

	"github.com/google/uuid"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/lineage"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// JobRun is a job, as far as its events describe it.
type JobRun struct {
	JobID, RunID string // RunID is that of the first run of its workflow.
	AppID        string
	Scenario     string
	Program      scenario.Program
	Parents      []Ancestor // The jobs whose steps have started it, the nearest first.
}

// Ancestor is a job that has started another one by a step.
type Ancestor struct{ JobID, RunID, AppID, Scenario string }

// State is the state of a job that an event reports.
type State struct {
	Type    EventType
	At      time.Time
	Message string   // Why it failed.
	Trace   []string // The places of the failure.
	Steps   []job.StepStatus
}

// runs is the name space of the IDs of runs.
var runs = uuid.NewSHA1(uuid.NameSpaceURL, []byte(producer))

// runID returns the ID of a run. It is the same in all events of the job, however often they are sent, and differs from that of a
// later job with the same jobId.
func runID(jobID, firstRun string) string {
	return uuid.NewSHA1(runs, []byte(jobID+"\n"+firstRun)).String()
}

// NewEvent returns the event for a state of a job. namespace is that of its jobs, and sources are those of its app.
func NewEvent(namespace string, run JobRun, sources map[string]source.Definition, state State) Event {
	event := Event{
		EventTime: state.At.UTC(), Producer: producer, SchemaURL: schemaURL, EventType: state.Type,
		Run: Run{RunID: runID(run.JobID, run.RunID)},
		Job: Job{Namespace: namespace, Name: jobName(run.AppID, run.Scenario), Facets: &JobFacets{JobType: &JobTypeFacet{
			facet: facetOf("2-0-4", "JobTypeJobFacet"), ProcessingType: "BATCH", Integration: "JOBWRIGHT", JobType: "JOB",
		}}},
	}

	event.Run.Facets.Parent = parentOf(namespace, run.Parents)

	if state.Type == Fail {
		event.Run.Facets.ErrorMessage = errorOf(state)
	}

	datasets := collector{naming: naming{run.AppID, sources}}
	datasets.collect(lineage.Of(run.Program, sources), state)
	event.Inputs, event.Outputs = datasets.inputs.list, datasets.outputs.list

	return event
}

func jobName(appID, entry string) string { return appID + "." + entry }

// parentOf returns the facet of a job with parents.
func parentOf(namespace string, parents []Ancestor) *ParentFacet {
	if len(parents) == 0 {
		return nil
	}

	reference := func(of Ancestor) RootRun {
		return RootRun{
			Run: RunReference{runID(of.JobID, of.RunID)}, Job: Job{Namespace: namespace, Name: jobName(of.AppID, of.Scenario)},
		}
	}
	parent, root := reference(parents[0]), reference(parents[len(parents)-1])

	return &ParentFacet{facet: facetOf("1-2-0", "ParentRunFacet"), Run: parent.Run, Job: parent.Job, Root: &root}
}

func errorOf(state State) *ErrorMessageFacet {
	found := &ErrorMessageFacet{
		facet: facetOf("1-0-1", "ErrorMessageRunFacet"), Message: state.Message, ProgrammingLanguage: "GO",
	}

	for _, place := range state.Trace {
		found.StackTrace += place + "\n"
	}

	return found
}
