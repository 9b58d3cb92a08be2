package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConsoleFlagsAreChecked(t *testing.T) {
	t.Parallel()

	for message, arguments := range map[string][]string{
		"--oidc-client-id requires --oidc-issuer and --oidc-audience": {"--oidc-client-id", "console"},
		"--public-url: it must be the URL of a page":                  {"--public-url", "jobs.example.com"},
		"can't have a path before them":                               {"--public-url", "https://example.com/jobs"},
	} {
		command := command()
		command.SetArgs(append([]string{"apiserver", "--apps", t.TempDir(), "--results", t.TempDir()}, arguments...))
		command.SilenceErrors, command.SilenceUsage = true, true
		require.ErrorContains(t, command.ExecuteContext(t.Context()), message)
	}
}
