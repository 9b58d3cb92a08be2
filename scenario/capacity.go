package scenario

import "regexp"

// TaskQueue is the name of a task queue in Temporal. Workers that poll it run the steps in it.
type TaskQueue string

// TaskQueuePattern matches the names that authors can give to task queues.
const TaskQueuePattern = `^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`

var taskQueueName = regexp.MustCompile(TaskQueuePattern)

// IsValid reports whether an author can give a task queue that name.
func (q TaskQueue) IsValid() bool { return taskQueueName.MatchString(string(q)) }

// Capacity is what a program pins of the options of a source that distribute its load. The limits themselves are those of the
// app's current revision.
type Capacity struct {
	TaskQueue TaskQueue `json:"taskQueue,omitempty"` // Where the steps on the source run.
	Limited   bool      `json:"limited,omitempty"`   // Whether it limits its steps at a time or in a second.
}

// IsBulk reports whether a data operation, a [Transform] for example, is of bulk class: it copies any number of records in the
// worker, which therefore runs only a few of them at the same time. The others are light: they change or return a bounded number
// of records, or the source does the work.
func IsBulk(operation any) bool {
	switch operation := operation.(type) {
	case LoadTableFromSource:
		return true
	case Transform:
		return operation.ReturnResult || operation.TargetTable != ""
	case HTTPRequest:
		return operation.ReturnResult || operation.TargetTable != "" || operation.TargetFile != "" || operation.File != ""
	case Insert:
		return operation.Query != ""
	case Update:
		return operation.Query != ""
	case Delete:
		return operation.Query != ""
	}

	return false
}
