package job_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

func TestHideSecretsReplacesSealedSecretsInTexts(t *testing.T) {
	t.Parallel()

	secret := job.SealedSecret{KeyID: "1a2b3c4d", Parameter: "password", Sealed: "AbC-_9"}
	require.Equal(t, "⟦sealed:1a2b3c4d:password:AbC-_9⟧", secret.String(), "histories contain this form")

	parameters := jsonvalue.Object{"password": secret.String(), "n": int64(1), "text": "⟦sealed:", "both": "a" + secret.String() + "b"}
	require.Equal(t, jsonvalue.Object{"password": "(secret)", "n": int64(1), "text": "⟦sealed:", "both": "a(secret)b"},
		job.HideSecrets(parameters))
	require.Equal(t, secret.String(), parameters["password"], "the parameters themselves do not change")

	requireWire(t, `{"keyId":"1a2b3c4d","names":["password"]}`, job.SealedParameters{KeyID: "1a2b3c4d", Names: []string{"password"}})
}
