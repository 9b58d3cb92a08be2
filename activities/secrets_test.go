package activities_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// planted is a secret whose forms in JSON, in URLs and in base64 differ.
const planted = `plAnted "<secret>" & Ä`

// seal returns the text of a secret that it adds to the bench's job.
func (b *bench) seal(t *testing.T) string {
	t.Helper()

	sealed, err := b.keys.Seal(planted, seal.Place{AppID: task.AppID, JobID: task.JobID, Parameter: "password"})
	require.NoError(t, err)

	b.secrets = append(b.secrets, sealed.String())

	return sealed.String()
}

// requireHidden requires that the JSON of a value contains no form of the secret.
func requireHidden(t *testing.T, value any) {
	t.Helper()

	encoded, err := json.Marshal(value)
	require.NoError(t, err)

	for _, form := range []string{"plAnted", "cGxBbnRlZ", "706c416e"} {
		require.NotContains(t, string(encoded), form)
	}
}

func TestSecretsAreOpenedForTheSourceAndSealedInValues(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	token := b.seal(t)

	got, err := b.run(t, b.Transform, scenario.Transform{
		Source: "stage", ReturnValue: true, Bind: jsonvalue.Object{"p": "a " + token},
		Query: `SELECT :p AS p, length(:p) AS n, json_quote(:p) AS j, CAST(:p AS BLOB) AS b, hex(:p) AS h`,
	})
	require.NoError(t, err)

	record := got.Value.Any.([]any)[0].(map[string]any)
	require.Equal(t, "a "+token, record["p"])
	require.Equal(t, int64(len([]rune("a "+planted))), record["n"], "the source received the value")
	require.Equal(t, `"a `+token+`"`, record["j"])
	requireHidden(t, got)

	found, err := runAs[job.Found](t, b, b.LookUp, job.LookUp{Queries: []expression.Query{
		{Source: "stage", Query: "SELECT :p", Bind: jsonvalue.Object{"p": token}},
	}})
	require.NoError(t, err)
	require.Equal(t, token, found.Cells[0].Any)

	page, err := runAs[job.RecordsPage](t, b, b.ReadRecords, job.RecordsQuery{
		Query: expression.Query{Source: "stage", Query: "SELECT :p AS p", Bind: jsonvalue.Object{"p": token}},
	})
	require.NoError(t, err)
	require.Equal(t, token, page.Records[0]["p"])

	result, err := b.run(t, b.Transform, scenario.Transform{
		Source: "stage", ReturnResult: true, Query: "SELECT :p AS p", Bind: jsonvalue.Object{"p": token},
	})
	require.NoError(t, err)

	stored, err := os.ReadFile(filepath.Join(b.data, "results", filepath.FromSlash(result.Result.Key)))
	require.NoError(t, err)
	require.Contains(t, string(stored), token)
	requireHidden(t, string(stored))
}

func TestSecretsAreHiddenInErrors(t *testing.T) {
	t.Parallel()

	b := newBench(t)

	for _, query := range []string{
		"SELECT json(:p)", "SELECT json_extract('{}', :p)", "SELECT json_extract('{}', substr(:p, 1, 12))",
	} {
		_, err := b.run(t, b.Transform, scenario.Transform{
			Source: "stage", ReturnValue: true, Query: query, Bind: jsonvalue.Object{"p": b.seal(t)},
		})
		require.Error(t, err)
		requireHidden(t, err.Error())
	}
}

func TestSecretsThatAnEarlierStepHasStoredAreSealed(t *testing.T) {
	t.Parallel()

	b := newBench(t)

	_, err := b.run(t, b.RunSourceScript, scenario.RunSourceScript{
		Source: "stage", Script: "CREATE TABLE t AS SELECT :p AS p", Bind: jsonvalue.Object{"p": b.seal(t)},
	})
	require.NoError(t, err)

	got, err := b.run(t, b.Transform, scenario.Transform{Source: "stage", ReturnValue: true, Query: "SELECT p FROM t"})
	require.NoError(t, err)
	require.Equal(t, b.secrets[0], got.Value.Any.([]any)[0].(map[string]any)["p"])

	_, err = b.run(t, b.Transform, scenario.Transform{Source: "stage", ReturnValue: true, Query: "SELECT json(p) FROM t"})
	require.Error(t, err)
	_, err = b.run(t, b.Transform, scenario.Transform{Source: "stage", ReturnValue: true, Query: "SELECT json_extract('{}', p) FROM t"})
	require.Error(t, err)
	require.Contains(t, err.Error(), "(secret)")
	requireHidden(t, err.Error())
}

func TestSecretOfAnotherJobIsNotOpened(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.seal(t)

	for _, test := range []struct {
		keys      seal.Keys
		jobID     string
		retryable bool
	}{
		{keys: b.keys, jobID: "another"},
		{keys: newKeys(t), jobID: task.JobID, retryable: true}, // Another worker may have the key.
	} {
		sealed, err := test.keys.Seal(planted, seal.Place{AppID: task.AppID, JobID: test.jobID, Parameter: "password"})
		require.NoError(t, err)

		_, err = b.run(t, b.Transform, scenario.Transform{
			Source: "stage", ReturnValue: true, Query: "SELECT :p", Bind: jsonvalue.Object{"p": sealed.String()},
		})

		var failed *temporal.ApplicationError

		require.ErrorAs(t, err, &failed)
		require.Equal(t, job.CodeSecretUnreadable, failed.Type())
		require.Equal(t, test.retryable, !failed.NonRetryable())
		require.Contains(t, failed.Message(), "the secret parameter password can't be opened")
	}
}

func TestJobWithoutSecretsHasNoSealedTexts(t *testing.T) {
	t.Parallel()

	const text = "⟦sealed:1a2b3c4d:password:AbC⟧"

	b := newBench(t)

	got, err := b.run(t, b.Transform, scenario.Transform{
		Source: "stage", ReturnValue: true, Query: "SELECT :p AS p", Bind: jsonvalue.Object{"p": text},
	})
	require.NoError(t, err)
	require.Equal(t, text, got.Value.Any.([]any)[0].(map[string]any)["p"])
}

func newKeys(t *testing.T) seal.Keys {
	t.Helper()

	keys, err := seal.Parse(seal.New())
	require.NoError(t, err)

	return keys
}
