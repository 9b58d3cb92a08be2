package e2e_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
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

// public is data that many use and nobody made for these tests, as a package of Debian's installs it.
type public struct {
	pkg, path string
	parse     func(t *testing.T, text string) table // By the standard library alone.
	text      func(text string) string              // What the app is given of the file; all of it where it is nil.
	load      object                                // How the file is read.
	types     object                                // The types of columns, where a form does not tell them.

	// A question to the data with the answer, which can be checked by hand.
	question string
	answer   []any
}

// table is what was parsed.
type table struct {
	columns []string
	records [][]any
}

// forms are the tables through which the data goes, each with its source: every format, and databases.
var forms = map[string]struct {
	source, table string
	keepsNoOrder  bool
}{
	"csv":        {source: "files", table: "data.csv"},
	"csv_gz":     {source: "files", table: "data.csv.gz"},
	"json":       {source: "files", table: "data.json"},
	"ndjson_zst": {source: "files", table: "data.ndjson.zst"},
	"xml":        {source: "files", table: "data.xml"},
	"xlsx":       {source: "files", table: "data.xlsx"},
	"parquet":    {source: "files", table: "data.parquet"},
	"sqlite":     {source: "other", table: "data", keepsNoOrder: true},
	"postgres":   {source: "warehouse", table: "data", keepsNoOrder: true},
}

var publicData = map[string]public{
	"countries": {
		pkg: "iso-codes", path: "/usr/share/iso-codes/json/iso_3166-1.json",
		parse: parseObjects("3166-1"), load: object{"format": object{"records": "3166-1"}},
		question: "SELECT count(*) AS countries, min(name) AS first, max(name) AS last FROM from_csv",
		answer:   []any{object{"countries": 249.0, "first": "Afghanistan", "last": "Åland Islands"}},
	},
	"parts of countries": {
		pkg: "iso-codes", path: "/usr/share/iso-codes/json/iso_3166-2.json",
		parse: parseObjects("3166-2"), load: object{"format": object{"records": "3166-2"}},
		question: "SELECT count(*) AS cantons FROM from_parquet WHERE code LIKE 'CH-%'",
		answer:   []any{object{"cantons": 26.0}},
	},
	"languages": {
		pkg: "iso-codes", path: "/usr/share/iso-codes/json/iso_639-3.json",
		parse: parseObjects("639-3"), load: object{"format": object{"records": "639-3"}},
		question: "SELECT alpha_3, name FROM from_xlsx WHERE alpha_2 IN ('de', 'fr') ORDER BY alpha_2",
		answer:   []any{object{"alpha_3": "deu", "name": "German"}, object{"alpha_3": "fra", "name": "French"}},
	},
	"countries with time zones": {
		pkg: "tzdata", path: "/usr/share/zoneinfo/iso3166.tab", text: withoutComments,
		parse: parseLines("\t", "code", "name"),
		load: object{
			"format": object{"type": "csv", "separator": "tab", "quote": "none", "header": false},
			"rename": object{"column1": "code", "column2": "name"},
		},
		question: "SELECT name FROM from_postgres WHERE code IN ('CW', 'ZM') ORDER BY code",
		answer:   []any{object{"name": "Curaçao"}, object{"name": "Zambia"}},
	},
	"characters": {
		pkg: "unicode-data", path: "/usr/share/unicode/UnicodeData.txt",
		parse: parseCharacters,
		load: object{
			"format":      object{"type": "csv", "separator": ";", "quote": "none", "header": false},
			"columnTypes": object{"column4": "integer"}, "rename": renamed(characterColumns),
		},
		types:    object{"combining": "integer"},
		question: "SELECT category, count(*) AS letters FROM from_xml WHERE code <= '007F' AND category LIKE 'L%' AND length(code) = 4 GROUP BY 1 ORDER BY 1",
		answer:   []any{object{"category": "Ll", "letters": 26.0}, object{"category": "Lu", "letters": 26.0}},
	},
	"words": {
		pkg: "wamerican", path: "/usr/share/dict/american-english",
		parse: parseLines("\n", "word"),
		load: object{
			"format": object{"type": "csv", "quote": "none", "header": false}, "rename": object{"column1": "word"},
		},
		question: "SELECT word FROM from_json WHERE word LIKE 'Ång%' OR word LIKE 'zyg%' ORDER BY word",
		answer:   []any{object{"word": "zygote"}, object{"word": "zygote's"}, object{"word": "zygotes"}, object{"word": "Ångström"}, object{"word": "Ångström's"}},
	},
}

