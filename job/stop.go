package job

// StopSignal is the signal that precedes the cancellation of a job by a caller. Its argument is the name of the caller's access.
const StopSignal = "stop"

// MemoStoppedBy is the memo field with the name of the access that has stopped the job. The workflow sets it.
const MemoStoppedBy = "stoppedBy"

// MemoStoppedAt is the memo field with the time at which the job was stopped, beside [MemoStoppedBy].
const MemoStoppedAt = "stoppedAt"
