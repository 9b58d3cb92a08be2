package job

import "fmt"

// The priorities of jobs: workers run the steps of a job with a smaller number first.
const (
	FirstPriority   = 1
	DefaultPriority = 3
	LastPriority    = 5
)

// CheckPriority returns an error if a caller's priority is invalid.
func CheckPriority(priority int) error {
	if priority < FirstPriority || priority > LastPriority {
		return fmt.Errorf("a priority is an integer from %d (first) to %d, not %d", FirstPriority, LastPriority, priority)
	}

	return nil
}