func TestPublicDataComesBackEqualFromEveryForm(t *testing.T) {
	t.Parallel()

	for name, data := range publicData {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			text := installed(t, data.path, data.pkg)
			if data.text != nil {
				text = data.text(text)
			}

			want := data.parse(t, text)
			appID := newApp(t, data.app(t, text))

			got := api().execute(t, with(runScenario(appID, "Load", object{}), object{"waitSeconds": 300}))
			require.Equal(t, http.StatusOK, got.status, got.text)
			require.Equal(t, data.answer, recordsOf(t, got.result(t), 0))

			db, err := sql.Open("sqlite", "file:"+filepath.Join(shared.dir, "apps", appID, "stage.db"))
			require.NoError(t, err)

			defer func() { require.NoError(t, db.Close()) }()

			for form := range forms {
				want.requireEqual(t, db, "from_"+form)
			}
		})
	}
}

// installed reads a file of a package. On a build server it is there: nobody would notice a test that never runs.
func installed(t *testing.T, file, pkg string) string {
	t.Helper()

	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("CI") != "true" {
		t.Skipf("%s is not installed here; install the package %s", file, pkg)
	}

	require.NoError(t, err)

	return string(text)
}

// app has the file, and a scenario that takes it through every form into a database.
func (p public) app(t *testing.T, text string) map[string]string {
	t.Helper()

	original := path.Base(p.path)
	branches := object{}

	for form, through := range forms {
		into := with(p.load, object{
			"source": "files", "table": original, "targetSource": through.source, "targetTable": through.table,
		})
		back := object{
			"source": through.source, "table": through.table, "targetSource": "stage", "targetTable": "from_" + form,
		}

		if p.types != nil {
			back["columnTypes"] = p.types
		}

		// The number of a record shows whether it came back in its place.
		if through.keepsNoOrder {
			into["recordOrderColumn"] = "position"
		} else {
			back["recordOrderColumn"] = "position"
		}

		branches[form] = []object{
			{"title": "Into " + form, "opName": "LoadTableFromSource", "opParams": into},
			{"title": "Out of " + form, "opName": "LoadTableFromSource", "opParams": back},
		}
	}

	scenario, err := json.Marshal(object{"steps": []object{
		{"opName": "Parallel", "opParams": object{"branches": branches, "maxConcurrency": 2, "collectErrors": true}},
		{"opName": "Transform", "opParams": object{"source": "stage", "query": p.question, "returnResult": true}},
	}})
	require.NoError(t, err)

	manifest, err := json.Marshal(object{"sources": object{
		"files": object{"kind": "FileSource", "path": "files"},
		"stage": object{"kind": "SQLiteSource"}, "other": object{"kind": "SQLiteSource"},
		"warehouse": object{"kind": "PgSQLSource", "connStr": testserver.PostgreSQL(t)},
	}})
	require.NoError(t, err)

	return map[string]string{
		"app.yaml": string(manifest), "scenarios/Load.json": string(scenario), "files/" + original: text,
	}
}

// requireEqual holds that a table of a database has the columns and the records, and these in their order.
func (want table) requireEqual(t *testing.T, db *sql.DB, name string) {
	t.Helper()

	rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+name+" ORDER BY position")
	require.NoError(t, err)

	defer func() { require.NoError(t, rows.Close()) }()

	columns, err := rows.Columns()
	require.NoError(t, err)
	require.ElementsMatch(t, append(slices.Clone(want.columns), "position"), columns, name)

	got, into := make([]any, len(columns)), make([]any, len(columns))

	for i, column := range columns { // Where the expected record has it, the position at the end.
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
			require.Equal(t, record, got, "%s, record %d", name, i+1) // It shows the difference.
		}
	}

	require.False(t, rows.Next(), "%s has more than %d records", name, len(want.records))
	require.NoError(t, rows.Err())
}

// parseObjects parses a document of JSON: an object with a list of objects of texts, which need not all have each field.
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

// parseLines parses a text of lines, each with a field for every column. A field without anything is NULL.
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

// renamed gives the columns of a file without names their names.
func renamed(names []string) object {
	all := object{}
	for i, name := range names {
		all["column"+strconv.Itoa(i+1)] = name
	}

	return all
}

// withoutComments drops the lines that are none of the table: a file of tzdata says in them what it is.
func withoutComments(text string) string {
	var kept strings.Builder

	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			kept.WriteString(line)
		}
	}

	return kept.String()
}
