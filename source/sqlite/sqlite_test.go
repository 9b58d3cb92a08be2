package sqlite_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqlite"
)

func TestAFileThatIsNoDatabaseCannotBeHealed(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "stage.db"), []byte("this is a letter and no database at all"), 0o600))

	_, err := read(t, open(t, dir), "t")
	requireProblem(t, err, source.CodeUnavailable, false)
}

func TestALockIsWaitedForAndTriedAgainLater(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	replace(t, open(t, dir), "t", numbers(1))

	unlock := lock(t, dir)

	synctest.Test(t, func(t *testing.T) {
		stage := open(t, dir)
		start := time.Now()

		_, err := stage.WriteTable(t.Context(), replacing("t"), numbers(2))
		problem := requireProblem(t, err, source.CodeUnavailable, true)
		require.Equal(t, "another process holds the database's lock", problem.Hint)
		require.GreaterOrEqual(t, time.Since(start), 5*time.Second)
		require.Equal(t, []source.Record{{int64(1)}}, table(t, stage, "t"), "reading needs no lock")
	})

	unlock()
	replace(t, open(t, dir), "t", numbers(2))
}

func TestTheDatabaseLiesWhereItsPathSays(t *testing.T) {
	t.Parallel()

	data, elsewhere := t.TempDir(), t.TempDir()

	for _, test := range []struct {
		name, want string
		options    map[string]any
	}{
		{"by default", filepath.Join(data, "stage.db"), nil},
		{"relative", filepath.Join(data, "a b", "50%?#.db"), map[string]any{"path": "a b/50%?#.db"}},
		{"absolute", filepath.Join(elsewhere, "x.db"), map[string]any{"path": filepath.Join(elsewhere, "x.db")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			definition := source.Definition{Name: "stage", Kind: sqlite.Kind, Options: test.options}

			opened, err := sqlite.Open(t.Context(), definition, source.Place{AppDir: t.TempDir(), DataDir: data})
			require.NoError(t, err)
			replace(t, opened.(source.Writer), "t", numbers(1))
			require.NoError(t, opened.Close())
			require.FileExists(t, test.want)
		})
	}
}

func TestWhatWasWrittenIsThereWhenTheDatabaseIsOpenedAgain(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	opened, err := sqlite.Open(t.Context(), source.Definition{Name: "stage"}, source.Place{DataDir: dir})
	require.NoError(t, err)
	replace(t, opened.(source.Writer), "t", numbers(1))
	require.NoError(t, opened.Close())

	require.Equal(t, []source.Record{{int64(1)}}, table(t, open(t, dir), "t"))
}

func TestAnUnknownOptionIsRefused(t *testing.T) {
	t.Parallel()

	definition := source.Definition{Name: "stage", Options: map[string]any{"file": "x.db"}}

	_, err := sqlite.Open(t.Context(), definition, source.Place{DataDir: t.TempDir()})
	requireProblem(t, err, source.CodeDefinitionInvalid, false)
}

// modernc.org/sqlite/lib depends on the internals of one version of modernc.org/libc. An update of libc alone can break it.
func TestLibcHasTheVersionThatSQLiteRequires(t *testing.T) {
	t.Parallel()

	list := func(format, module string) string {
		output, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", format, module).Output()
		require.NoError(t, err)

		return strings.TrimSpace(string(output))
	}

	requirements, err := os.ReadFile(list("{{.GoMod}}", "modernc.org/sqlite"))
	require.NoError(t, err)
	require.Contains(t, string(requirements), "\tmodernc.org/libc "+list("{{.Version}}", "modernc.org/libc")+"\n")
}
