package job

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
)

// The names under which Temporal knows Jobwright's things.
const (
	TaskQueue    = "jobwright"   // The task queue of every job and every step.
	Workflow     = "RunScenario" // The workflow type of every job.
	StatusQuery  = "status"      // The query that answers a [Status].
	SignalUpdate = "signal"      // The update that takes a [Signal] and answers a [SignalAccepted].

	MemoAppID       = "appId"       // The memo field with the app that a job belongs to.
	MemoFingerprint = "fingerprint" // The memo field with the [Fingerprint] of the request that started the job.

	MemoFieldDigests = "fieldDigests" // The memo field with the [FieldDigests] of that request.
)

// The search attributes of a job's workflow. They must be registered with the namespace, which the command
// "jobwright setup" does.
var (
	AppAttribute      = temporal.NewSearchAttributeKeyKeyword("JobwrightApp")
	ScenarioAttribute = temporal.NewSearchAttributeKeyKeyword("JobwrightScenario")
)

// SearchAttributes returns the search attributes of a job's workflow, by name.
func SearchAttributes() map[string]enumspb.IndexedValueType {
	return map[string]enumspb.IndexedValueType{
		AppAttribute.GetName():      AppAttribute.GetValueType(),
		ScenarioAttribute.GetName(): ScenarioAttribute.GetValueType(),
	}
}

// maxIDLength leaves room, within Temporal's limit of 1,000 characters, for what is appended to a jobId.
const maxIDLength = 200

// CheckID returns an error that says what is wrong with a caller's jobId, or nil. A slash is kept for the workflow IDs
// of a job's children.
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

// StepPath returns the path of the step that an activity belongs to, given the activity's ID: the ID names, besides, the
// rounds of the loops around the step, and what else than the step's own operation the activity does.
func StepPath(activityID string) string { return round.ReplaceAllString(activityID, "") }
