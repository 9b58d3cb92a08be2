package jobservice

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

func TestNextIDIsTheSameForEachRetryOfAJob(t *testing.T) {
	t.Parallel()

	for id, next := range map[string]string{
		"load": "load~2", "load~2": "load~3", "load~9": "load~10", "a~b": "a~b~2", "~2": "~2~2", "load~0": "load~0~2",
		"load~1234567": "load~1234567~2",
	} {
		require.Equal(t, next, nextID(id))
		require.NoError(t, job.CheckID(next))
	}
}

func TestRetrySealsSecretsForTheOtherJob(t *testing.T) {
	t.Parallel()

	keys, err := seal.Parse(seal.New())
	require.NoError(t, err)

	sealed, err := keys.Seal("open sesame", seal.Place{AppID: "7", JobID: "load", Parameter: "password"})
	require.NoError(t, err)

	foreign, err := keys.Seal("another value", seal.Place{AppID: "8", JobID: "load", Parameter: "password"})
	require.NoError(t, err)

	s := New(Options{Keys: keys})
	defer s.Close()

	retry := Retry{Caller: Caller{App: &app.App{ID: "7"}}, JobID: "load", NewJobID: "load~2"}
	reseal := s.resealer(retry, &retriedJob{input: job.Input{Secrets: []string{sealed.String()}}})

	input, err := reseal([]byte(`{"password":"` + sealed.String() + `"}`))
	require.NoError(t, err)

	checkpoint, err := reseal([]byte(`{"url":"http://a/` + sealed.String() + `","data":"` + foreign.String() + `"}`))
	require.NoError(t, err)
	require.NotContains(t, string(checkpoint), sealed.String())
	require.Contains(t, string(checkpoint), foreign.String(), "data that looks like a secret stays as it is")

	_, err = job.ReplaceSecrets(string(input), func(found job.SealedSecret) (string, error) {
		require.Contains(t, string(checkpoint), found.String(), "both texts have the same sealed value")

		value, err := keys.Open(found, "7", "load~2")
		require.Equal(t, "open sesame", value)

		return value, err
	})
	require.NoError(t, err)

	s.options.Keys = seal.Keys{}
	_, err = s.resealer(retry, &retriedJob{input: job.Input{Secrets: []string{sealed.String()}}})([]byte(sealed.String()))

	var missing *Error

	require.ErrorAs(t, err, &missing)
	require.Equal(t, CodeSecretKeyMissing, missing.Code)
}

func TestRetryOfAnOperationNeedsPermissionForIt(t *testing.T) {
	t.Parallel()

	ended := &retriedJob{input: job.Input{Program: scenario.Program{Entry: "If", Scenarios: map[string]scenario.Scenario{
		"If": {Steps: []scenario.Step{{
			OpName: "If", OpParams: jsonvalue.Object{"condition": true},
			Blocks: []scenario.Block{{Name: "then", Steps: []scenario.Step{{OpName: "RunSourceScript"}}}},
		}}},
	}}}}

	caller := Caller{App: &app.App{ID: "7"}, Access: app.Access{Name: "analyst", Operations: []string{"If"}}}
	require.ErrorContains(t, ended.permit(caller), `execute the operation "RunSourceScript"`)

	caller.Access.Operations = []string{"If", "RunSourceScript"}
	require.NoError(t, ended.permit(caller))
}
