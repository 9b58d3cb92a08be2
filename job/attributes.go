package job

import (
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
)

// The search attributes of a job's workflow. They must be registered with the namespace, which the command
// "jobwright setup" does.
var (
	AppAttribute      = temporal.NewSearchAttributeKeyKeyword("JobwrightApp")
	ScenarioAttribute = temporal.NewSearchAttributeKeyKeyword("JobwrightScenario")
	CallerAttribute   = temporal.NewSearchAttributeKeyKeyword("JobwrightCaller")     // The name of the access that started it.
	LabelsAttribute   = temporal.NewSearchAttributeKeyKeywordList("JobwrightLabels") // Each label as name=value.
	ListenedAttribute = temporal.NewSearchAttributeKeyBool("JobwrightListened")      // True if the job has [Listeners].
	StartedAttribute  = temporal.NewSearchAttributeKeyTime("JobwrightStarted")       // When its first run was started.
	CodeAttribute     = temporal.NewSearchAttributeKeyKeyword("JobwrightCode")       // The code of the failure, if it failed.
)

// SearchAttributes returns the search attributes of a job's workflow, by name.
func SearchAttributes() map[string]enumspb.IndexedValueType {
	attributes := map[string]enumspb.IndexedValueType{}
	for _, key := range []temporal.SearchAttributeKey{
		AppAttribute, ScenarioAttribute, CallerAttribute, LabelsAttribute, ListenedAttribute, StartedAttribute, CodeAttribute,
	} {
		attributes[key.GetName()] = key.GetValueType()
	}

	return attributes
}

// Attributes returns the search attributes of the job with this input, which is started now. The job of a single operation has no
// scenario. All stores of Temporal have times with a precision of milliseconds, some have a better one.
func (i Input) Attributes(hasScenario bool, now time.Time) temporal.SearchAttributes {
	attributes := []temporal.SearchAttributeUpdate{
		AppAttribute.ValueSet(i.AppID), StartedAttribute.ValueSet(now.UTC().Truncate(time.Millisecond)),
	}

	if hasScenario {
		attributes = append(attributes, ScenarioAttribute.ValueSet(i.Scenario))
	}

	if i.Caller != "" {
		attributes = append(attributes, CallerAttribute.ValueSet(i.Caller))
	}

	if len(i.Labels) > 0 {
		attributes = append(attributes, LabelsAttribute.ValueSet(labelTexts(i.Labels)))
	}

	if i.Listeners != nil {
		attributes = append(attributes, ListenedAttribute.ValueSet(true))
	}

	return temporal.NewSearchAttributes(attributes...)
}

// Memo returns the memo of the job with this input. The API server adds the fingerprint of the request. The job of a single
// operation has no scenario.
func (i Input) Memo(hasScenario bool) map[string]any {
	memo := map[string]any{MemoAppID: i.AppID}

	if hasScenario {
		memo[MemoScenario] = i.Scenario
	}

	if i.Caller != "" {
		memo[MemoCaller] = i.Caller
	}

	if len(i.Labels) > 0 {
		memo[MemoLabels] = i.Labels
	}

	if i.Listeners != nil {
		memo[MemoListeners] = i.Listeners
	}

	if i.RetryOf != "" {
		memo[MemoRetryOf] = i.RetryOf
	}

	return memo
}

// Summary returns the line that Temporal UI shows as the job's summary.
func (i Input) Summary() string { return i.Scenario + " · app " + i.AppID }
