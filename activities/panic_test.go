package activities_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// panicking is a source with a mistake in it: in its table "at once" or, in any other, in its records.
type panicking struct{ source.Rows }

func openPanicking(context.Context, source.Definition, source.Place) (source.Source, error) {
	return panicking{}, nil
}

func (p panicking) ReadTable(_ context.Context, read source.Read) (source.Rows, error) {
	if read.Table.Name == "at once" {
		panic("a mistake")
	}

	return p, nil
}

func (panicking) Check(context.Context) (string, error) { return "", nil }
func (panicking) Close() error                          { return nil }
func (panicking) Schema() source.Schema {
	return source.Schema{{Name: "a", Standard: source.Standard{Type: source.Text}}}
}
func (panicking) Next(context.Context) (record source.Record, err error) { return record[:1], nil }

func TestPanicIsANonRetryableErrorWithAReference(t *testing.T) {
	t.Parallel()

	for _, table := range []string{"at once", "later"} {
		b := newBenchWith(t, driversWith(openPanicking))
		b.write(t, "app.yaml", manifest+"  panicking: {kind: AWSS3Source, bucket: x}\n")

		_, err := b.run(t, b.LoadTableFromSource, scenario.LoadTableFromSource{
			Source: "panicking", Table: table, TargetSource: "stage", TargetTable: "t",
		})

		var failure *temporal.ApplicationError

		require.ErrorAs(t, err, &failure)
		require.Equal(t, job.CodeInternal, failure.Type())
		require.True(t, failure.NonRetryable())
		require.Regexp(t, `^an internal error occurred; its reference in the worker's log is [0-9a-f-]{36}$`, failure.Message())
	}
}
