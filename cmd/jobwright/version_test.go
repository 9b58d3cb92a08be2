package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/version"
)

// The Dockerfile and the release configuration stamp these variables.
func TestVersionPrintsWhatTheLinkerStamped(t *testing.T) {
	t.Parallel()

	const path = "github.com/jobwright/jobwright/internal/version."

	binary := filepath.Join(t.TempDir(), "jobwright")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", binary, "-ldflags",
		"-s -w -X "+path+"version=v9.8.7 -X "+path+"commit=0123456789abcdef -X "+path+"date=2026-01-31T12:00:00Z", ".")

	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))

	run := func(arguments ...string) string {
		printed, err := exec.CommandContext(t.Context(), binary, arguments...).Output()
		require.NoError(t, err)

		return string(printed)
	}

	const first = "jobwright v9.8.7\n  Commit        0123456789abcdef\n  Date          2026-01-31T12:00:00Z\n"

	require.Contains(t, run("--version"), first)
	require.Contains(t, run("version"), first)

	var info version.Info
	require.NoError(t, json.Unmarshal([]byte(run("version", "--json")), &info))

	want := version.Get()
	want.Version, want.Commit, want.Modified, want.Date = "v9.8.7", "0123456789abcdef", false, "2026-01-31T12:00:00Z"
	require.Equal(t, want, info)
}
