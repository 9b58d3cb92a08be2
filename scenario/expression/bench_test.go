package expression_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// benchScope is the scope of a step within a loop within a branch.
func benchScope() *scenario.Scope {
	parameters := jsonvalue.Object{"country": "DE", "from": "2026-01-01", "limit": int64(100)}
	outer := scenario.NewScope(scenario.JobScope{ID: "job", AppID: "7", Scenario: "Main"}, nil, parameters)
	steps := jsonvalue.Object{}

	for _, name := range []string{"load", "check", "send"} {
		steps[name] = map[string]any(scenario.EmptyOutcome("Transform"))
	}

	return outer.Inner(jsonvalue.Object{"count": int64(0)}, steps).
		Inner(jsonvalue.Object{"item": map[string]any{"id": int64(7), "name": "a"}, "index": int64(3)}, jsonvalue.Object{})
}

// BenchmarkExpression measures the evaluation of compiled expressions.
func BenchmarkExpression(b *testing.B) {
	moment := expression.Moment{Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Seed: "job/4.steps[17].2"}

	for _, one := range []struct{ name, text string }{
		{"Literal", "SELECT 1"},
		{"Name", "${count}"},
		{"Arithmetic", "${count + 1}"},
		{"Comparison", "${count < 100000}"},
		{"Member", "${item.id}"},
		{"Outcome", "${steps.load.rows > 0}"},
		{"Text", "SELECT * FROM ${country} WHERE id = ${item.id} LIMIT ${limit}"},
		{"Now", "${now()}"},
		{"Random", "${random()}"},
		{"Filter", "${filter([1, 2, 3], # > 1)}"},
	} {
		b.Run(one.name, func(b *testing.B) {
			scope := benchScope()

			b.ReportAllocs()

			for b.Loop() {
				_, err := scope.Evaluate(one.text, moment)
				require.NoError(b, err)
			}
		})
	}
}

// BenchmarkExpressionsOfAStep measures resolving the parameters of a step.
func BenchmarkExpressionsOfAStep(b *testing.B) {
	for _, one := range []struct {
		name   string
		params jsonvalue.Object
	}{
		{"SetVariable", jsonvalue.Object{"name": "count", "value": "${count + 1}"}},
		{"Transform", jsonvalue.Object{
			"source": "stage", "query": "SELECT * FROM ${country}", "returnResult": true,
			"bind": map[string]any{"id": "${item.id}", "from": "${from}"},
		}},
	} {
		b.Run(one.name, func(b *testing.B) {
			scope := benchScope()

			b.ReportAllocs()

			for b.Loop() {
				_, err := scope.Resolve(one.name, one.params, expression.Moment{Seed: "job/4.steps[17].2"})
				require.NoError(b, err)
			}
		})
	}
}

// BenchmarkFirstExpression measures the first evaluation of an expression in a run of a scenario, if other runs have evaluated
// it before.
func BenchmarkFirstExpression(b *testing.B) {
	b.ReportAllocs()

	for b.Loop() {
		_, err := benchScope().Evaluate("${count + item.id}", expression.Moment{Seed: "job/1"})
		require.NoError(b, err)
	}
}
