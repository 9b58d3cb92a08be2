package file_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/filetest"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/file"
)

// open returns a source over a new folder with the given files, by name.
func open(t *testing.T, files map[string]string) (folder string, from store) {
	t.Helper()

	folder = filepath.Join(t.TempDir(), "files")
	require.NoError(t, os.Mkdir(folder, 0o750))

	filetest.Write(t, folder, files)

	definition := source.Definition{Name: "files", Kind: file.Kind, Options: map[string]any{"path": "files"}}

	opened, err := file.Open(t.Context(), definition, source.Place{AppDir: filepath.Dir(folder)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })

	return folder, opened.(store)
}

// store is what a folder can be used for.
type store interface {
	source.Reader
	source.Writer
	source.Dropper
}

// named returns a request to read a table.
func named(table string) source.Read { return source.Read{Table: source.Table{Name: table}} }

// read returns the columns of a table and its records, up to the end or the first error.
func read(t *testing.T, from source.Reader, table string) (names []string, records []source.Record, err error) {
	t.Helper()

	rows, err := from.ReadTable(t.Context(), named(table))
	if err != nil {
		return nil, nil, err
	}

	defer func() { require.NoError(t, rows.Close()) }()

	for _, column := range rows.Schema() {
		require.Equal(t, source.Text, column.Type)

		names = append(names, column.Name)
	}

	for {
		record, err := rows.Next(t.Context())
		if err == io.EOF {
			return names, records, nil
		}

		if err != nil {
			return names, records, err
		}

		records = append(records, append(source.Record(nil), record...))
	}
}

// requireProblem requires a non-retryable error.
func requireProblem(t *testing.T, err error, code source.Code, message string) {
	t.Helper()

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, code, problem.Code)
	require.False(t, problem.Retryable)
	require.Equal(t, "files", problem.Source)
	require.Contains(t, problem.Message, message)
}

func TestReadTableReadsCSVAsText(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name, text string
		names      []string
		records    []source.Record
	}{
		{"plain", "id,name\n1,IBM\n", []string{"id", "name"}, []source.Record{{"1", "IBM"}}},
		{"no line break at the end", "id,name\n1,IBM", []string{"id", "name"}, []source.Record{{"1", "IBM"}}},
		{"CRLF", "id,name\r\n1,IBM\r\n", []string{"id", "name"}, []source.Record{{"1", "IBM"}}},
		{"byte order mark", "\xef\xbb\xbfid,name\n1,IBM\n", []string{"id", "name"}, []source.Record{{"1", "IBM"}}},
		{"byte order mark and quotes", "\xef\xbb\xbf\"id\",name\n1,IBM\n", []string{"id", "name"}, []source.Record{{"1", "IBM"}}},
		{
			"quotes", "id,name\n1,\"Kongsberg, \"\"ASA\"\"\nOslo\"\n",
			[]string{"id", "name"},
			[]source.Record{{"1", "Kongsberg, \"ASA\"\nOslo"}},
		},
		{"unicode", "näme\nNestlé 株式\n", []string{"näme"}, []source.Record{{"Nestlé 株式"}}},
		{"empty fields", "id,name\n,\n", []string{"id", "name"}, []source.Record{{nil, nil}}},
		{"spaces are kept", "id,name\n 1 , \n", []string{"id", "name"}, []source.Record{{" 1 ", " "}}},
		{"no records", "id,name\n", []string{"id", "name"}, nil},
		{"a short header", "a\n1\n", []string{"a"}, []source.Record{{"1"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			_, from := open(t, map[string]string{"t.csv": test.text})

			names, records, err := read(t, from, "t.csv")
			require.NoError(t, err)
			require.Equal(t, test.names, names)
			require.Equal(t, test.records, records)
		})
	}
}

func TestReadTableErrorNamesTheLine(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ name, text, message string }{
		{"empty file", "", "the file is empty"},
		{"only a byte order mark", "\xef\xbb\xbf", "the file is empty"},
		{"too few fields", "id,name\n1,IBM\n2\n", "line 3: it has 1 field, and the table has 2 columns"},
		{"too many fields", "id,name\n1,IBM,US\n", "line 2: it has 3 fields, and the table has 2 columns"},
		{
			"a line behind a field of two lines", "id,name\n1,\"a\nb\"\n2\n",
			"line 4: it has 1 field, and the table has 2 columns",
		},
		{"two columns of one name", "id,name,id\n1,IBM,2\n", `line 1: the name "id" of column 3 is not unique`},
		{"a column without a name", "id,\n1,IBM\n", "line 1: column 2 has no name"},
		{"a stray quote", "id,name\n1,I\"BM\n", "line 2, field 2: it contains a quote"},
		{"a quote that is never closed", "id,name\n1,\"IBM\n", "line 2, field 2: its quote is never closed"},
		{"a text that is not UTF-8", "id,name\n1,IBM\n2,Nestl\xe9\n", `line 3, column "name": "Nestl\xe9" is not text`},
		{"a stray quote in the header", "i\"d,name\n", "line 1, field 1: it contains a quote"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			_, from := open(t, map[string]string{"t.csv": test.text})

			_, _, err := read(t, from, "t.csv")
			requireProblem(t, err, source.CodeRecordInvalid, test.message)
		})
	}
}

