package job

// Progress is the detail of the heartbeats of a step's activity.
type Progress struct {
	Rows     int64 `json:"rows"`               // Records read, changed or copied so far.
	Bytes    int64 `json:"bytes,omitempty"`    // Bytes of the files that are read, or of the records.
	Rejected int64 `json:"rejected,omitempty"` // Records rejected so far.

	Advance
}

// Advance is how far and how fast an attempt of a step has come. A field is missing if it is unknown.
type Advance struct {
	TotalRows  int64 `json:"totalRows,omitempty" description:"The number of records of the input."`
	TotalBytes int64 `json:"totalBytes,omitempty" description:"The size of the input's files, of which bytes were read."`
	Estimated  bool  `json:"estimated,omitempty" description:"Whether the totals are estimates."`

	// Percent never decreases during an attempt, and is less than 100 while the step runs: when the whole input was read, the
	// target may still have to be completed.
	Percent *int64 `json:"percent,omitempty" description:"How much of the input was read; of a ForEach, how many of its rounds have ended."`

	RowsPerSecond    int64 `json:"rowsPerSecond,omitempty" description:"The speed over the last seconds."`
	BytesPerSecond   int64 `json:"bytesPerSecond,omitempty" description:"The speed over the last seconds."`
	RemainingSeconds int64 `json:"remainingSeconds,omitempty" description:"How long the rest of the input takes at this speed."`
}

// PercentOf returns done as a percentage of total, between 0 and 99, or 100 if all has ended.
func PercentOf(done, total int64, ended bool) int64 {
	const all = 100

	switch {
	case ended && done >= total:
		return all
	case total <= 0:
		return 0
	}

	return min(int64(float64(done)/float64(total)*all), all-1)
}

// AddProgress adds the progress of an activity to the status of its step. isOnly reports whether the step's counts are those of
// this activity alone: in a loop, they are also those of other rounds, and the input of one of them does not show how far the
// step has come.
func (s *StepStatus) AddProgress(of Progress, isOnly bool) {
	s.Rows += of.Rows
	s.Bytes += of.Bytes
	s.Rejected += of.Rejected

	if isOnly {
		s.Advance = of.Advance

		return
	}

	s.Advance = Advance{
		RowsPerSecond: s.RowsPerSecond + of.RowsPerSecond, BytesPerSecond: s.BytesPerSecond + of.BytesPerSecond,
	}
}

// WithPercent sets how far each loop has come.
func WithPercent(steps []StepStatus) {
	for i := range steps {
		if step := &steps[i]; step.Total > 0 {
			percent := PercentOf(step.Iterations, step.Total, step.EndedAt != nil)
			step.Percent = &percent
		}
	}
}
