package e2e_test

import (
	"archive/zip"
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
)

// publicDataSet is a well-known data set, not made for tests, as a Debian package installs it.
type publicDataSet struct {
	pkg, path     string
	parse         func(t *testing.T, text string) table // With the standard library only.
	text          func(text string) string              // The part of the file for the app; nil for the whole file.
	load          object                                // The parameters that read the file.
	types         object                                // The types of the columns, for formats without types.
	encodingError string                                // The error about a character outside of Windows-1252; empty if there is none.

	// A query of the data with its result, which can be checked by hand.
	query  string
	result []any
}

// table is a parsed data set.
type table struct {
	columns []string
	records [][]any
}

// form is a table that the data is written to and read from.
type form struct {
	source, table string
	format        object // If the name of the table does not determine it.
	secondSource  string // A further source that the table is read from.
	unordered     bool   // Whether the source does not preserve the order of the records.
}

// forms has every format, every compression, and every source.
var forms = map[string]form{
	"csv":        {source: "files", table: "data.csv", secondSource: "web"},
	"csv_latin":  {source: "files", table: "latin.csv", format: object{"separator": ";", "encoding": "windows-1252"}},
	"csv_gz":     {source: "files", table: "data.txt.gz", format: object{"type": "csv", "separator": "tab", "encoding": "utf-16"}},
	"json":       {source: "files", table: "data.json", secondSource: "web"},
	"ndjson_zst": {source: "files", table: "data.ndjson.zst"},
	"xml":        {source: "files", table: "data.xml", secondSource: "web"},
	"xlsx":       {source: "files", table: "data.xlsx"},
	"parquet":    {source: "files", table: "data.parquet"},
	"s3":         {source: "lake", table: "data.json.zip"},
	"sqlite":     {source: "other", table: "data", unordered: true},
	"postgres":   {source: "warehouse", table: "data", unordered: true},
	"mariadb":    {source: "shop", table: "data", unordered: true},
}

// forms returns the forms that can represent the data.
func (p publicDataSet) forms() map[string]form {
	possible := maps.Clone(forms)
	if p.encodingError != "" {
		delete(possible, "csv_latin")
	}

	return possible
}

// readings returns the tables that a form is read into, by the source that it is read from.
func (f form) readings(name string) map[string]string {
	tables := map[string]string{f.source: "from_" + name}
	if f.secondSource != "" {
		tables[f.secondSource] = "from_" + name + "_" + f.secondSource
	}

	return tables
}

