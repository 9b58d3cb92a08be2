package files_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/filetest"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/file"
	"github.com/jobwright/jobwright/source/files"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// folder is a source and the path of its folder.
type folder struct {
	*files.Source

	path string
}

// open returns a source over a new folder with the given files, by name.
func open(t *testing.T, name string, content map[string]string) folder {
	t.Helper()

	root := t.TempDir()
	opened, err := file.Open(t.Context(), source.Definition{
		Name: name, Kind: file.Kind, Options: map[string]any{"path": root},
	}, source.Place{AppDir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })

	filetest.Write(t, root, content)

	return folder{Source: opened.(*files.Source), path: root}
}

// text returns the content of a file.
func (f folder) text(t *testing.T, name string) string {
	t.Helper()

	text, err := os.ReadFile(filepath.Join(f.path, filepath.FromSlash(name)))
	require.NoError(t, err)

	return string(text)
}

// names returns the names of all files, including hidden ones.
func (f folder) names(t *testing.T) (names []string) {
	t.Helper()

	require.NoError(t, fs.WalkDir(os.DirFS(f.path), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, path)
		}

		return err
	}))

	return names
}

// read returns the records of a table, up to their end or the first error, and their locations.
func (f folder) read(t *testing.T, read source.Read) (records []source.Record, locations []string, err error) {
	t.Helper()

	rows, err := f.ReadTable(t.Context(), read)
	if err != nil {
		return nil, nil, err
	}

	defer func() { require.NoError(t, rows.Close()) }()

	for {
		record, err := rows.Next(t.Context())
		if err == io.EOF {
			return records, locations, nil
		}

		if err != nil {
			return records, locations, err
		}

		records, locations = append(records, slices.Clone(record)), append(locations, rows.(source.Locator).Location())
	}
}

// write writes records of text.
func (f folder) write(t *testing.T, write source.Write, columns []string, records ...source.Record) (source.Written, error) {
	t.Helper()

	return f.WriteTable(t.Context(), write, texts(columns, records...))
}

// texts returns records of text.
func texts(columns []string, records ...source.Record) *sourcetest.Rows {
	schema := make(source.Schema, len(columns))
	for i, name := range columns {
		schema[i] = sourcetest.Column(name, source.Standard{Type: source.Text})
	}

	return sourcetest.NewRows(schema, records...)
}

func named(name string) source.Table { return source.Table{Name: name} }

// requireProblem requires an error with the given code and table whose message contains message.
func requireProblem(t *testing.T, err error, code source.Code, table, message string) *source.Error {
	t.Helper()

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, code, problem.Code, "%v", err)
	require.Equal(t, "files", problem.Source)
	require.Equal(t, table, problem.Table)
	require.Contains(t, problem.Message, message)

	return problem
}

func TestCheckCountsFiles(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		count int
		found string
	}{
		{0, ", with 0 files"},
		{1, ", with 1 file"},
		{1_000, ", with 1000 files"},
		{1_001, ", with more than 1000 files"},
	} {
		content := map[string]string{}
		for i := range test.count {
			content["t/"+strings.Repeat("x", i/100)+string(rune('a'+i%10))+string(rune('a'+i/10%10))+".csv"] = ""
		}

		content[files.ReservedPrefix+"draft"] = ""

		from := open(t, "files", content)

		found, err := from.Check(t.Context())
		require.NoError(t, err)
		require.Equal(t, `the folder "`+filepath.Base(from.path)+`"`+test.found, found)
	}
}

