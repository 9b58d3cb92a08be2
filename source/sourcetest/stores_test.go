package sourcetest_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/file"
	"github.com/jobwright/jobwright/source/mysql"
	"github.com/jobwright/jobwright/source/postgres"
	"github.com/jobwright/jobwright/source/s3"
	"github.com/jobwright/jobwright/source/sourcetest"
	"github.com/jobwright/jobwright/source/sqlite"
	"github.com/jobwright/jobwright/source/web"
)

// store is a source, or a format of files in a source.
type store struct {
	kind      string // The database or the format.
	where     string // The source of the files, if the test uses several.
	extension string // The extension of the names of tables, if they are files.
	untyped   bool   // Whether it stores only text.

	// becomes returns the value that is read after a value was written, as docs/types.md documents.
	becomes func(of source.Standard, value any) any

	reader source.Reader
	writer source.Writer
}

func (s store) name() string { return strings.TrimSpace(s.kind + " " + s.where) }

func (s store) table(word string) source.Table { return source.Table{Name: word + s.extension} }

// keyless reports whether a store does not support keys.
func (s store) keyless() bool { return s.extension != "" }

// stores returns all sources and all formats of files. The files that are read over HTTP are written to a folder.
func stores(t *testing.T) []store {
	t.Helper()

	place := source.Place{AppDir: t.TempDir(), DataDir: t.TempDir()}

	folder := func(name string) sourcetest.Store {
		require.NoError(t, os.Mkdir(filepath.Join(place.AppDir, name), 0o750))

		return open(t, file.Open, place, map[string]any{"path": name}).(sourcetest.Store)
	}

	bucket := testserver.S3(t).Options()
	bucket["region"] = testserver.S3Region

	listening := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(place.AppDir, "served"))))
	t.Cleanup(listening.Close)

	database := func(kind string, becomes func(source.Standard, any) any, driver source.Open, options map[string]any) store {
		opened := open(t, driver, place, options).(sourcetest.Store)

		return store{kind: kind, becomes: becomes, reader: opened, writer: opened}
	}

	all := []store{
		database("PostgreSQL", sourcetest.InUTC, postgres.Open, map[string]any{"connStr": testserver.PostgreSQL(t)}),
		database("MariaDB", inMariaDB, mysql.Open, map[string]any{"connStr": testserver.MariaDB(t)}),
		database("SQLite", sourcetest.UnsignedZero, sqlite.Open, nil),
	}

	inFolder, inBucket, served := folder("files"), open(t, s3.Open, place, bucket).(sourcetest.Store), folder("served")
	server := open(t, web.Open, place, map[string]any{"url": listening.URL}).(source.Reader)

	for _, of := range formats {
		of.reader, of.writer = inFolder, inFolder
		all = append(all, of)

		of.where, of.reader, of.writer = overHTTP, server, served
		all = append(all, of)

		if of.kind == "CSV" || of.kind == "Parquet" { // The bytes of the other formats are stored in the same way.
			of.where, of.reader, of.writer = "in S3", inBucket, inBucket
			all = append(all, of)
		}
	}

	return all
}

// overHTTP is the place of stores that can only be read.
const overHTTP = "over HTTP"

var formats = []store{
	{kind: "CSV", extension: ".csv", untyped: true, becomes: same},
	{kind: "JSON", extension: ".json.gz", untyped: true, becomes: sourcetest.NullAsNULL},
	{kind: "NDJSON", extension: ".ndjson.zst", untyped: true, becomes: sourcetest.NullAsNULL},
	{kind: "XML", extension: ".xml", untyped: true, becomes: same},
	{kind: "XLSX", extension: ".xlsx", untyped: true, becomes: same},
	{kind: "Parquet", extension: ".parquet", becomes: sourcetest.InUTC},
}

func same(_ source.Standard, value any) any { return value }

// inMariaDB returns the value as MariaDB returns it. Lists are stored as JSON.
func inMariaDB(of source.Standard, value any) any {
	if of.Type == source.Array {
		return value
	}

	return sourcetest.InUTC(of, sourcetest.UnsignedZero(of, value))
}

func open(t *testing.T, driver source.Open, place source.Place, options map[string]any) source.Source {
	t.Helper()

	opened, err := driver(t.Context(), source.Definition{Name: "store", Options: options}, place)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })

	return opened
}

// rejections are the values that a store rejects, as docs/types.md documents.
var rejections = map[string][]string{
	"PostgreSQL": slices.Concat([]string{`text "a\x00b"`}, finerTimes, []string{`integer[] "[[1] <nil> []]"`}, finerLists),
	"MariaDB":    slices.Concat([]string{`float "NaN"`, `float "+Inf"`, `float "-Inf"`}, finerTimes),
	"SQLite":     {`float "NaN"`},
	"XML":        invalidCharacters,
	"XLSX":       append(invalidCharacters, `text "`+strings.Repeat("long ", 8)+`…"`),
	"Parquet": slices.Concat(finerTimes, []string{
		`text[] "[[a b] [c <nil>]]"`, `integer[] "[[[1] [2]] [[<nil>] [-922337203685477580…"`, `integer[] "[[1] <nil> []]"`,
	}, finerLists),
}

// finerTimes are times with digits finer than a microsecond, and finerLists are lists of such times.
var (
	finerTimes = []string{
		`time "12h0m0.000000001s"`, `time "23h59m59.999999999s"`,
		`datetime "2024-02-29 12:30:45.000000001 +0000 UTC"`, `datetime "9999-12-31 23:59:59.999999999 +0000 UTC"`,
		`timestamp "2024-02-29 12:30:45.000000001 +0000 UTC"`,
	}
	finerLists = []string{`time[] "[1ns]"`, `datetime[] "[2024-02-29 00:00:00.000000001 +0000 UTC…"`}
)

// invalidCharacters are the texts with characters that are invalid in XML.
var invalidCharacters = []string{`text "a\x00b"`, `text "a\x01b"`, `text "a\x1fb"`, `text "a\ufffeb"`, `text "a\uffffb"`}
