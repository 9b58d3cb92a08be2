package cli_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/audit"
	"github.com/jobwright/jobwright/internal/cli"
)

func TestOpenAuditLogWritesWhereTheFlagSays(t *testing.T) {
	t.Parallel()

	var stderr bytes.Buffer

	none, err := cli.OpenAuditLog(t.Context(), cli.AuditToNone, &stderr, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	none.Record(t.Context(), audit.Entry{Call: "first"})

	toStderr, err := cli.OpenAuditLog(t.Context(), cli.AuditToStderr, &stderr, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	toStderr.Record(t.Context(), audit.Entry{Call: "second"})
	require.NotContains(t, stderr.String(), "first")
	require.Contains(t, stderr.String(), "second")

	_, err = cli.OpenAuditLog(t.Context(), filepath.Join(t.TempDir(), "missing", "audit.log"), &stderr, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "--audit-log: ")
}

func TestSIGHUPOpensTheAuditLogAgain(t *testing.T) { //nolint:paralleltest // The signal reaches the whole process.
	path := filepath.Join(t.TempDir(), "audit.log")

	log, err := cli.OpenAuditLog(t.Context(), path, nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)

	require.NoError(t, os.Rename(path, path+".1"))
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
	require.Eventually(t, func() bool { _, err := os.Stat(path); return err == nil }, 10*time.Second, time.Millisecond)
	log.Record(t.Context(), audit.Entry{Call: "stopJob"})
	require.NoError(t, log.Close())

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), "stopJob")
}
