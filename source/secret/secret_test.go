package secret_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/secret"
)

func TestResolveReplacesReferences(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte("from the file\n"), 0o600))
	t.Setenv("JOBWRIGHT_TEST_SECRET", "from the environment ${env:JOBWRIGHT_TEST_NEVER_SET}")

	definition := source.Definition{Name: "a", Kind: "x", Options: map[string]any{
		"url":  "pg://me:${env:JOBWRIGHT_TEST_SECRET}@x",
		"deep": map[string]any{"list": []any{"${file:" + file + "}", 7}},
		"size": 7,
	}}

	resolved, err := secret.Resolve(definition)
	require.NoError(t, err)
	require.Equal(t, source.Definition{
		Name: "a", Kind: "x",
		Options: map[string]any{
			"url":  "pg://me:from the environment ${env:JOBWRIGHT_TEST_NEVER_SET}@x", // Values are not resolved again.
			"deep": map[string]any{"list": []any{"from the file", 7}},
			"size": 7,
		},
		Secrets: []string{"from the file", "from the environment ${env:JOBWRIGHT_TEST_NEVER_SET}"},
	}, resolved)
	require.Equal(t, "pg://me:${env:JOBWRIGHT_TEST_SECRET}@x", definition.Options["url"], "the original keeps the reference")
	require.Empty(t, definition.Secrets)

	resolved, err = secret.Resolve(source.Definition{Name: "a"})
	require.NoError(t, err)
	require.Empty(t, resolved.Options)
}

func TestResolveReportsMissingSecrets(t *testing.T) {
	t.Parallel()

	for _, reference := range []string{"${env:JOBWRIGHT_TEST_NEVER_SET}", "${file:/nowhere/at/all}"} {
		_, err := secret.Resolve(source.Definition{Name: "a", Kind: "x", Options: map[string]any{"url": reference}})

		var problem *source.Error
		require.ErrorAs(t, err, &problem)
		require.Equal(t, source.CodeDefinitionInvalid, problem.Code)
		require.Equal(t, "a", problem.Source)
	}
}
