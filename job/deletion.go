package job

// The workflow that deletes an ended job, and its activities. No job can have the workflow's ID, see [VariablesWorkflow].
const (
	DeleteWorkflow          = "DeleteJob"       // The workflow type. It accepts a [Deletion] and returns what it has [Deleted].
	DeleteResultsActivity   = "DeleteResults"   // Accepts a [Deletion], and returns the number of deleted results.
	DeleteRecordsActivity   = "DeleteRecords"   // Accepts a [Deletion] and a source, and returns the number of deleted records.
	DeleteHistoriesActivity = "DeleteHistories" // Accepts a [Deletion] and the [Deleted], and returns the number of deleted runs.
)

// SourceMissing is the type of the error of a [DeleteRecordsActivity] for a source that the app no longer has.
const SourceMissing = "source_missing"

// Deletion asks for the deletion of an ended job.
type Deletion struct {
	AppID   string   `json:"appId"`
	JobID   string   `json:"jobId"`
	RunID   string   `json:"runId"`             // The first run of the job's workflow: a later job with the jobId is another one.
	Sources []string `json:"sources,omitempty"` // The sources that the job may have changed.
	// TaskQueues are the task queues of the workers that can reach the sources, by source; that of jobs for all others.
	TaskQueues map[string]string `json:"taskQueues,omitempty"`

	By string `json:"by"` // The name of the access that has requested it.
}

// WorkflowID returns the ID of the workflow that deletes the job. At most one deletes it at a time.
func (d Deletion) WorkflowID() string { return "app/" + d.AppID + "/delete/" + d.JobID }

// Summary returns the line that Temporal UI shows as the summary of the workflow.
func (d Deletion) Summary() string { return "Deletion of job " + d.JobID + " of app " + d.AppID }

// Deleted is what a deletion has deleted.
type Deleted struct {
	Results       int64 `json:"results" description:"The number of deleted results and pages of loops in the result store."`
	LedgerRecords int64 `json:"ledgerRecords" description:"The number of deleted records in the ledgers of sources."`
	Runs          int64 `json:"runs" description:"The number of deleted workflow runs, each with its history: those of the job, of its child jobs and of its callbacks."`

	Remaining []RemainingRecords `json:"remaining,omitempty" description:"The sources whose ledgers still have records of the job."`
}

// RemainingRecords are the records of a job that its deletion could not delete from the ledger of a source.
type RemainingRecords struct {
	Source string `json:"source" description:"The source."`
	Reason string `json:"reason" description:"Why its records remain."`
}
