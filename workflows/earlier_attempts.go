package workflows

import (
	"fmt"
	"slices"

	"github.com/jobwright/jobwright/job"
)

// continueAttempts makes the task of a step continue its attempts in earlier jobs. request are the parameters of the step.
//
// If the parameters of the job have changed, and those of the step with them, a change of an earlier attempt is not that of this
// one. Without a change of the job's parameters, those of a step differ by the time, for example, and the change is the same.
func (m *machine) continueAttempts(s *step, request any, task *job.Task) error {
	earlier, continues := m.checkpoint.Earlier[s.instance]
	if !continues && m.Recording == nil {
		return nil
	}

	encoded, err := encodeArguments(request)
	if err != nil {
		return err
	}

	input := m.inputDigest(encoded)
	m.Recording.attempts(s, input)

	if !continues {
		return nil
	}

	task.Earlier = &earlier.EarlierAttempt

	differs := slices.ContainsFunc(earlier.Inputs, func(other string) bool { return other != input })
	if differs && len(m.checkpoint.Changes) > 0 {
		task.Input = input
	}

	return nil
}

// inputDigestLength is the length of a digest of a step's parameters, in hex digits.
const inputDigestLength = 32

// inputDigest returns a digest of the parameters of a step. It is the same in a job that continues this one, where the same
// secret is another sealed text.
func (m *machine) inputDigest(encoded []byte) string {
	text, _ := job.ReplaceSecrets(string(encoded), func(secret job.SealedSecret) (string, error) {
		return fmt.Sprintf("⟦%s:%d⟧", secret.Parameter, m.checkpoint.Changes[secret.Parameter]), nil
	})

	return job.Digest(text)[:inputDigestLength]
}
