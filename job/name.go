package job

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The names of Jobwright's workflows, messages and memo fields in Temporal.
const (
	TaskQueue    = "jobwright"   // The task queue of every job, and of its steps unless they have another one.
	Workflow     = "RunScenario" // The workflow type of every job.
	StatusQuery  = "status"      // The query that returns a [Status].
	SignalUpdate = "signal"      // The update that accepts a [Signal] and returns a [SignalAccepted].

	MemoAppID       = "appId"       // The memo field with the ID of the job's app.
	MemoScenario    = "scenario"    // The memo field with the name of its scenario; a job of a single operation has none.
	MemoCaller      = "caller"      // The memo field with the name of the access that started it.
	MemoRetryOf     = "retryOf"     // The memo field with the ID of the job that it runs again; absent in others.
	MemoLabels      = "labels"      // The memo field with its labels.
	MemoPriority    = "priority"    // The memo field with its priority; absent for [DefaultPriority].
	MemoListeners   = "listeners"   // The memo field with its [Listeners]; absent if it has none.
	MemoFingerprint = "fingerprint" // The memo field with the [Fingerprint] of the request that started the job.

	MemoProgramVersion = "programVersion" // The memo field with the [ProgramVersion] of its scenario; absent if it has none.

	MemoFieldDigests = "fieldDigests" // The memo field with the [FieldDigests] of that request.
	MemoSealed       = "sealed"       // The memo field with the [SealedParameters] of that request; absent if there are none.
)

// BulkTaskQueue is the task queue of steps of bulk class that have no other one. A worker reserves a slot before it knows the
// type of the next task, so this class needs a queue of its own for a limit of its own.
const BulkTaskQueue = TaskQueue + "-bulk"

// maxIDLength bounds a jobId, in characters. Temporal's limit is 1,000; the IDs of children append the path of a step.
const maxIDLength = 200

// CheckID returns an error if a caller's jobId is invalid. A slash is reserved for the workflow IDs of a job's children.
func CheckID(id string) error {
	switch {
	case id == "":
		return fmt.Errorf("a jobId can't be empty; leave it out to be given one")
	case !utf8.ValidString(id):
		return fmt.Errorf("a jobId must be UTF-8")
	case utf8.RuneCountInString(id) > maxIDLength:
		return fmt.Errorf("a jobId has at most %d characters, this has %d", maxIDLength, utf8.RuneCountInString(id))
	case strings.ContainsRune(id, '/'):
		return fmt.Errorf("a jobId can't contain a slash")
	case strings.TrimSpace(id) != id || strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("a jobId can't begin or end with a space or contain characters that don't print")
	}

	return nil
}

var round = regexp.MustCompile(`\[\d+\]|#.*`)

// StepPath returns the path of the step that an activity belongs to, given the activity's ID. The ID also contains the
// rounds of the loops around the step, and the name of an auxiliary activity.
func StepPath(activityID string) string { return round.ReplaceAllString(activityID, "") }
