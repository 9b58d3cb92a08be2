package job

// A workflow of its own admits the jobs of an app that limits how many of them run at the same time: each job holds a slot.
// Another one of the same type admits the steps on a source with limits. No job can have their IDs, see [VariablesWorkflow].
const (
	SlotsWorkflow       = "AppSlots"    // The workflow type.
	AcquireUpdate       = "acquire"     // The update that accepts a [SlotRequest] and returns a [SlotAnswer].
	ReleaseSignal       = "release"     // The signal with the [SlotHolder] that no longer needs its slot.
	GrantedSignal       = "slotGranted" // The signal to a job that has waited for a slot; see [SlotHolder.GrantedSignal].
	AcquireSlotActivity = "AcquireSlot" // The activity that sends a [SlotRequest], and returns the [SlotAnswer].
	ReleaseSlotActivity = "ReleaseSlot" // The activity that releases the slot of a [SlotRequest].
	EndedJobsActivity   = "EndedJobs"   // The activity that returns which of a list of jobIds belong to jobs that have ended.
)

// SlotsID returns the ID of the workflow that admits an app's jobs or, with the name of a source, the steps on that source.
func SlotsID(appID, source string) string {
	if source == "" {
		return "app/" + appID + "/slots"
	}

	return "app/" + appID + "/sources/" + source + "/slots"
}

// SlotUse is how a job uses a slot of its app.
type SlotUse string

// The values of [SlotUse].
const (
	SlotHeld   SlotUse = "held"   // The job got its slot before it started.
	SlotQueued SlotUse = "queued" // The job requests its slot when it starts, and waits for it.
)

// SlotHolder identifies who has a slot or waits for one: a job, or a step of a job.
type SlotHolder struct {
	JobID string `json:"jobId"`
	Step  string `json:"step,omitempty"` // Different for each request of a job for a slot of a source; else empty.
}

// GrantedSignal returns the name of the signal to the job when it receives the slot.
func (h SlotHolder) GrantedSignal() string {
	if h.Step == "" {
		return GrantedSignal
	}

	return GrantedSignal + "#" + h.Step
}

// SlotRequest asks for a slot. A repeated request of the same holder has the same effect as the first one.
type SlotRequest struct {
	SlotHolder

	AppID     string  `json:"appId"`
	Source    string  `json:"source,omitempty"`    // The source whose slots are concerned; empty for those of the app's jobs.
	Limit     int     `json:"limit,omitempty"`     // The number of slots that there are now; 0 for any number.
	PerSecond float64 `json:"perSecond,omitempty"` // How many slots are granted in a second; 0 for any number.
	Queue     bool    `json:"queue,omitempty"`     // Whether the holder waits if no slot is free.
}

// SlotAnswer is the answer to a [SlotRequest]. A queued holder without a slot receives its signal later.
type SlotAnswer struct {
	Granted bool `json:"granted"`

	// Why no slot was granted:
	Running   int     `json:"running,omitempty"`   // The number of slots in use.
	Limit     int     `json:"limit,omitempty"`     // The number of slots; 0 for any number.
	PerSecond float64 `json:"perSecond,omitempty"` // How many slots are granted in a second; 0 for any number.
}