func TestLocationReturnsTheLineOfTheLastRecord(t *testing.T) {
	t.Parallel()

	_, from := open(t, map[string]string{"t.csv": "id,name\n1,\"a\nb\"\n2,c\n"})

	rows, err := from.ReadTable(t.Context(), named("t.csv"))
	require.NoError(t, err)

	defer rows.Close() //nolint:errcheck // Only read.

	for _, line := range []string{"line 2", "line 4"} {
		_, err = rows.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, line, rows.(source.Locator).Location())
	}
}

func TestReadTableReadsFromSubfolders(t *testing.T) {
	t.Parallel()

	_, from := open(t, map[string]string{"2024/may/t.CSV": "id\n1\n"})

	_, records, err := read(t, from, "2024/may/t.CSV")
	require.NoError(t, err)
	require.Equal(t, []source.Record{{"1"}}, records)
}

func TestReadTableReadsFilesLargerThanItsBuffers(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("x", 1<<20)
	_, from := open(t, map[string]string{"t.csv": "id\n" + long + "\n" + long + "\n"})

	_, records, err := read(t, from, "t.csv")
	require.NoError(t, err)
	require.Equal(t, []source.Record{{long}, {long}}, records)
}

func TestReadTableOfAMissingFileIsTableNotFound(t *testing.T) {
	t.Parallel()

	_, from := open(t, nil)

	_, _, err := read(t, from, "t.csv")
	requireProblem(t, err, source.CodeTableNotFound, "there is no such file")
}

func TestReadTableRefusesUnknownExtensions(t *testing.T) {
	t.Parallel()

	_, from := open(t, map[string]string{"t.doc": "id\n1\n", "t": "id\n1\n"})

	_, _, err := read(t, from, "t.doc")
	requireProblem(t, err, source.CodeOperationUnsupported, `the name "t.doc" does not determine the type of the file`)

	_, _, err = read(t, from, "t")
	requireProblem(t, err, source.CodeOperationUnsupported, `the name "t" does not determine the type of the file`)
}

func TestReadTableCanNotLeaveTheFolder(t *testing.T) {
	t.Parallel()

	folder, from := open(t, map[string]string{"inner/t.csv": "id\n1\n"})
	secret := filepath.Join(filepath.Dir(folder), "secret.csv")
	require.NoError(t, os.WriteFile(secret, []byte("id\nsecret\n"), 0o600))
	require.NoError(t, os.Symlink(secret, filepath.Join(folder, "absolute.csv")))
	require.NoError(t, os.Symlink("../secret.csv", filepath.Join(folder, "relative.csv")))
	require.NoError(t, os.Symlink("..", filepath.Join(folder, "up")))

	for _, table := range []string{
		"../secret.csv", "inner/../../secret.csv", secret, "absolute.csv", "relative.csv", "up/secret.csv",
	} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()

			_, records, err := read(t, from, table)
			require.Empty(t, records)
			requireProblem(t, err, source.CodeUnavailable, "escapes")
			require.NotContains(t, err.(*source.Error).Message, filepath.Dir(folder)) //nolint:errorlint // The driver's own.
		})
	}
}

func TestReadTableFollowsLinksWithinTheFolder(t *testing.T) {
	t.Parallel()

	folder, from := open(t, map[string]string{"2024.csv": "id\n1\n"})
	require.NoError(t, os.Symlink("2024.csv", filepath.Join(folder, "latest.csv")))

	_, records, err := read(t, from, "latest.csv")
	require.NoError(t, err)
	require.Equal(t, []source.Record{{"1"}}, records)
}

func TestOpenRefusesAMissingFolder(t *testing.T) {
	t.Parallel()

	definition := source.Definition{Name: "files", Options: map[string]any{"path": "nowhere"}}

	_, err := file.Open(t.Context(), definition, source.Place{AppDir: t.TempDir()})
	requireProblem(t, err, source.CodeUnavailable, "its folder can't be opened")
}

func TestOpenRefusesUnknownOptions(t *testing.T) {
	t.Parallel()

	definition := source.Definition{Name: "files", Options: map[string]any{"folder": "files"}}

	_, err := file.Open(t.Context(), definition, source.Place{AppDir: t.TempDir()})
	requireProblem(t, err, source.CodeDefinitionInvalid, "folder")
}

func TestReadTableEndsWithItsContext(t *testing.T) {
	t.Parallel()

	_, from := open(t, map[string]string{"t.csv": "id\n1\n2\n"})

	rows, err := from.ReadTable(t.Context(), named("t.csv"))
	require.NoError(t, err)

	defer rows.Close() //nolint:errcheck // Only read.

	ctx, cancel := context.WithCancel(t.Context())
	_, err = rows.Next(ctx)
	require.NoError(t, err)

	cancel()

	_, err = rows.Next(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func TestRowsCanBeClosedTwice(t *testing.T) {
	t.Parallel()

	_, from := open(t, map[string]string{"t.csv": "id\n1\n"})

	rows, err := from.ReadTable(t.Context(), named("t.csv"))
	require.NoError(t, err)
	require.NoError(t, rows.Close())
	require.NoError(t, rows.Close())
}
