package activities_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// A file without records often has no columns.
func TestLoadOfAFileWithoutColumns(t *testing.T) {
	t.Parallel()

	const there = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, twice INTEGER AS (2 * id)); INSERT INTO t (id) VALUES (1)"

	types := map[string]source.Standard{"id": {Type: source.Integer}, "name": {Type: source.Text}}
	refill, none, one := scenario.Writing{DropTarget: new(bool)}, `{"records":[]}`, `{"records":[{"id":1,"name":null}]}`

	for name, test := range map[string]struct {
		writing scenario.Writing
		types   map[string]source.Standard
		script  string
		shaping scenario.Shaping
		left    string // Empty if the table does not exist.
		mistake string
	}{
		"replace an existing table":              {scenario.Writing{}, nil, there, scenario.Shaping{}, none, ""},
		"replace, with types":                    {scenario.Writing{}, types, "", scenario.Shaping{}, none, ""},
		"replace a missing table":                {scenario.Writing{}, nil, "", scenario.Shaping{}, "", "columnTypes"},
		"refill":                                 {refill, nil, there, scenario.Shaping{}, none, ""},
		"refill, with types":                     {refill, types, there, scenario.Shaping{}, none, ""},
		"refill a missing table":                 {refill, nil, "", scenario.Shaping{}, "", "columnTypes"},
		"append":                                 {scenario.Writing{Append: true}, nil, there, scenario.Shaping{}, one, ""},
		"append, with types":                     {scenario.Writing{Append: true}, types, there, scenario.Shaping{}, one, ""},
		"append to a missing table":              {scenario.Writing{Append: true}, nil, "", scenario.Shaping{}, "", ""},
		"append, with types, to a missing table": {scenario.Writing{Append: true}, types, "", scenario.Shaping{}, none, ""},
		"upsert":                                 {scenario.Writing{Upsert: []string{"id"}}, nil, there, scenario.Shaping{}, one, ""},
		"unknown columns":                        {refill, nil, there, scenario.Shaping{Columns: []string{"id"}, Rename: map[string]string{"id": "x"}}, none, ""},
		"columns of the types": {
			scenario.Writing{}, types, "", scenario.Shaping{Columns: []string{"k", "id"}, Rename: map[string]string{"id": "x"}}, "", `"k"`,
		},
	} {
		for _, feed := range []string{"feed.json", "feed.ndjson"} {
			t.Run(name+" of "+feed, func(t *testing.T) {
				t.Parallel()

				b := newBench(t)
				b.write(t, "files/feed.json", "[]")
				b.write(t, "files/feed.ndjson", "")

				if test.script != "" {
					b.script(t, test.script)
				}

				outcome, err := b.run(t, b.LoadTableFromSource, scenario.LoadTableFromSource{
					Source: "files", Table: feed, TargetSource: "stage", TargetTable: "t",
					ColumnTypes: test.types, Writing: test.writing, Shaping: test.shaping,
				})

				if test.mistake == "" {
					require.NoError(t, err)
					require.Equal(t, job.StepOutcome{}, outcome)
				} else {
					requireFailure(t, err, "source_record_invalid", false, test.mistake)
				}

				if test.left != "" {
					require.JSONEq(t, test.left, b.returned(t, scenario.Transform{Source: "stage", Query: "SELECT id, name FROM t"}))

					return
				}

				_, err = b.run(t, b.Transform, scenario.Transform{Source: "stage", Query: "SELECT * FROM t", ReturnResult: true})
				requireFailure(t, err, "source_table_not_found", false, "no such table")
			})
		}
	}
}

func TestInsertUpdateAndDeleteAcceptNoRecords(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.load(t)

	for _, change := range []struct{ operation, params any }{
		{b.Insert, scenario.Insert{Source: "stage", Table: "companies"}},
		{b.Update, scenario.Update{Source: "stage", Table: "companies", Key: []string{"id"}}},
		{b.Delete, scenario.Delete{Source: "stage", Table: "companies", Key: []string{"id"}}},
	} {
		outcome, err := b.run(t, change.operation, change.params)
		require.NoError(t, err)
		require.Equal(t, job.StepOutcome{}, outcome)
	}
}

func TestLoadOfAFileWithoutColumnsRetainsColumnsOfTheTarget(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.write(t, "files/feed.json", "[]")

	for target, content := range map[string]string{"companies.csv": "id,name,founded\n", "feed.ndjson": ""} {
		_, err := b.run(t, b.LoadTableFromSource, scenario.LoadTableFromSource{
			Source: "files", Table: "feed.json", TargetSource: "files", TargetTable: target,
		})
		require.NoError(t, err)

		written, err := os.ReadFile(filepath.Join(b.apps, "7", "files", target))
		require.NoError(t, err)
		require.Equal(t, content, string(written))
	}
}
