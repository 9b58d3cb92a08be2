package activities_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/pool"
)

// countedSources counts how often each source is requested from a pool, and how many are not released.
type countedSources struct {
	*pool.Pool

	mu   sync.Mutex
	gets map[string]int
	open int
}

func (s *countedSources) Get(
	ctx context.Context, definition source.Definition, place source.Place,
) (source.Source, func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	opened, release, err := s.Pool.Get(ctx, definition, place)
	if err != nil {
		return nil, nil, err
	}

	s.gets[definition.Name]++
	s.open++

	return opened, func() {
		s.mu.Lock()
		defer s.mu.Unlock()

		release()

		s.open--
	}, nil
}

// reset returns the number of requests per source since the last reset, and the number of sources that are not released.
func (s *countedSources) reset() (gets map[string]int, open int) {
	s.mu.Lock()
	defer s.mu.Unlock()

	gets, s.gets = s.gets, map[string]int{}

	return gets, s.open
}

func TestAttemptGetsEachSourceOnceAndReleasesIt(t *testing.T) {
	t.Parallel()

	b := newBenchWith(t, driversWith(openPanicking))
	b.write(t, "files/n.csv", "id,name,founded\n7,\"{}\",x\n8,\"{}\",\n")
	b.write(t, "files/n.json", `[{"id": 9, "name": {"a": 1}}]`)
	b.serve(t, 200, `[{"id":4}]`)

	types := map[string]source.Standard{"id": {Type: source.Integer}, "founded": {Type: source.Date}}
	query := expression.Query{Source: "stage", Query: "SELECT 1"}

	// All steps use the table of the first one.
	for _, test := range []struct {
		name              string
		operation, params any
		gets              map[string]int
	}{
		{"LoadTableFromSource", b.LoadTableFromSource, scenario.LoadTableFromSource{
			Source: "files", Table: "companies.csv", TargetSource: "stage", TargetTable: "companies", ColumnTypes: types,
		}, map[string]int{"files": 1, "stage": 1}},
		{"LoadTableFromSource with rejects", b.LoadTableFromSource, scenario.LoadTableFromSource{
			Source: "files", Table: "n.csv", TargetSource: "stage", TargetTable: "companies", ColumnTypes: types,
			RejectTable: "rejects", Writing: scenario.Writing{Append: true},
		}, map[string]int{"files": 1, "stage": 1}},
		{"LoadTableFromSource of JSON", b.LoadTableFromSource, scenario.LoadTableFromSource{
			Source: "files", Table: "n.json", TargetSource: "stage", TargetTable: "companies",
			RejectTable: "rejects", Writing: scenario.Writing{Append: true},
		}, map[string]int{"files": 1, "stage": 1}},
		{"LoadTableFromSource within a source", b.LoadTableFromSource, scenario.LoadTableFromSource{
			Source: "stage", Table: "companies", TargetSource: "stage", TargetTable: "c", RejectTable: "r",
		}, map[string]int{"stage": 1}},
		{"LoadTableFromSource copying a file", b.LoadTableFromSource, scenario.LoadTableFromSource{
			Source: "files", Table: "companies.csv", TargetSource: "files", TargetTable: "copy.csv",
		}, map[string]int{"files": 1}},
		{"Transform", b.Transform, scenario.Transform{
			Source: "stage", Query: "SELECT * FROM companies", TargetTable: "companies2",
		}, map[string]int{"stage": 1}},
		{"Insert", b.Insert, scenario.Insert{
			Source: "stage", Table: "companies", Given: scenario.Given{FromSource: "stage", Query: "SELECT 10 AS id"},
		}, map[string]int{"stage": 1}},
		{"RunSourceScript", b.RunSourceScript, scenario.RunSourceScript{
			Source: "stage", Script: "CREATE TABLE s (a int)",
		}, map[string]int{"stage": 1}},
		{"LookUp", b.LookUp, job.LookUp{Queries: []expression.Query{query, query, query}}, map[string]int{"stage": 1}},
		{"HTTPRequest", b.HTTPRequest, scenario.HTTPRequest{
			Source: "shop", Path: "/n.json", File: "n.csv", FileSource: "files", TargetSource: "stage", TargetTable: "answer",
		}, map[string]int{"shop": 1, "files": 1, "stage": 1}},
	} {
		_, err := runAs[job.StepOutcome](t, b, test.operation, test.params)
		require.NoError(t, err, test.name)

		gets, open := b.sources.reset()
		require.Equal(t, test.gets, gets, test.name)
		require.Zero(t, open, test.name)
	}

	// The second attempt looks the step up in the ledger first.
	for _, rejectTable := range []string{"", "rejects"} {
		b.lose(t, scenario.LoadTableFromSource{
			Source: "files", Table: "n.csv", TargetSource: "stage", TargetTable: "b" + rejectTable, RejectTable: rejectTable,
		}, func() {})

		found, open := b.sources.reset()
		require.Equal(t, map[string]int{"files": 1, "stage": 2}, found)
		require.Zero(t, open)
	}

	// An attempt that fails or panics releases its sources, too.
	drop := scenario.LoadTableFromSource{Source: "files", Table: "none.csv", TargetSource: "stage", TargetTable: "t"}
	_, err := b.run(t, b.LoadTableFromSource, drop)
	requireFailure(t, err, "source_table_not_found", false, "none.csv")

	b.write(t, "app.yaml", manifest+"  panicking: {kind: AWSS3Source, bucket: x}\n")

	drop.Source, drop.Table = "panicking", "at once"
	_, err = b.run(t, b.LoadTableFromSource, drop)
	requireFailure(t, err, job.CodeInternal, false, "an internal error occurred")

	gets, open := b.sources.reset()
	require.Equal(t, map[string]int{"files": 1, "panicking": 1, "stage": 2}, gets)
	require.Zero(t, open)
}

