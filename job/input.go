package job

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/jobwright/jobwright/scenario"
)

// Input is what a job's workflow is started with.
type Input struct {
	AppID      string           `json:"appId"`
	Program    scenario.Program `json:"program"`
	Parameters scenario.Params  `json:"parameters,omitempty"` // A value for each parameter of the program's entry.
	Depth      int              `json:"depth,omitempty"`      // How many jobs stand above this one, which a RunScenario started.
}

// Task is what the activity of a step is told beside the operation's parameters.
type Task struct {
	AppID string `json:"appId"`
	JobID string `json:"jobId"`
	Step  string `json:"step"` // The step's path, with the number of the round in each loop around it: 4.steps[17].2.

	// How many bytes a result may have to be in the outcome, and not in the result store.
	Inline int `json:"inline,omitempty"`
}

// Fingerprint identifies what a request asks for, so that a repeated request can be told from a different one with the
// same jobId: the SHA-256, in hex, of the app and the operation. How the answer is wanted (isAsync, waitSeconds,
// noResultSchema) is not part of it, neither is the order of the fields.
func Fingerprint(appID string, operation scenario.Params) (string, error) {
	canonical, err := json.Marshal(map[string]any{"appId": appID, "operation": operation})
	if err != nil {
		return "", err
	}

	return Digest(string(canonical)), nil
}

// Digest is what stands for a text that is too long: its SHA-256, in hex.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))

	return hex.EncodeToString(sum[:])
}

// ShortFingerprint is a fingerprint as people are shown it.
func ShortFingerprint(fingerprint string) string {
	const length = 12

	return fingerprint[:min(length, len(fingerprint))]
}