func TestNamesCanNotEscapeFromTheStore(t *testing.T) {
	t.Parallel()

	from := open(t, "files", map[string]string{"inner/t.csv": "id\n1\n"})

	for _, test := range []struct {
		name    string
		table   source.Table
		code    source.Code
		message string
	}{
		{"up", named("../t.csv"), source.CodeUnavailable, "escapes"},
		{"up from within", named("inner/../../t.csv"), source.CodeUnavailable, "escapes"},
		{"absolute", named("/etc/passwd"), source.CodeUnavailable, "escapes"},
		{"up by its space", source.Table{Space: "..", Name: "t.csv"}, source.CodeUnavailable, "escapes"},
		{"up out of its space", source.Table{Space: "inner", Name: "../t.csv"}, source.CodeUnavailable, "escapes"},
		{"an absolute space", source.Table{Space: "/etc", Name: "passwd"}, source.CodeUnavailable, "escapes"},
		{"a pattern up", named("../*.csv"), source.CodeUnavailable, "escapes"},
		{"an absolute pattern", named("/etc/*"), source.CodeUnavailable, "escapes"},
		{"a pattern that ends as a name", named("*/../t.csv"), source.CodeTableNotFound, "there is no such file"},
		{"NUL", named("t\x00.csv"), source.CodeTableNotFound, "NUL"},
		{"a drive", named(`C:\t.csv`), source.CodeTableNotFound, "does not precede a special character"},
		{"backslashes", named(`..\t.csv`), source.CodeTableNotFound, "does not precede a special character"},
		{"a backslash at the end", named(`t\`), source.CodeTableNotFound, "does not precede a special character"},
		{"half a pattern", named("[a-"), source.CodeTableNotFound, "not a valid pattern"},
		{"nothing", named(""), source.CodeTableNotFound, "the name of the file is missing"},
		{"the folder itself", named("."), source.CodeTableNotFound, "the name of the file is missing"},
		{"a draft", named(files.ReservedPrefix + "x"), source.CodeOperationUnsupported, "still being written"},
		{"a draft in a folder", named("inner/" + files.ReservedPrefix + "x"), source.CodeOperationUnsupported, "still being written"},
		{"a folder", named("inner"), source.CodeTableNotFound, "this is a folder, not a file"},
		{"a file as a folder", named("inner/t.csv/t.csv"), source.CodeTableNotFound, "there is no such file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			_, _, err := from.read(t, source.Read{Table: test.table})
			require.False(t, requireProblem(t, err, test.code, test.table.String(), test.message).Retryable)
		})
	}
}

func TestEquivalentNamesReadTheSameFile(t *testing.T) {
	t.Parallel()

	from := open(t, "files", map[string]string{"2024/may/t.csv": "id\n1\n", "a*[b].csv": "id\n1\n", "a*[c].csv": "id\n2\n"})

	for _, table := range []source.Table{
		named("2024/may/t.csv"),
		named("./2024/may/t.csv"),
		named("2024//may/../may/t.csv"),
		named("2024/*/t.csv"),
		{Space: "2024/may", Name: "t.csv"},
		{Space: "2024", Name: "may/t.csv"},
		{Space: "2024/", Name: "may/*.csv"},
		named(`a\*\[b\].csv`),
		named(`a\*\[b].csv`),
		named(`a\*[[]b].csv`),
		named(`a[*]?b?.csv`),
	} {
		records, _, err := from.read(t, source.Read{Table: table})
		require.NoError(t, err, "%s", table)
		require.Equal(t, []source.Record{{"1"}}, records, "%s", table)
	}
}

func TestPatternsReadAllMatchingFiles(t *testing.T) {
	t.Parallel()

	content := map[string]string{}
	for _, name := range []string{
		"a.csv", "b.csv", "c.txt", "orders-1.csv", "orders-10.csv", "orders-2.csv", "x/a.csv", "x/y/a.csv", "x/y/z/a.csv", "x-1/a.csv",
		".hidden.csv", "x/.hidden/a.csv", files.ReservedPrefix + "a.csv", "x/" + files.ReservedPrefix + "a.csv",
	} {
		content[name] = "name\n" + name + "\n"
	}

	from := open(t, "files", content)
	require.NoError(t, os.Symlink("a.csv", filepath.Join(from.path, "link.csv")))
	require.NoError(t, os.Symlink("nowhere", filepath.Join(from.path, "broken.csv")))
	require.NoError(t, os.Symlink("x", filepath.Join(from.path, "linked")))

	for _, test := range []struct {
		table source.Table
		found []string
	}{
		{named("*.csv"), []string{"a.csv", "b.csv", "a.csv", "orders-1.csv", "orders-10.csv", "orders-2.csv"}},
		{named("orders-?.csv"), []string{"orders-1.csv", "orders-2.csv"}},
		{named("[a-b].csv"), []string{"a.csv", "b.csv"}},
		{named("[!a].csv"), []string{"b.csv"}},
		{named("{b,orders-10}.csv"), []string{"b.csv", "orders-10.csv"}},
		{named("{b,x/y/a}.csv"), []string{"b.csv", "x/y/a.csv"}},
		{named("x/*.csv"), []string{"x/a.csv"}},
		{named("linked/*.csv"), []string{"x/a.csv"}},
		{named("x*/*.csv"), []string{"x-1/a.csv", "x/a.csv"}},
		{named("x/**/a.csv"), []string{"x/a.csv", "x/y/a.csv", "x/y/z/a.csv"}},
		{named("**/a.csv"), []string{"a.csv", "x-1/a.csv", "x/a.csv", "x/y/a.csv", "x/y/z/a.csv"}},
		{source.Table{Space: "x", Name: "**"}, []string{"x/a.csv", "x/y/a.csv", "x/y/z/a.csv"}},
		{source.Table{Space: "x/.hidden", Name: "*.csv"}, []string{"x/.hidden/a.csv"}},
	} {
		t.Run(test.table.String(), func(t *testing.T) {
			t.Parallel()

			records, _, err := from.read(t, source.Read{Table: test.table})
			require.NoError(t, err)

			var found []string
			for _, record := range records {
				found = append(found, record[0].(string))
			}

			require.Equal(t, test.found, found)
		})
	}
}

func TestAPatternWithoutMatchIsTableNotFound(t *testing.T) {
	t.Parallel()

	from := open(t, "files", map[string]string{"a.csv": "id\n1\n", ".b.csv": "id\n1\n"})

	for _, name := range []string{"?b.csv", "nowhere/*.csv", "a.csv/*", "b*"} {
		_, _, err := from.read(t, source.Read{Table: named(name)})
		require.False(t, requireProblem(t, err, source.CodeTableNotFound, name, "no file matches the pattern").Retryable)
	}
}

func TestLocationOfAPatternNamesTheFile(t *testing.T) {
	t.Parallel()

	from := open(t, "files", map[string]string{"o/1.csv": "id,name\n1,a\n2,b\n", "o/2.csv": "id,name\n", "o/3.csv": "id,name\n3,c\n"})

	_, locations, err := from.read(t, source.Read{Table: named("o/*.csv")})
	require.NoError(t, err)
	require.Equal(t, []string{"o/1.csv, line 2", "o/1.csv, line 3", "o/3.csv, line 2"}, locations)

	_, locations, err = from.read(t, source.Read{Table: source.Table{Space: "o", Name: "3*"}})
	require.NoError(t, err)
	require.Equal(t, []string{"3.csv, line 2"}, locations)

	_, locations, err = from.read(t, source.Read{Table: named("o/3.csv")})
	require.NoError(t, err)
	require.Equal(t, []string{"line 2"}, locations)
}

func TestErrorOfAPatternNamesTheFile(t *testing.T) {
	t.Parallel()

	from := open(t, "files", map[string]string{"o/1.csv": "id,name\n1,a\n", "o/2.csv": "id,name\n2\n3,c\n"})

	_, _, err := from.read(t, source.Read{Table: named("o/*.csv")})
	requireProblem(t, err, source.CodeRecordInvalid, "o/2.csv", "line 2")

	var rejects []source.Reject

	records, _, err := from.read(t, source.Read{Table: named("o/*.csv"), Reject: func(reject source.Reject) error {
		rejects = append(rejects, reject)

		return nil
	}})
	require.NoError(t, err)
	require.Equal(t, []source.Record{{"1", "a"}, {"3", "c"}}, records)
	require.Len(t, rejects, 1)
	require.Equal(t, "o/2.csv, line 2", rejects[0].Location)
	require.Equal(t, "2", rejects[0].Text)
}

func TestReadTableReturnsTheErrorOfRejectUnchanged(t *testing.T) {
	t.Parallel()

	from := open(t, "files", map[string]string{"1.csv": "id,name\n1\n"})
	tooMany := errors.New("too many")

	for _, name := range []string{"1.csv", "*.csv"} {
		_, _, err := from.read(t, source.Read{Table: named(name), Reject: func(source.Reject) error { return tooMany }})
		require.Equal(t, tooMany, err)
	}
}

func TestReadTableRequiresEqualColumnsOfAllFiles(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ name, other, message string }{
		{"a name", "id,nom\n1,a\n", `column 2 is "nom" instead of "name"`},
		{"the order", "name,id\na,1\n", `column 1 is "name" instead of "id"`},
		{"one more", "id,name,country\n1,a,NO\n", `column "country" is additional`},
		{"one less", "id\n1\n", `column "name" is missing`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			from := open(t, "files", map[string]string{"o/1.csv": "id,name\n0,z\n", "o/2.csv": test.other})

			records, _, err := from.read(t, source.Read{Table: named("o/*")})
			require.Equal(t, []source.Record{{"0", "z"}}, records)
			require.False(t, requireProblem(t, err, source.CodeRecordInvalid, "o/2.csv",
				"its columns are not those of o/1.csv: "+test.message).Retryable)
		})
	}
}

func TestReadTableOfJSONAndXMLMatchesColumnsByName(t *testing.T) {
	t.Parallel()

	from := open(t, "files", map[string]string{
		"1.ndjson": `{"id":1,"name":"a"}`, "2.ndjson": `{"name":"b","id":2}`, "3.ndjson": `{"name":"c","id":"3"}`,
		"1.json": `[{"id":1,"name":"a"}]`, "2.json": `[{"name":"b","id":2}]`,
		"1.xml": `<all><r id="1"><name>a</name></r></all>`, "2.xml": `<all><r><name>b</name><id>2</id></r></all>`,
		"1.csv": "id,name\n1,a\n", "2.csv": "name,id\nb,2\n",
	})

	for table, want := range map[string][]source.Record{
		"[12].ndjson": {{int64(1), "a"}, {int64(2), "b"}},
		"[12].json":   {{int64(1), "a"}, {int64(2), "b"}},
		"[12].xml":    {{"1", "a"}, {"2", "b"}},
	} {
		records, locations, err := from.read(t, source.Read{Table: named(table)})
		require.NoError(t, err)
		require.Equal(t, want, records)
		require.Contains(t, locations[1], ", line 1")
	}

	_, _, err := from.read(t, source.Read{Table: named("[23].ndjson")})
	requireProblem(t, err, source.CodeRecordInvalid, "3.ndjson", `its columns are not those of 2.ndjson: column "id" has the type text instead of integer`)

	_, _, err = from.read(t, source.Read{Table: named("[12].csv")})
	requireProblem(t, err, source.CodeRecordInvalid, "2.csv", `its columns are not those of 1.csv: column 1 is "name" instead of "id"`)
}

func TestATSVFileIsSeparatedByTabs(t *testing.T) {
	t.Parallel()

	from := open(t, "files", map[string]string{"1.tsv": "id\tname\n1\ta,b\n", "2.TSV": "id,name\n2,b\n"})

	for _, read := range []source.Read{
		{Table: named("1.tsv")},
		{Table: named("1.tsv"), Format: source.Format{Type: "csv"}},
		{Table: named("1.tsv"), Format: source.Format{Separator: "tab"}},
	} {
		records, _, err := from.read(t, read)
		require.NoError(t, err)
		require.Equal(t, []source.Record{{"1", "a,b"}}, records)
	}

	records, _, err := from.read(t, source.Read{Table: named("2.TSV"), Format: source.Format{Separator: ","}})
	require.NoError(t, err)
	require.Equal(t, []source.Record{{"2", "b"}}, records)

	rows, err := from.ReadTable(t.Context(), source.Read{Table: named("1.tsv")})
	require.NoError(t, err)

	_, err = from.WriteTable(t.Context(), source.Write{Table: named("3.tsv"), Mode: source.Replace}, rows)
	require.NoError(t, err)
	require.NoError(t, rows.Close())
	require.Equal(t, from.text(t, "1.tsv"), from.text(t, "3.tsv"))

	typed := source.Format{Type: "csv", Compression: "none"}

	_, copied, err := from.CopyTable(t.Context(), from.Source, source.Read{Table: named("1.tsv"), Format: typed},
		source.Write{Table: named("4.csv"), Mode: source.Replace, Format: typed}, nil)
	require.NoError(t, err)
	require.False(t, copied, "the separators differ")
}

func TestReadTableSkipsEmptyFilesOfAPattern(t *testing.T) {
	t.Parallel()

	from := open(t, "files", map[string]string{
		"0.ndjson": "", "1.ndjson": "{\"id\":\"1\"}\n", "2.ndjson": "", "3.ndjson": "", "4.ndjson": "{\"id\":\"4\"}\n", "5.ndjson": "",
	})

	for _, test := range []struct {
		name    string
		records []source.Record
	}{
		{"*.ndjson", []source.Record{{"1"}, {"4"}}},
		{"[023].ndjson", nil},
		{"[0234].ndjson", []source.Record{{"4"}}},
	} {
		records, _, err := from.read(t, source.Read{Table: named(test.name)})
		require.NoError(t, err)
		require.Equal(t, test.records, records)
	}

	rows, err := from.ReadTable(t.Context(), source.Read{Table: named("[01]*")})
	require.NoError(t, err)
	require.Equal(t, []string{"id"}, rows.Schema().Names())
	require.NoError(t, rows.Close())
}

func TestReadTableOpensOneFileAtATime(t *testing.T) {
	t.Parallel()

	from := open(t, "files", map[string]string{"1.csv": "id\n1\n", "2.csv": "id\n2\n", "3.csv": "id\n3\n"})

	rows, err := from.ReadTable(t.Context(), source.Read{Table: named("*.csv")})
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	require.NoError(t, err)

	// The files that matched at first are read: a removed file is an error, a new one is ignored.
	require.NoError(t, os.Remove(filepath.Join(from.path, "2.csv")))
	require.NoError(t, os.WriteFile(filepath.Join(from.path, "4.csv"), []byte("id\n4\n"), 0o600))

	// The error persists, so that a caller that continues can't lose the file unnoticed.
	for range 2 {
		_, err = rows.Next(t.Context())
		requireProblem(t, err, source.CodeTableNotFound, "2.csv", "there is no such file")
	}

	require.NoError(t, rows.Close())
	require.NoError(t, rows.Close())
}
