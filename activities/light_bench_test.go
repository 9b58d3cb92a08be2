package activities_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// BenchmarkLightQuery measures an attempt of a step that asks an SQLite database for a number, without Temporal.
func BenchmarkLightQuery(b *testing.B) {
	bench := newBench(b)

	before := time.Now().Add(-time.Hour) // So that the catalog need not read app.yaml again.
	require.NoError(b, os.Chtimes(filepath.Join(bench.apps, "7", "app.yaml"), before, before))

	params := scenario.Transform{
		Source: "stage", Query: "SELECT :n AS n", Bind: jsonvalue.Object{"n": int64(7)}, ReturnValue: true,
	}

	var suite testsuite.WorkflowTestSuite

	env := suite.NewTestActivityEnvironment()

	attempts := func(ctx context.Context) error {
		b.ReportAllocs()

		for b.Loop() {
			outcome, err := bench.Transform(ctx, task, params)
			if err != nil {
				return err
			}

			require.EqualValues(b, 1, outcome.Rows)
		}

		return nil
	}

	env.RegisterActivity(attempts)

	_, err := env.ExecuteActivity(attempts)
	require.NoError(b, err)
}
