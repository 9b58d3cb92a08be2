package sqlite_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqlite"
)

func TestReadTableReportsFileThatIsNotADatabase(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "stage.db"), []byte("this is a letter, not a database"), 0o600))

	_, err := read(t, open(t, dir), "t")
	requireProblem(t, err, source.CodeUnavailable, false)
}

func TestOpenResolvesPathOfDatabase(t *testing.T) {
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

func TestOpenReadsTablesOfEarlierSource(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	opened, err := sqlite.Open(t.Context(), source.Definition{Name: "stage"}, source.Place{DataDir: dir})
	require.NoError(t, err)
	replace(t, opened.(source.Writer), "t", numbers(1))
	require.NoError(t, opened.Close())

	require.Equal(t, []source.Record{{int64(1)}}, table(t, open(t, dir), "t"))
}

func TestOpenRefusesUnknownOption(t *testing.T) {
	t.Parallel()

	definition := source.Definition{Name: "stage", Options: map[string]any{"file": "x.db"}}

	_, err := sqlite.Open(t.Context(), definition, source.Place{DataDir: t.TempDir()})
	requireProblem(t, err, source.CodeDefinitionInvalid, false)
}

// modernc.org/sqlite/lib depends on the internals of one version of modernc.org/libc. An update of libc alone can break it.
func TestLibcVersionIsTheOneSQLiteRequires(t *testing.T) {
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

func TestCheckReturnsVersionAndNumberOfTables(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	replace(t, stage, "t", numbers(1))

	_, err := stage.Execute(t.Context(), source.Script{Text: "CREATE TABLE u (id INTEGER PRIMARY KEY AUTOINCREMENT)"})
	require.NoError(t, err)

	found, err := stage.Check(t.Context())
	require.NoError(t, err)
	require.Regexp(t, `^SQLite 3\.\d+\.\d+, 2 tables$`, found)
}

func TestCheckReportsFileThatIsNotADatabase(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/stage.db", []byte("this is a letter, not a database"), 0o600))

	_, err := open(t, dir).Check(t.Context())
	requireProblem(t, err, source.CodeUnavailable, false)
}

func TestDropTableIgnoresMissingTableAndRefusesView(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	replace(t, stage, "t", numbers(1))

	_, err := stage.Execute(t.Context(), source.Script{Text: "CREATE VIEW v AS SELECT 1"})
	require.NoError(t, err)

	for range 2 {
		require.NoError(t, stage.DropTable(t.Context(), source.Table{Name: "t"}))
	}

	_, err = read(t, stage, "t")
	requireProblem(t, err, source.CodeTableNotFound, false)
	requireProblem(t, stage.DropTable(t.Context(), source.Table{Name: "v"}), source.CodeQueryInvalid, false)
	requireProblem(t, stage.DropTable(t.Context(), source.Table{Space: "main", Name: "t"}), source.CodeTableNotFound, false)
}
