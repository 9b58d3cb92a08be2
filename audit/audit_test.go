package audit_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/audit"
)

func TestRecordWritesTheFieldsThatAreKnown(t *testing.T) {
	t.Parallel()

	var out bytes.Buffer

	log := audit.New(&out)
	log.Record(t.Context(), audit.Entry{
		Call: "executeJob", App: "7", Access: "nightly load", JobID: "night-1", Scenario: "Main", Outcome: audit.OK,
		Remote: "192.0.2.7", Reference: "r",
	})
	log.Record(t.Context(), audit.Entry{Call: "stopJob", Outcome: "unauthorized", Remote: "192.0.2.8"})

	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 2)

	for i, want := range []map[string]any{
		{
			"level": "INFO", "msg": "audit", "call": "executeJob", "app": "7", "access": "nightly load", "jobId": "night-1",
			"scenario": "Main", "outcome": "ok", "remote": "192.0.2.7", "reference": "r",
		},
		{"level": "WARN", "msg": "audit", "call": "stopJob", "outcome": "unauthorized", "remote": "192.0.2.8"},
	} {
		var got map[string]any

		require.NoError(t, json.Unmarshal([]byte(lines[i]), &got))
		require.NotEmpty(t, got["time"])
		delete(got, "time")
		require.Equal(t, want, got)
	}
}

func TestNilLogDiscards(t *testing.T) {
	t.Parallel()

	var log *audit.Log

	log.Record(t.Context(), audit.Entry{Call: "stopJob"})
	require.NoError(t, log.Reopen())
	require.NoError(t, log.Close())
}

func TestOpenAppendsAndReopensARenamedFile(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "audit.log")
	require.NoError(t, os.WriteFile(path, []byte("earlier\n"), 0o600))

	log, err := audit.Open(path, func(err error) { t.Error(err) })
	require.NoError(t, err)

	record := func(call string) { log.Record(t.Context(), audit.Entry{Call: call, Outcome: audit.OK}) }
	read := func(path string) string {
		text, err := os.ReadFile(path)
		require.NoError(t, err)

		return string(text)
	}

	record("first")
	require.NoError(t, os.Rename(path, path+".1"))
	record("second")
	require.NoError(t, log.Reopen())
	record("third")
	require.NoError(t, log.Close())

	require.Regexp(t, `^earlier\n\{.*"first".*\}\n\{.*"second".*\}\n$`, read(path+".1"))
	require.Regexp(t, `^\{.*"third".*\}\n$`, read(path))

	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o007, "others can't read it")
}

func TestOpenRefusesAFolderThatDoesNotExist(t *testing.T) {
	t.Parallel()

	_, err := audit.Open(filepath.Join(t.TempDir(), "missing", "audit.log"), nil)
	require.Error(t, err)
}
