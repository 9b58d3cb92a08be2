package job

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// SealedSecret is the value of a secret parameter, encrypted. Workflows and histories contain its text in place of the value;
// activities decrypt it. The package app/seal has the keys.
type SealedSecret struct {
	KeyID     string // The ID of the key that opens it.
	Parameter string // The name of the parameter.
	Sealed    string // The encrypted value, in base64.
}

// String returns the text that represents the value in a job. It may be part of longer texts.
func (s SealedSecret) String() string {
	return fmt.Sprintf("⟦sealed:%s:%s:%s⟧", s.KeyID, s.Parameter, s.Sealed)
}

// SealedParameters are the secret parameters of a job. The [Fingerprint] of the request contains digests of them that only the
// holder of the key can compute.
type SealedParameters struct {
	KeyID string   `json:"keyId"`
	Names []string `json:"names"`
}

var sealedSecret = regexp.MustCompile(`⟦sealed:([0-9a-f]+):([^:⟦⟧]+):([A-Za-z0-9_-]+)⟧`)

// ReplaceSecrets returns a text with each secret in it replaced. It returns the first error of replace.
func ReplaceSecrets(text string, replace func(SealedSecret) (string, error)) (string, error) {
	if !strings.Contains(text, "⟦sealed:") {
		return text, nil
	}

	var failed error

	return sealedSecret.ReplaceAllStringFunc(text, func(found string) string {
		parts := sealedSecret.FindStringSubmatch(found)

		value, err := replace(SealedSecret{KeyID: parts[1], Parameter: parts[2], Sealed: parts[3]})
		if err != nil && failed == nil {
			failed = err
		}

		return value
	}), failed
}

// HiddenSecret replaces the secrets in what people read.
const HiddenSecret = "(secret)"

// HideSecrets returns parameters in which secrets are hidden, for people.
func HideSecrets(parameters jsonvalue.Object) jsonvalue.Object {
	hidden := make(jsonvalue.Object, len(parameters))

	for name, value := range parameters {
		if text, isText := value.(string); isText {
			value, _ = ReplaceSecrets(text, func(SealedSecret) (string, error) { return HiddenSecret, nil })
		}

		hidden[name] = value
	}

	return hidden
}