var publicData = map[string]publicDataSet{
	"countries": {
		pkg: "iso-codes", path: "/usr/share/iso-codes/json/iso_3166-1.json",
		parse: parseObjects("3166-1"), load: object{"format": object{"records": "3166-1"}},
		encodingError: `column "flag": the encoding windows-1252 does not have the character "🇦"`,
		query:         "SELECT count(*) AS countries, min(name) AS first, max(name) AS last FROM from_csv",
		result:        []any{object{"countries": 249.0, "first": "Afghanistan", "last": "Åland Islands"}},
	},
	"parts of countries": {
		pkg: "iso-codes", path: "/usr/share/iso-codes/json/iso_3166-2.json",
		parse: parseObjects("3166-2"), load: object{"format": object{"records": "3166-2"}},
		encodingError: `column "name": the encoding windows-1252 does not have the character "ā"`,
		query:         "SELECT count(*) AS cantons FROM from_parquet WHERE code LIKE 'CH-%'",
		result:        []any{object{"cantons": 26.0}},
	},
	"languages": {
		pkg: "iso-codes", path: "/usr/share/iso-codes/json/iso_639-3.json",
		parse: parseObjects("639-3"), load: object{"format": object{"records": "639-3"}},
		encodingError: `column "name": the encoding windows-1252 does not have the character "ɛ"`,
		query:         "SELECT alpha_3, name FROM from_xlsx WHERE alpha_2 IN ('de', 'fr') ORDER BY alpha_2",
		result:        []any{object{"alpha_3": "deu", "name": "German"}, object{"alpha_3": "fra", "name": "French"}},
	},
	"countries with time zones": {
		pkg: "tzdata", path: "/usr/share/zoneinfo/iso3166.tab", text: withoutComments,
		parse: parseLines("\t", "code", "name"),
		load: object{
			"format": object{"type": "csv", "separator": "tab", "quote": "none", "header": false},
			"rename": object{"column1": "code", "column2": "name"},
		},
		query:  "SELECT name FROM from_postgres WHERE code IN ('CW', 'ZM') ORDER BY code",
		result: []any{object{"name": "Curaçao"}, object{"name": "Zambia"}},
	},
	"characters": {
		pkg: "unicode-data", path: "/usr/share/unicode/UnicodeData.txt",
		parse: parseCharacters,
		load: object{
			"format":      object{"type": "csv", "separator": ";", "quote": "none", "header": false},
			"columnTypes": object{"column4": "integer"}, "rename": renamed(characterColumns),
		},
		types:  object{"combining": "integer"},
		query:  "SELECT category, count(*) AS letters FROM from_xml WHERE code <= '007F' AND category LIKE 'L%' AND length(code) = 4 GROUP BY 1 ORDER BY 1",
		result: []any{object{"category": "Ll", "letters": 26.0}, object{"category": "Lu", "letters": 26.0}},
	},
	"words": {
		pkg: "wamerican", path: "/usr/share/dict/american-english",
		parse: parseLines("\n", "word"),
		load: object{
			"format": object{"type": "csv", "quote": "none", "header": false}, "rename": object{"column1": "word"},
		},
		query:  "SELECT word FROM from_json WHERE word LIKE 'Ång%' OR word LIKE 'zyg%' ORDER BY word",
		result: []any{object{"word": "zygote"}, object{"word": "zygote's"}, object{"word": "zygotes"}, object{"word": "Ångström"}, object{"word": "Ångström's"}},
	},
}

func TestPublicDataRoundTripsThroughEveryFormat(t *testing.T) {
	t.Parallel()

	for name, data := range publicData {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			text := readPackageFile(t, data.path, data.pkg)
			if data.text != nil {
				text = data.text(text)
			}

			want := data.parse(t, text)
			appID := newApp(t, data.app(t, text))

			got := api().execute(t, with(runScenario(appID, "Load", object{}), object{"waitSeconds": 300}))
			require.Equal(t, http.StatusOK, got.status, got.text)
			require.Equal(t, data.result, recordsOf(t, got.result(t), 0))

			db := stageOf(t, appID)

			for name, form := range data.forms() {
				for _, table := range form.readings(name) {
					want.requireEqual(t, db, table)
				}
			}
		})
	}
}

func TestPublicDataOutsideOfAnEncodingIsRejected(t *testing.T) {
	t.Parallel()

	for name, data := range publicData {
		if data.encodingError == "" {
			continue
		}

		t.Run(name, func(t *testing.T) {
			t.Parallel()

			appID := newApp(t, data.appWith(t, readPackageFile(t, data.path, data.pkg),
				object{"opName": "LoadTableFromSource", "opParams": data.loadParameters(forms["csv_latin"]), "onError": "continue", "name": "load"},
				object{"opName": "Return", "opParams": object{"value": "${steps.load.error.message}"}},
			))

			got := api().execute(t, runScenario(appID, "Load", object{}))
			require.Equal(t, http.StatusOK, got.status, got.text)
			require.Contains(t, got.result(t)["value"], data.encodingError)
		})
	}
}

