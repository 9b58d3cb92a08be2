package jobservice

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// secretJob is an ended job with the secret parameters password and pin, and its keys.
func secretJob(t *testing.T) (ended *retriedJob, keys seal.Keys) {
	t.Helper()

	keys, err := seal.Parse(seal.New())
	require.NoError(t, err)

	input := job.Input{AppID: "7", Parameters: jsonvalue.Object{"country": "DE"}, Program: scenario.Program{
		Entry: "Main", Scenarios: map[string]scenario.Scenario{"Main": {Parameters: []scenario.Parameter{
			{Name: "country", Type: source.Text, Required: true},
			{Name: "password", Type: source.Text, Required: true, Secret: true},
			{Name: "pin", Type: source.Text, Required: true, Secret: true},
		}}},
	}}

	for _, name := range []string{"password", "pin"} {
		sealed, err := keys.Seal("open sesame", seal.Place{AppID: "7", JobID: "load", Parameter: name})
		require.NoError(t, err)

		input.Parameters[name] = sealed.String()
		input.Secrets = append(input.Secrets, sealed.String())
	}

	return &retriedJob{firstRun: "run", input: input}, keys
}

// retryWith returns the call of a retry of the secret job.
func retryWith(ended *retriedJob, keys seal.Keys, parameters jsonvalue.Object) *execution {
	s := &Service{options: Options{Keys: keys}}

	return s.retryCall(Retry{
		Caller: Caller{App: &app.App{ID: "7"}}, JobID: "load", NewJobID: "load~2", Parameters: parameters,
	}, ended)
}

func TestRetryParametersSealsNewSecretsAndKeepsTheOthers(t *testing.T) {
	t.Parallel()

	ended, keys := secretJob(t)
	call := retryWith(ended, keys, jsonvalue.Object{"password": "close sesame", "country": "DE"})

	found, err := call.parameters(ended)
	require.NoError(t, err)
	require.Equal(t, []string{"password"}, found.changed, "the country is the same")
	require.Equal(t, ended.input.Parameters["pin"], found.values["pin"])
	require.Equal(t, []string{"password"}, call.sealed.Names)
	require.Equal(t, []string{found.values["password"].(string)}, call.secrets)

	_, err = job.ReplaceSecrets(call.secrets[0], func(secret job.SealedSecret) (string, error) {
		value, err := keys.Open(secret, "7", "load~2")
		require.Equal(t, "close sesame", value)

		return value, err
	})
	require.NoError(t, err)
}

func TestRetryIsIdentifiedByItsParameters(t *testing.T) {
	t.Parallel()

	ended, keys := secretJob(t)

	identify := func(parameters jsonvalue.Object) identity {
		t.Helper()

		found, err := retryWith(ended, keys, parameters).identity(job.SealedParameters{
			KeyID: keys.ID(), Names: []string{"password"},
		})
		require.NoError(t, err)

		return found
	}

	first := identify(jsonvalue.Object{"password": "close sesame", "country": "CH"})
	require.Equal(t, first, identify(jsonvalue.Object{"country": "CH", "password": "close sesame"}))
	require.NotEqual(t, first.fingerprint, identify(jsonvalue.Object{"country": "CH", "password": "other sesame"}).fingerprint)
	require.NotEqual(t, first.fingerprint, identify(jsonvalue.Object{"country": "AT", "password": "close sesame"}).fingerprint)
	require.NotEqual(t, first.fingerprint, identify(nil).fingerprint)
	require.Equal(t, identify(nil), identify(jsonvalue.Object{}))

	plain, err := job.Fingerprint("7", ended.identity(Retry{
		JobID: "load", Parameters: jsonvalue.Object{"password": "close sesame", "country": "CH"},
	}))
	require.NoError(t, err)
	require.NotEqual(t, plain, first.fingerprint, "the fingerprint does not help to guess a secret")
}

func TestRetryParametersRejectsMistakes(t *testing.T) {
	t.Parallel()

	ended, keys := secretJob(t)

	for message, parameters := range map[string]jsonvalue.Object{
		"the parameter country must be text": {"country": int64(5)},
		"has no parameter county":            {"county": "CH"},
		"parameters.password: a secret has":  {"password": "short"},
		"contains an encrypted secret":       {"country": "x" + ended.input.Secrets[0]},
	} {
		_, err := retryWith(ended, keys, parameters).parameters(ended)

		var failed *Error

		require.ErrorAs(t, err, &failed)
		require.Equal(t, CodeRequestInvalid, failed.Code)
		require.Contains(t, failed.Message, message)
	}
}
