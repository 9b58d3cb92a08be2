package files_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestDropTableRemovesTheFilesOfATable(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		table string
		left  []string
	}{
		{"a.csv", []string{"b.csv", "x/a.csv"}},
		{"*.csv", []string{"x/a.csv"}},
		{"**/a.csv", []string{"b.csv"}},
		{"nowhere.csv", []string{"a.csv", "b.csv", "x/a.csv"}},
		{"nowhere/*.csv", []string{"a.csv", "b.csv", "x/a.csv"}},
	} {
		t.Run(test.table, func(t *testing.T) {
			t.Parallel()

			from := open(t, "files", map[string]string{"a.csv": "", "b.csv": "", "x/a.csv": ""})

			for range 2 {
				require.NoError(t, from.DropTable(t.Context(), named(test.table)))
				require.Equal(t, test.left, from.names(t))
			}
		})
	}

	from := open(t, "files", map[string]string{"x/a.csv": ""})
	requireProblem(t, from.DropTable(t.Context(), named("x")), source.CodeOperationUnsupported, "x", "this is a folder")
	requireProblem(t, from.DropTable(t.Context(), named("../x")), source.CodeUnavailable, "../x", "escapes")
}

func TestReadDoneReportsEachFileAtItsEnd(t *testing.T) {
	t.Parallel()

	from := open(t, "files", map[string]string{"x/[1].csv": "id\n1\n", "x/2.csv": "id\n2\n", "1.csv": "id\n3\n"})

	var done []source.Part

	rows, err := from.ReadTable(t.Context(), source.Read{
		Table: source.Table{Space: "x", Name: "*"}, Done: func(part source.Part) { done = append(done, part) },
	})
	require.NoError(t, err)
	require.Equal(t, 2, rows.(source.Parts).Len())

	for range 2 {
		_, err = rows.Next(t.Context())
		require.NoError(t, err)
	}

	require.Len(t, done, 1)

	_, err = rows.Next(t.Context())
	require.Equal(t, io.EOF, err)
	require.NoError(t, rows.Close())
	require.Len(t, done, 2)
	require.Equal(t, named("x/2.csv"), done[0].Table)
	require.Equal(t, named(`x/\[1].csv`), done[1].Table)

	require.NoError(t, os.WriteFile(filepath.Join(from.path, "x", "3.csv"), []byte("id\n4\n"), 0o600))

	for range 2 { // What is gone is no error.
		for _, part := range done {
			isOther, err := from.DropFile(t.Context(), part)
			require.NoError(t, err)
			require.False(t, isOther)
		}
	}

	require.Equal(t, []string{"1.csv", "x/3.csv"}, from.names(t))
}

// ways lists the ways to read a whole file. Each returns the version that it has read.
var ways = map[string]func(t *testing.T, from folder, name string) source.Part{
	"records": func(t *testing.T, from folder, name string) (done source.Part) {
		t.Helper()

		_, _, err := from.read(t, source.Read{Table: named(name), Done: func(part source.Part) { done = part }})
		require.NoError(t, err)

		return done
	},
	"copy": func(t *testing.T, from folder, name string) (done source.Part) {
		t.Helper()

		_, copied, err := open(t, "to", nil).CopyTable(t.Context(), from.Source,
			source.Read{Table: named(name), Done: func(part source.Part) { done = part }},
			source.Write{Table: named("u.csv"), Mode: source.Replace}, nil)
		require.NoError(t, err)
		require.True(t, copied)

		return done
	},
}

func TestDropFileSparesAFileThatHasReplacedTheReadOne(t *testing.T) {
	t.Parallel()

	put := func(path, text string) error { return os.WriteFile(path, []byte(text), 0o600) }

	for name, change := range map[string]func(path string, was os.FileInfo) error{
		"more was added": func(path string, _ os.FileInfo) error {
			return put(path, "id\n1\n2\n")
		},
		"it was written anew": func(path string, was os.FileInfo) error {
			if err := put(path, "id\n2\n"); err != nil {
				return err
			}

			return os.Chtimes(path, time.Time{}, was.ModTime().Add(time.Nanosecond))
		},
		"it was replaced by one of the same size and time": func(path string, was os.FileInfo) error {
			if err := put(path+".new", "id\n2\n"); err != nil {
				return err
			}

			if err := os.Chtimes(path+".new", time.Time{}, was.ModTime()); err != nil {
				return err
			}

			return os.Rename(path+".new", path)
		},
		"it is older": func(path string, was os.FileInfo) error {
			return os.Chtimes(path, time.Time{}, was.ModTime().Add(-time.Hour))
		},
	} {
		for way, read := range ways {
			t.Run(way+"/"+name, func(t *testing.T) {
				t.Parallel()

				from := open(t, "files", map[string]string{"t.csv": "id\n1\n"})
				path := filepath.Join(from.path, "t.csv")

				was, err := os.Stat(path)
				require.NoError(t, err)

				done := read(t, from, "t.csv")
				require.NotEmpty(t, done.Version)
				require.NoError(t, change(path, was))

				isOther, err := from.DropFile(t.Context(), done)
				require.NoError(t, err)
				require.True(t, isOther)
				require.FileExists(t, path)

				done = read(t, from, "t.csv")
				isOther, err = from.DropFile(t.Context(), done)
				require.NoError(t, err)
				require.False(t, isOther)
				require.Empty(t, from.names(t))
			})
		}
	}
}

func TestDropFileSparesALinkThatPointsToAnotherFile(t *testing.T) {
	t.Parallel()

	from := open(t, "files", map[string]string{"1.csv": "id\n1\n", "2.csv": "id\n2\n"})
	link := filepath.Join(from.path, "last.csv")
	require.NoError(t, os.Symlink("1.csv", link))

	done := ways["records"](t, from, "last.csv")

	require.NoError(t, os.Remove(link))
	require.NoError(t, os.Symlink("2.csv", link))

	isOther, err := from.DropFile(t.Context(), done)
	require.NoError(t, err)
	require.True(t, isOther)

	require.NoError(t, os.Remove(link))
	require.NoError(t, os.Symlink("1.csv", link))

	isOther, err = from.DropFile(t.Context(), done)
	require.NoError(t, err)
	require.False(t, isOther)
	require.Equal(t, []string{"1.csv", "2.csv"}, from.names(t))
}

func TestDropFileRemovesAFileWithoutVersion(t *testing.T) {
	t.Parallel()

	from := open(t, "files", map[string]string{"t.csv": ""})

	isOther, err := from.DropFile(t.Context(), source.Part{Table: named("t.csv")})
	require.NoError(t, err)
	require.False(t, isOther)
	require.Empty(t, from.names(t))
}
