package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// Each parameter of a load has an effect on the table that it writes, with the names and the order of its columns, or on its
// outcome.
func TestLoadTableFromSourceParameters(t *testing.T) {
	t.Parallel()

	const (
		typed     = "id,price,rate,born,code\n1,1.50,1.5e-3,1911-06-16,007\n2,,2.0e+1,,12E4\n"
		untouched = `{"records":[{"id":"1","price":"1.50","rate":"1.5e-3","born":"1911-06-16","code":"007"},` + "\n" +
			`{"id":"2","price":null,"rate":"2.0e+1","born":null,"code":"12E4"}]}`
		schema = "SELECT sql FROM sqlite_schema WHERE name = 't'"
	)

	converted := func(columns ...string) []source.Conversion {
		var list []source.Conversion
		for i := 0; i < len(columns); i += 3 {
			list = append(list, source.Conversion{Column: columns[i], From: columns[i+1], To: columns[i+2]})
		}

		return list
	}

	for name, test := range map[string]struct {
		content, script string
		change          func(params *scenario.LoadTableFromSource)
		conversions     []source.Conversion
		query, want     string
	}{
		"no other parameter": {content: typed, want: untouched},
		"inferTypes": {
			content:     typed,
			change:      func(params *scenario.LoadTableFromSource) { params.InferTypes = true },
			conversions: converted("id", "text", "integer", "price", "text", "decimal(15,2)", "rate", "text", "float", "born", "text", "date"),
			want: `{"records":[{"id":1,"price":1.50,"rate":0.0015,"born":"1911-06-16","code":"007"},` + "\n" +
				`{"id":2,"price":null,"rate":20,"born":null,"code":"12E4"}]}`,
		},
		"inferTypes beside columnTypes": {
			content: "a,b\n1,2\n",
			change: func(params *scenario.LoadTableFromSource) {
				params.InferTypes, params.ColumnTypes = true, map[string]source.Standard{"a": {Type: source.Text}}
			},
			conversions: converted("b", "text", "integer"),
			want:        `{"records":[{"a":"1","b":2}]}`,
		},
		"columns": {
			content: "a,b,c\n1,2,3\n",
			change:  func(params *scenario.LoadTableFromSource) { params.Columns = []string{"c", "a"} },
			want:    `{"records":[{"c":"3","a":"1"}]}`,
		},
		"toUpperCase": {
			content: "a b,B\n1,2\n",
			change:  func(params *scenario.LoadTableFromSource) { params.ColumnNames = source.ToUpperCase },
			want:    `{"records":[{"A B":"1","B":"2"}]}`,
		},
		"toLowerCase": {
			content: "A b,B\n1,2\n",
			change:  func(params *scenario.LoadTableFromSource) { params.ColumnNames = source.ToLowerCase },
			want:    `{"records":[{"a b":"1","b":"2"}]}`,
		},
		"rename and recordOrderColumn": {
			content: "A b,B\n1,2\n",
			change: func(params *scenario.LoadTableFromSource) {
				params.ColumnNames, params.Rename, params.RecordOrderColumn = source.Standardize, map[string]string{"B": "Two"}, "n"
			},
			want: `{"records":[{"a_b":"1","Two":"2","n":1}]}`,
		},
		"dropTarget: false retains the definition": {
			content: "id\n1\n", script: "CREATE TABLE t (id INTEGER PRIMARY KEY, at TEXT DEFAULT 'now'); INSERT INTO t VALUES (7, 'x')",
			change: func(params *scenario.LoadTableFromSource) { params.DropTarget = new(bool) },
			query:  schema, want: `{"records":[{"sql":"CREATE TABLE t (id INTEGER PRIMARY KEY, at TEXT DEFAULT 'now')"}]}`,
		},
		"dropTarget: false exchanges the records": {
			content: "id\n1\n", script: "CREATE TABLE t (id INTEGER PRIMARY KEY, at TEXT DEFAULT 'now'); INSERT INTO t VALUES (7, 'x')",
			change: func(params *scenario.LoadTableFromSource) { params.DropTarget = new(bool) },
			want:   `{"records":[{"id":1,"at":"now"}]}`,
		},
		"without it the definition is that of the records": {
			content: "id\n1\n", script: "CREATE TABLE t (id INTEGER PRIMARY KEY)",
			query: schema, want: `{"records":[{"sql":"CREATE TABLE \"t\" (\"id\" TEXT)"}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			b.write(t, "files/t.csv", test.content)

			if test.script != "" {
				b.script(t, test.script)
			}

			params := scenario.LoadTableFromSource{Source: "files", Table: "t.csv", TargetSource: "stage", TargetTable: "t"}
			if test.change != nil {
				test.change(&params)
			}

			outcome, err := b.run(t, b.LoadTableFromSource, params)
			require.NoError(t, err)
			require.Equal(t, test.conversions, outcome.Conversions)

			if test.query == "" {
				test.query = "SELECT * FROM t"
			}

			require.Equal(t, test.want, b.returned(t, scenario.Transform{Source: "stage", Query: test.query}))
		})
	}
}

func TestLoadReportsConversions(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.write(t, "files/t.csv", "n,m\n1.5,2.50\n")

	outcome, err := b.run(t, b.LoadTableFromSource, scenario.LoadTableFromSource{
		Source: "files", Table: "t.csv", TargetSource: "files", TargetTable: "t.parquet", InferTypes: true,
		ColumnTypes: map[string]source.Standard{"n": {Type: source.Decimal}, "m": {Type: source.Decimal, Precision: 3, Scale: 2}},
	})
	require.NoError(t, err)
	require.Equal(t, job.StepOutcome{Rows: 1, Conversions: []source.Conversion{{Column: "n", From: "decimal", To: "STRING"}}}, outcome)
}
