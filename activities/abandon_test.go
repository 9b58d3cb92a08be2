package activities_test

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// stuck is a source whose records ignore their context until the source is released.
type stuck struct{ reading, released, closed chan struct{} }

func (s *stuck) ReadTable(context.Context, source.Read) (source.Rows, error) { return s, nil }
func (s *stuck) Check(context.Context) (string, error)                       { return "", nil }

func (s *stuck) Schema() source.Schema {
	return source.Schema{{Name: "a", Standard: source.Standard{Type: source.Text}}}
}

func (s *stuck) Next(context.Context) (source.Record, error) {
	close(s.reading)
	<-s.released

	return nil, io.EOF
}

// Close closes the records, and later the source.
func (s *stuck) Close() error {
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}

	return nil
}

func TestAttemptThatNothingInterruptsIsAbandoned(t *testing.T) {
	t.Parallel()

	from := &stuck{reading: make(chan struct{}), released: make(chan struct{}), closed: make(chan struct{})}
	b := newBenchWith(t, driversWith(func(context.Context, source.Definition, source.Place) (source.Source, error) {
		return from, nil
	}))
	b.write(t, "app.yaml", manifest+"  panicking: {kind: AWSS3Source, bucket: x}\n")

	stopping := make(chan struct{})

	go func() {
		<-from.reading
		close(stopping)
	}()

	var suite testsuite.WorkflowTestSuite

	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(b.Activities)
	env.SetWorkerStopChannel(stopping)

	load := loading
	load.Source, load.Table, load.ColumnTypes = "panicking", "t", nil

	_, err := env.ExecuteActivity(b.LoadTableFromSource, task, load)
	requireFailure(t, err, job.CodeWorkerStopped, true, "another worker retries it")

	select {
	case <-from.closed:
		require.Fail(t, "the source has ended by itself")
	default:
	}

	close(from.released)
	<-from.closed // The abandoned attempt closes its records when it can.
}
