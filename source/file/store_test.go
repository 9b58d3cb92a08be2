package file_test

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/file"
	"github.com/jobwright/jobwright/source/files"
	"github.com/jobwright/jobwright/source/sourcetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()

	sourcetest.Suite{
		Open: func(t *testing.T) source.Source {
			t.Helper()

			_, opened := open(t, nil)

			return opened
		},
		Table:   func(word string) string { return word + ".csv" },
		Untyped: true,
		Keyless: true,
	}.Run(t)
}

// write writes a table of one record.
func write(t *testing.T, into source.Writer, table string, mode source.Mode) error {
	t.Helper()

	columns := source.Schema{sourcetest.Column("id", source.Standard{Type: source.Text})}
	_, err := into.WriteTable(t.Context(), source.Write{Table: source.Table{Name: table}, Mode: mode},
		sourcetest.NewRows(columns, source.Record{"new"}))

	return err
}

// listed returns the names of all entries of a folder.
func listed(t *testing.T, folder string) (names []string) {
	t.Helper()

	entries, err := os.ReadDir(folder)
	require.NoError(t, err)

	for _, entry := range entries {
		names = append(names, entry.Name())
	}

	return names
}

func TestReadTableRefusesIrregularFilesWithoutBlocking(t *testing.T) {
	t.Parallel()

	folder, from := open(t, map[string]string{"a.csv": "id\n1\n", "b.csv/t.csv": "id\n2\n"})
	require.NoError(t, syscall.Mkfifo(filepath.Join(folder, "pipe.csv"), 0o600))

	listener, err := net.Listen("unix", filepath.Join(folder, "socket.csv"))
	require.NoError(t, err)

	defer listener.Close() //nolint:errcheck // It has accepted no connection.

	_, _, err = read(t, from, "pipe.csv")
	requireProblem(t, err, source.CodeUnavailable, "this is not a regular file")

	_, _, err = read(t, from, "socket.csv")
	requireProblem(t, err, source.CodeUnavailable, "no such device or address")

	_, _, err = read(t, from, "b.csv")
	requireProblem(t, err, source.CodeTableNotFound, "this is a folder, not a file")

	// A pattern passes over them.
	_, records, err := read(t, from, "*.csv")
	require.NoError(t, err)
	require.Equal(t, []source.Record{{"1"}}, records)
}

func TestStoreCanNotLeaveTheFolder(t *testing.T) {
	t.Parallel()

	folder, into := open(t, map[string]string{"inner/t.csv": "id\n1\n"})
	outside := filepath.Join(filepath.Dir(folder), "secret")
	require.NoError(t, os.Mkdir(outside, 0o750))

	secret := filepath.Join(outside, "secret.csv")
	require.NoError(t, os.WriteFile(secret, []byte("id\nsecret\n"), 0o600))
	require.NoError(t, os.Symlink("../secret", filepath.Join(folder, "up")))
	require.NoError(t, os.Symlink(outside, filepath.Join(folder, "absolute")))
	require.NoError(t, os.Symlink(secret, filepath.Join(folder, "link.csv")))

	for _, table := range []string{"../secret/secret.csv", "inner/../../secret/secret.csv", secret, "up/secret.csv", "absolute/secret.csv"} {
		requireProblem(t, write(t, into, table, source.Replace), source.CodeUnavailable, "escapes")
		requireProblem(t, write(t, into, table, source.Append), source.CodeUnavailable, "escapes")
		requireProblem(t, into.DropTable(t.Context(), source.Table{Name: table}), source.CodeUnavailable, "escapes")
	}

	for _, pattern := range []string{"up/*.csv", "absolute/*.csv"} {
		_, _, err := read(t, into, pattern)
		requireProblem(t, err, source.CodeUnavailable, "escapes")
	}

	_, records, err := read(t, into, "**/*.csv")
	require.NoError(t, err)
	require.Equal(t, []source.Record{{"1"}}, records)

	// The link itself is in the folder: another file may take its place.
	require.NoError(t, write(t, into, "link.csv", source.Replace))
	require.NoError(t, into.DropTable(t.Context(), source.Table{Name: "link.csv"}))

	text, err := os.ReadFile(secret)
	require.NoError(t, err)
	require.Equal(t, "id\nsecret\n", string(text))
	require.Equal(t, []string{"secret.csv"}, listed(t, outside))
}

