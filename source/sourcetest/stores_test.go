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

// store is a place for tables.
type store struct {
	kind      string // What it holds values as.
	where     string // Where it is, if that is not all the same.
	extension string // Of its tables, where they are files.
	untyped   bool   // Whether it holds texts alone.

	// What it makes of a value that it holds, where that is not the same; docs/types.md tells of it.
	becomes func(of source.Standard, value any) any

	reader source.Reader
	writer source.Writer
}

func (s store) name() string { return strings.TrimSpace(s.kind + " " + s.where) }

func (s store) table(word string) source.Table { return source.Table{Name: word + s.extension} }

// keyless reports whether a store's records can't be told by a key.
func (s store) keyless() bool { return s.extension != "" }

// stores are all sources, and all formats of files. What is served over HTTP is written to a folder.
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

		if of.kind == "CSV" || of.kind == "Parquet" { // The bytes of the others go the same way.
			of.where, of.reader, of.writer = "in S3", inBucket, inBucket
			all = append(all, of)
		}
	}

	return all
}

// overHTTP is where a store is that can only be read.
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

// inMariaDB is what MariaDB makes of a value: lists are JSON there.
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

// refusals are the values that a store can't hold; docs/types.md tells of them.
var refusals = map[string][]string{
	"PostgreSQL": slices.Concat([]string{`text "a\x00b"`}, finerTimes, []string{`integer[] "[[1] <nil> []]"`}, finerLists),
	"MariaDB":    slices.Concat([]string{`float "NaN"`, `float "+Inf"`, `float "-Inf"`}, finerTimes),
	"SQLite":     {`float "NaN"`},
	"XML":        noCharacters,
	"XLSX":       append(noCharacters, `text "`+strings.Repeat("long ", 8)+`…"`),
	"Parquet": slices.Concat(finerTimes, []string{
		`text[] "[[a b] [c <nil>]]"`, `integer[] "[[[1] [2]] [[<nil>] [-922337203685477580…"`, `integer[] "[[1] <nil> []]"`,
	}, finerLists),
}

// finerTimes are those that are finer than microseconds, and finerLists have some in them.
var (
	finerTimes = []string{
		`time "12h0m0.000000001s"`, `time "23h59m59.999999999s"`,
		`datetime "2024-02-29 12:30:45.000000001 +0000 UTC"`, `datetime "9999-12-31 23:59:59.999999999 +0000 UTC"`,
		`timestamp "2024-02-29 12:30:45.000000001 +0000 UTC"`,
	}
	finerLists = []string{`time[] "[1ns]"`, `datetime[] "[2024-02-29 00:00:00.000000001 +0000 UTC…"`}
)

// noCharacters are the texts with characters that XML does not have.
var noCharacters = []string{`text "a\x00b"`, `text "a\x01b"`, `text "a\x1fb"`, `text "a\ufffeb"`, `text "a\uffffb"`}
