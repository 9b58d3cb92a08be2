package e2e_test

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// A program that knows nothing of Jobwright validates the document against the JSON Schema of OpenAPI 3.1.
func TestOpenAPIDocumentIsValid(t *testing.T) {
	t.Parallel()
	requireProgram(t, "node")
	requireProgram(t, "npm")

	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/openapi")))

	run := func(input []byte, name string, arguments ...string) string {
		t.Helper()

		command := exec.CommandContext(t.Context(), name, arguments...)
		command.Dir, command.Stdin = dir, bytes.NewReader(input)

		printed, err := command.CombinedOutput()
		require.NoError(t, err, "%s", printed)

		return string(printed)
	}

	run(nil, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")

	text, err := os.ReadFile("../../docs/openapi.json")
	require.NoError(t, err)
	require.Equal(t, "3.1 []\n", run(text, "node", "validate.js"))

	// The validator finds mistakes.
	wrong := bytes.Replace(text, []byte(`"in": "query"`), []byte(`"in": "body"`), 1)
	require.Contains(t, run(wrong, "node", "validate.js"), "must be equal to one of the allowed values")
}
