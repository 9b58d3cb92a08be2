package temporalserver

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/server/common/log"
)

// openLogged returns a connection to a new database whose commits make no checkpoints, and the path of its file.
func openLogged(t *testing.T) (database *sql.DB, path string) {
	t.Helper()

	path = filepath.Join(t.TempDir(), "state.db")
	database, err := sql.Open(driver, "file:"+path+"?_pragma=journal_mode=wal&_pragma=wal_autocheckpoint=0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, database.Close()) })

	database.SetMaxOpenConns(1)

	_, err = database.ExecContext(t.Context(), "CREATE TABLE rows (text TEXT)")
	require.NoError(t, err)

	return database, path
}

func insert(t *testing.T, database *sql.DB, text string) {
	t.Helper()

	_, err := database.ExecContext(t.Context(), "INSERT INTO rows VALUES (?)", text)
	require.NoError(t, err)
}

func TestShortenLogStartsALongLogAgain(t *testing.T) {
	t.Parallel()

	database, path := openLogged(t)
	checkpoints, err := openCheckpointer(log.NewNoopLogger(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, checkpoints.close()) })

	const megabyte = 1 << 20
	for range 40 {
		insert(t, database, strings.Repeat("x", megabyte))
	}

	pages, err := checkpoint(t.Context(), checkpoints.databases[0], "NOOP")
	require.NoError(t, err)
	require.Greater(t, pages, maxLogPages)

	// A reader of an earlier state needs the last pages of the log, so a checkpoint that does not wait can't copy them.
	reader, err := sql.Open(driver, path)
	require.NoError(t, err)

	reading, err := reader.BeginTx(t.Context(), nil)
	require.NoError(t, err)

	var rows int
	require.NoError(t, reading.QueryRowContext(t.Context(), "SELECT count(*) FROM rows").Scan(&rows))
	insert(t, database, "later")

	shortened := make(chan error, 1)

	go func() { shortened <- shortenLog(t.Context(), checkpoints.databases[0]) }()

	require.Eventually(t, func() bool {
		// It is short, so that it leaves the lock to the checkpoint most of the time.
		_, err := database.ExecContext(t.Context(), "INSERT INTO rows VALUES ('latest')")

		return err != nil // The checkpoint has the lock.
	}, time.Minute, time.Millisecond)
	require.NoError(t, reading.Rollback())
	require.NoError(t, reader.Close())
	require.NoError(t, <-shortened)

	insert(t, database, "after")

	pages, err = checkpoint(t.Context(), checkpoints.databases[0], "NOOP")
	require.NoError(t, err)
	require.Less(t, pages, 10)
}

func TestCheckpointerCopiesCommitsToTheFile(t *testing.T) {
	t.Parallel()

	database, path := openLogged(t)
	checkpoints, err := openCheckpointer(log.NewNoopLogger(), path)
	require.NoError(t, err)
	checkpoints.start()

	fileHas := func(text string) bool {
		content, err := os.ReadFile(path)
		require.NoError(t, err)

		return bytes.Contains(content, []byte(text))
	}

	insert(t, database, "first commit")
	require.Eventually(t, func() bool { return fileHas("first commit") }, time.Minute, 10*time.Millisecond)

	insert(t, database, "last commit")
	require.NoError(t, checkpoints.stop())
	require.True(t, fileHas("last commit"))

	emptied, err := os.Stat(path + "-wal")
	require.NoError(t, err)
	require.Zero(t, emptied.Size())
}
