package openlineage_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/openlineage"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/kind"
)

func TestDatasetsHaveTheNamesOfOpenLineage(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		kind            string
		options         map[string]any
		space, table    string
		namespace, name string
	}{
		{kind.PgSQLSource, map[string]any{"connStr": "postgres://u:p@db.example.com/d"}, "s", "t", "postgres://db.example.com:5432", "d.s.t"},
		{kind.PgSQLSource, map[string]any{"connStr": "host=db port=5433 dbname=d user=u"}, "", "t", "postgres://db:5433", "d.t"},
		{kind.PgSQLSource, map[string]any{"connStr": "${env:X}"}, "s", "t", "jobwright://7/x", "s.t"},
		{kind.PgSQLSource, map[string]any{"connStr": "host=/run/postgresql dbname=d"}, "", "t", "jobwright://7/x", "t"},
		{kind.MySQLSource, map[string]any{"connStr": "u:p@tcp(db.example.com:3307)/d"}, "", "t", "mysql://db.example.com:3307", "d.t"},
		{kind.MySQLSource, map[string]any{"connStr": "tcp(db)/d"}, "other", "t", "mysql://db:3306", "other.t"},
		{kind.MySQLSource, map[string]any{"connStr": "mysql://db/d"}, "", "t", "mysql://db:3306", "d.t"},
		{kind.MySQLSource, map[string]any{"connStr": "unix(/x.sock)/d"}, "", "t", "jobwright://7/x", "t"},
		{kind.AWSS3Source, map[string]any{"bucket": "b", "prefix": "in"}, "f", "a.csv", "s3://b", "in/f/a.csv"},
		{kind.FileSource, map[string]any{"path": "/srv/in"}, "f", "a.csv", "file", "/srv/in/f/a.csv"},
		{kind.FileSource, map[string]any{"path": "files"}, "", "a.csv", "jobwright://7/x", "a.csv"},
		{kind.HTTPSource, map[string]any{"url": "https://u:p@shop.example.com/api?k=1"}, "", "orders", "https://shop.example.com", "/api/orders"},
		{kind.HTTPSource, map[string]any{"url": "https://${env:X}"}, "", "orders", "jobwright://7/x", "orders"},
		{kind.SQLiteSource, nil, "", "t", "jobwright://7/x", "t"},
		{"UnknownSource", nil, "s", "t", "jobwright://7/x", "s.t"},
	} {
		params := jsonvalue.Object{"source": "x", "space": test.space, "table": test.table, "targetSource": "x", "targetTable": "u"}
		program := scenario.Program{Entry: "Main", Scenarios: map[string]scenario.Scenario{
			"Main": {Steps: []scenario.Step{{OpName: scenario.OpLoadTableFromSource, OpParams: params}}},
		}}

		event := openlineage.NewEvent("jobs", openlineage.JobRun{AppID: "7", Program: program},
			map[string]source.Definition{"x": {Kind: test.kind, Options: test.options}}, openlineage.State{At: time.Now()})
		require.Len(t, event.Inputs, 1)
		require.Equal(t, [2]string{test.namespace, test.name}, [2]string{event.Inputs[0].Namespace, event.Inputs[0].Name}, test.options)
	}
}
