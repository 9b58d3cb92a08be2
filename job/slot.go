package job

// A workflow of its own admits the jobs of an app that limits how many of them run at the same time: each job holds a slot. No
// job can have its ID, see [VariablesWorkflow].
const (
	SlotsWorkflow       = "AppSlots"    // The workflow type.
	AcquireUpdate       = "acquire"     // The update that accepts a [SlotRequest] and returns a [SlotAnswer].
	ReleaseSignal       = "release"     // The signal with the jobId of a job that no longer needs its slot.
	GrantedSignal       = "slotGranted" // The signal to a job that has waited for a slot.
	AcquireSlotActivity = "AcquireSlot" // The activity that sends a [SlotRequest], and returns the [SlotAnswer].
	ReleaseSlotActivity = "ReleaseSlot" // The activity that releases the slot of a [SlotRequest].
	EndedJobsActivity   = "EndedJobs"   // The activity that returns which of a list of jobIds belong to jobs that have ended.
)

// SlotsID returns the ID of the workflow that admits an app's jobs.
func SlotsID(appID string) string { return "app/" + appID + "/slots" }

// SlotUse is how a job uses a slot of its app.
type SlotUse string

// The values of [SlotUse].
const (
	SlotHeld   SlotUse = "held"   // The job got its slot before it started.
	SlotQueued SlotUse = "queued" // The job requests its slot when it starts, and waits for it.
)

// SlotRequest asks for a slot. A repeated request of a job has the same effect as the first one.
type SlotRequest struct {
	AppID string `json:"appId"`
	JobID string `json:"jobId"`
	Limit int    `json:"limit,omitempty"` // The number of slots that the app has now; 0 for any number.
	Queue bool   `json:"queue,omitempty"` // Whether the job waits if no slot is free.
}

// SlotAnswer is the answer to a [SlotRequest]. A queued job without a slot receives [GrantedSignal] later.
type SlotAnswer struct {
	Granted bool `json:"granted"`
}