func TestReadTableOfABrokenLinkIsTableNotFound(t *testing.T) {
	t.Parallel()

	folder, into := open(t, nil)
	require.NoError(t, os.Symlink("nowhere.csv", filepath.Join(folder, "t.csv")))

	_, _, err := read(t, into, "t.csv")
	requireProblem(t, err, source.CodeTableNotFound, "there is no such file")
	require.NoError(t, write(t, into, "t.csv", source.Append))

	_, records, err := read(t, into, "t.csv")
	require.NoError(t, err)
	require.Equal(t, []source.Record{{"new"}}, records)
	require.Equal(t, []string{"t.csv"}, listed(t, folder))
}

func TestWriteTablePreservesThePermissionsOfTheReplacedFile(t *testing.T) {
	t.Parallel()

	folder, into := open(t, map[string]string{"t.csv": "id\n1\n"})

	for _, mode := range []fs.FileMode{0o600, 0o640, 0o664} {
		require.NoError(t, os.Chmod(filepath.Join(folder, "t.csv"), mode))
		require.NoError(t, write(t, into, "t.csv", source.Append))

		info, err := os.Stat(filepath.Join(folder, "t.csv"))
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode())
	}
}

func TestWriteTableCreatesNoFileThatOthersCanRead(t *testing.T) {
	t.Parallel()

	folder, into := open(t, nil)
	require.NoError(t, write(t, into, "new/t.csv", source.Append))

	for _, name := range []string{"new", "new/t.csv"} {
		info, err := os.Stat(filepath.Join(folder, name))
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o027, "%s has %s", name, info.Mode())
	}
}

func TestWriteTableRemovesDraftsOlderThanADay(t *testing.T) {
	t.Parallel()

	old, young := files.ReservedPrefix+"OLD", files.ReservedPrefix+"YOUNG"
	folder, into := open(t, map[string]string{"x/" + old: "", "x/" + young: "", "x/a.csv": "id\n1\n"})

	for name, age := range map[string]time.Duration{old: 25 * time.Hour, young: 23 * time.Hour, "a.csv": 25 * time.Hour} {
		then := time.Now().Add(-age)
		require.NoError(t, os.Chtimes(filepath.Join(folder, "x", name), then, then))
	}

	require.NoError(t, write(t, into, "x/t.csv", source.Replace))
	require.Equal(t, []string{young, "a.csv", "t.csv"}, listed(t, filepath.Join(folder, "x")))
}

func TestWriteTableReportsAFolderThatWasRemoved(t *testing.T) {
	t.Parallel()

	folder, into := open(t, nil)
	require.NoError(t, os.Remove(folder))

	var problem *source.Error
	require.ErrorAs(t, write(t, into, "t.csv", source.Replace), &problem)
	require.Equal(t, source.CodeUnavailable, problem.Code)
	require.NotContains(t, problem.Error(), filepath.Dir(folder))
}

func TestWriteTableRefusesAFileInTheRoleOfAFolder(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "files"), nil, 0o600))

	_, err := file.Open(t.Context(), source.Definition{Name: "files", Options: map[string]any{"path": "files"}},
		source.Place{AppDir: folder})

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.False(t, problem.Retryable)
	require.Contains(t, problem.Message, "not a directory")
}

func TestOpenAcceptsAbsolutePaths(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	opened, err := file.Open(t.Context(), source.Definition{Name: "files", Options: map[string]any{"path": folder}}, source.Place{})
	require.NoError(t, err)

	defer func() { require.NoError(t, opened.Close()) }()

	require.NoError(t, write(t, opened.(source.Writer), "t.csv", source.Replace))
	require.Equal(t, []string{"t.csv"}, listed(t, folder))
}