// rotating is a source of one record that writes a file when its table is read.
type rotating struct {
	panicking

	file, secret string
}

func (r rotating) ReadTable(context.Context, source.Read) (source.Rows, error) {
	return &oneRecord{}, os.WriteFile(r.file, []byte(r.secret), 0o600)
}

// oneRecord is a text.
type oneRecord struct {
	panicking

	isRead bool
}

func (r *oneRecord) Next(context.Context) (source.Record, error) {
	if r.isRead {
		return nil, io.EOF
	}

	r.isRead = true

	return source.Record{"x"}, nil
}

func TestAttemptUsesTheSameSourceAfterASecretIsRotated(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	before, after := filepath.Join(folder, "before"), filepath.Join(folder, "after")

	for _, name := range []string{before, after} {
		require.NoError(t, os.Mkdir(name, 0o750))
	}

	var secret string

	b := newBenchWith(t, driversWith(func(context.Context, source.Definition, source.Place) (source.Source, error) {
		return rotating{file: secret, secret: after}, nil
	}))

	secret = filepath.Join(b.data, "secrets", "jobwright-app-7-folder")
	require.NoError(t, os.MkdirAll(filepath.Dir(secret), 0o750))
	require.NoError(t, os.WriteFile(secret, []byte(before), 0o600))
	b.write(t, "app.yaml", "sources:\n  input: {kind: AWSS3Source, bucket: x}\n  target: {kind: FileSource, path: \"${file:"+secret+"}\"}\n")

	load := scenario.LoadTableFromSource{
		Source: "input", Table: "t", TargetSource: "target", TargetTable: "t.csv", RejectTable: "rejects.csv",
	}

	// The secret is rotated after the attempt has opened its target, and before it writes the target and the rejects.
	_, err := b.run(t, b.LoadTableFromSource, load)
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(before, "t.csv"))
	require.FileExists(t, filepath.Join(before, "rejects.csv"))
	require.Empty(t, list(t, after))

	// The next attempt uses the new secret.
	_, err = b.run(t, b.LoadTableFromSource, load)
	require.NoError(t, err)
	require.Equal(t, []string{"rejects.csv", "t.csv"}, list(t, after))
}

// list returns the names in a folder.
func list(t *testing.T, folder string) (names []string) {
	t.Helper()

	entries, err := os.ReadDir(folder)
	require.NoError(t, err)

	for _, entry := range entries {
		names = append(names, entry.Name())
	}

	return names
}