// The lines of a file are spread over the members of a ZIP file, in order.
func TestPublicDataInAZipFile(t *testing.T) {
	t.Parallel()

	data := publicData["countries with time zones"]
	text := data.text(readPackageFile(t, data.path, data.pkg))
	want := data.parse(t, text)
	lines := slices.Collect(strings.Lines(text))

	var archive bytes.Buffer

	members := zip.NewWriter(&archive)

	for name, content := range map[string][]string{
		"tab/3.tab": lines[200:], "tab/1.tab": lines[:100], "tab/2.tab": lines[100:200], "__MACOSX/tab/._1.tab": {"\x00"}, "tab/": nil,
	} {
		member, err := members.Create(name)
		require.NoError(t, err)
		_, err = member.Write([]byte(strings.Join(content, "")))
		require.NoError(t, err)
	}

	require.NoError(t, members.Close())

	into := func(table string, format object) object {
		return object{"opName": "LoadTableFromSource", "opParams": with(data.load, object{
			"source": "files", "table": path.Base(data.path), "targetSource": "stage", "targetTable": table,
			"format": with(data.load["format"].(object), format), "recordOrderColumn": "position",
		})}
	}
	appID := newApp(t, data.appWith(t, archive.String(),
		into("everything", object{"compression": "zip"}), into("one", object{"compression": "zip", "member": "*/2.*"})))

	got := api().execute(t, runScenario(appID, "Load", object{}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	db := stageOf(t, appID)
	want.requireEqual(t, db, "everything")
	table{want.columns, want.records[100:200]}.requireEqual(t, db, "one")
}

// stageOf opens the database of an app that its scenario loads.
func stageOf(t *testing.T, appID string) *sql.DB {
	t.Helper()

	db, err := sql.Open("sqlite", "file:"+filepath.Join(shared.dir, "apps", appID, "stage.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })

	return db
}

// readPackageFile reads a file of a Debian package. Without the package, the test is skipped, but fails on a build server.
func readPackageFile(t *testing.T, file, pkg string) string {
	t.Helper()

	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("CI") != "true" {
		t.Skipf("%s is not installed here; install the package %s", file, pkg)
	}

	require.NoError(t, err)

	return string(text)
}

// app returns an app with the file and a scenario that loads it through every form into a database.
func (p publicDataSet) app(t *testing.T, text string) map[string]string {
	t.Helper()

	branches := object{}

	for name, form := range p.forms() {
		into := p.loadParameters(form)
		if form.unordered { // The number of a record shows its original position.
			into["recordOrderColumn"] = "position"
		}

		steps := []object{{"title": "Into " + name, "opName": "LoadTableFromSource", "opParams": into}}

		for source, table := range form.readings(name) {
			back := object{"source": source, "table": form.table, "targetSource": "stage", "targetTable": table}

			if !form.unordered {
				back["recordOrderColumn"] = "position"
			}

			if form.format != nil {
				back["format"] = form.format
			}

			if p.types != nil {
				back["columnTypes"] = p.types
			}

			steps = append(steps, object{
				"title": "Out of " + name + " from " + source, "opName": "LoadTableFromSource", "opParams": back,
			})
		}

		branches[name] = steps
	}

	return p.appWith(t, text,
		object{"opName": "Parallel", "opParams": object{"branches": branches, "maxConcurrency": 2, "collectErrors": true}},
		object{"opName": "Transform", "opParams": object{"source": "stage", "query": p.query, "returnResult": true}},
	)
}

// loadParameters returns the parameters of the step that loads the file into a form.
func (p publicDataSet) loadParameters(f form) object {
	into := with(p.load, object{
		"source": "files", "table": path.Base(p.path), "targetSource": f.source, "targetTable": f.table,
	})
	if f.format != nil {
		into["targetFormat"] = f.format
	}

	return into
}

// appWith returns an app with the file, all sources, and a scenario with the steps. An HTTP server serves its folder of files,
// too.
func (p publicDataSet) appWith(t *testing.T, text string, steps ...object) map[string]string {
	t.Helper()

	files := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(files, path.Base(p.path)), []byte(text), 0o600))

	web := httptest.NewServer(http.FileServer(http.Dir(files)))
	t.Cleanup(web.Close)

	scenario, err := json.Marshal(object{"steps": steps})
	require.NoError(t, err)

	manifest, err := json.Marshal(object{"sources": object{
		"files": object{"kind": "FileSource", "path": files}, "web": object{"kind": "HTTPSource", "url": web.URL},
		"lake":  with(testserver.S3(t).Options(), object{"kind": "AWSS3Source", "secretAccessKey": "${env:JOBWRIGHT_S3_SECRET}"}),
		"stage": object{"kind": "SQLiteSource"}, "other": object{"kind": "SQLiteSource"},
		"warehouse": object{"kind": "PgSQLSource", "connStr": testserver.PostgreSQL(t)},
		"shop":      object{"kind": "MySQLSource", "connStr": testserver.MariaDB(t)},
	}})
	require.NoError(t, err)

	return map[string]string{"app.yaml": string(manifest), "scenarios/Load.json": string(scenario)}
}

// requireEqual verifies that a table of a database has the columns and the records, in this order.
func (want table) requireEqual(t *testing.T, db *sql.DB, name string) {
	t.Helper()

	rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+name+" ORDER BY position")
	require.NoError(t, err)

	defer func() { require.NoError(t, rows.Close()) }()

	columns, err := rows.Columns()
	require.NoError(t, err)
	require.ElementsMatch(t, append(slices.Clone(want.columns), "position"), columns, name)

	got, into := make([]any, len(columns)), make([]any, len(columns))

	for i, column := range columns { // The index in the expected record; the position is last.
		at := slices.Index(want.columns, column)
		if at < 0 {
			at = len(columns) - 1
		}

		into[i] = &got[at]
	}

	for i, record := range want.records {
		require.True(t, rows.Next(), "%s ends before record %d", name, i+1)
		require.NoError(t, rows.Scan(into...))

		if record = append(slices.Clip(record), int64(i+1)); !slices.Equal(record, got) {
			require.Equal(t, record, got, "%s, record %d", name, i+1) // The message shows the difference.
		}
	}

	require.False(t, rows.Next(), "%s has more than %d records", name, len(want.records))
	require.NoError(t, rows.Err())
}

// parseObjects parses a JSON document: an object with a list of objects of texts, which may lack fields.
func parseObjects(list string) func(t *testing.T, text string) table {
	return func(t *testing.T, text string) table {
		t.Helper()

		var document map[string][]map[string]string
		require.NoError(t, json.Unmarshal([]byte(text), &document))

		var parsed table

		for _, fields := range document[list] {
			for name := range fields {
				if !slices.Contains(parsed.columns, name) {
					parsed.columns = append(parsed.columns, name)
				}
			}
		}

		for _, fields := range document[list] {
			record := make([]any, len(parsed.columns))

			for i, name := range parsed.columns {
				if text, has := fields[name]; has {
					record[i] = text
				}
			}

			parsed.records = append(parsed.records, record)
		}

		require.NotEmpty(t, parsed.records)

		return parsed
	}
}

// parseLines parses lines with a field for every column. An empty field is NULL.
func parseLines(separator string, columns ...string) func(t *testing.T, text string) table {
	return func(t *testing.T, text string) table {
		t.Helper()

		parsed := table{columns: columns}

		for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
			var record []any

			for field := range strings.SplitSeq(line, separator) {
				if field == "" {
					record = append(record, nil)
				} else {
					record = append(record, field)
				}
			}

			require.Len(t, record, len(columns), line)

			parsed.records = append(parsed.records, record)
		}

		return parsed
	}
}

// characterColumns are the fields of UnicodeData.txt, by Unicode Standard Annex #44.
var characterColumns = []string{
	"code", "name", "category", "combining", "bidi", "decomposition", "decimal_digit", "digit", "numeric_value", "mirrored",
	"old_name", "comment", "upper", "lower", "title",
}

func parseCharacters(t *testing.T, text string) table {
	t.Helper()

	parsed := parseLines(";", characterColumns...)(t, text)
	combining := slices.Index(characterColumns, "combining")

	for _, record := range parsed.records {
		class, err := strconv.ParseInt(record[combining].(string), 10, 64)
		require.NoError(t, err)

		record[combining] = class
	}

	return parsed
}

// renamed returns the names of the columns of a file without a header.
func renamed(names []string) object {
	all := object{}
	for i, name := range names {
		all["column"+strconv.Itoa(i+1)] = name
	}

	return all
}

// withoutComments removes the comments of a file of tzdata.
func withoutComments(text string) string {
	var lines strings.Builder

	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			lines.WriteString(line)
		}
	}

	return lines.String()
}
