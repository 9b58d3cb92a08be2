package activities_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

func TestLookUpReturnsFirstCellOfEachQuery(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.load(t)

	queries := []struct {
		query string
		bind  jsonvalue.Object
		want  any
	}{
		{query: "SELECT max(id), name FROM companies", want: int64(3)},
		{query: "SELECT id AS a, name AS a FROM companies ORDER BY id DESC", want: int64(3)},
		{query: "SELECT name FROM companies WHERE id = :id", bind: jsonvalue.Object{"id": int64(2)}, want: "SAP"},
		{query: "SELECT founded FROM companies WHERE id = 1", want: "1911-06-16"},
		{query: "SELECT founded FROM companies WHERE id = 3", want: nil},
		{query: "SELECT id FROM companies WHERE id = 4", want: nil},
		{query: "SELECT 9223372036854775807", want: int64(9223372036854775807)},
		{query: "SELECT 3.0", want: 3.0},
		{query: "SELECT 1e300 * 1e300", want: "Infinity"},
		{query: "SELECT 'é\U0001F980<&'", want: "é\U0001F980<&"},
		{query: "SELECT x'00ff'", want: "AP8="},
	}

	request := job.LookUp{}
	want := []jsonvalue.Value{}

	for _, row := range queries {
		request.Queries = append(request.Queries, expression.Query{Source: "stage", Query: row.query, Bind: row.bind})
		want = append(want, jsonvalue.Value{Any: row.want})
	}

	found, err := runAs[job.Found](t, b, b.LookUp, request)
	require.NoError(t, err)
	require.Equal(t, want, found.Cells)
}

func TestLookUpReportsQueryErrors(t *testing.T) {
	t.Parallel()

	large := "SELECT '" + strings.Repeat("x", 100<<10) + "'"

	for _, test := range []struct {
		name, code string
		retried    bool
		message    string
		queries    []expression.Query
	}{
		{"wrong SQL", "source_query_invalid", false, "syntax error", []expression.Query{{Source: "stage", Query: "SELEKT 1"}}},
		{"no such source", "app_invalid", true, `no source named "nowhere"`, []expression.Query{{Source: "nowhere", Query: "SELECT 1"}}},
		{"a source of files", "source_operation_unsupported", false, "can't be queried", []expression.Query{{Source: "files", Query: "SELECT 1"}}},
		{"text that is not UTF-8", "source_record_invalid", false, `source "stage": record 1, column "a"`, []expression.Query{{Source: "stage", Query: "SELECT CAST(x'ff' AS TEXT) AS a"}}},
		{
			"more than a job can hold", "limit_exceeded", false, "at most 262144 bytes",
			[]expression.Query{{Source: "stage", Query: large}, {Source: "stage", Query: large}, {Source: "stage", Query: large}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)

			_, err := runAs[job.Found](t, b, b.LookUp, job.LookUp{Queries: test.queries})
			requireFailure(t, err, test.code, test.retried, test.message)
		})
	}
}
