package activities_test

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// part is a field of a form, as a server finds it in a body.
type part struct{ field, file, contentType, text string }

// partsOf reads a form that has files.
func partsOf(t *testing.T, received *http.Request, body string) (parts []part) {
	t.Helper()

	kind, params, err := mime.ParseMediaType(received.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/form-data", kind)

	form := multipart.NewReader(strings.NewReader(body), params["boundary"])

	for {
		next, err := form.NextRawPart()
		if err == io.EOF {
			return parts
		}

		require.NoError(t, err)

		text, err := io.ReadAll(next)
		require.NoError(t, err)

		parts = append(parts, part{next.FormName(), next.FileName(), next.Header.Get("Content-Type"), string(text)})
	}
}

func TestHTTPRequestSendsAFileInAForm(t *testing.T) {
	t.Parallel()

	const binary = "application/octet-stream"

	for name, test := range map[string]struct {
		params scenario.HTTPRequest
		parts  []part
	}{
		"and fields": {
			scenario.HTTPRequest{
				File: "companies.csv", Form: jsonvalue.Object{"n": int64(1), "b": []any{"ä\n&", true}, "none": nil},
			},
			[]part{
				{field: "b", text: "ä\n&"},
				{field: "b", text: "true"},
				{field: "n", text: "1"},
				{"file", "companies.csv", binary, companies},
			},
		},
		"in a field of another name": {
			scenario.HTTPRequest{File: "companies.csv", Form: jsonvalue.Object{"file": "x"}, FileField: "Liste 1"},
			[]part{{field: "file", text: "x"}, {"Liste 1", "companies.csv", binary, companies}},
		},
		"without other fields": {
			scenario.HTTPRequest{File: "companies.csv", FileField: "list"}, []part{{"list", "companies.csv", binary, companies}},
		},
		"of a folder": {
			scenario.HTTPRequest{File: `of "2026"/\[Größe].csv`, FileField: "list"}, []part{{"list", "[Größe].csv", binary, ""}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			b.write(t, `files/of "2026"/[Größe].csv`, "")

			received, body := b.serve(t, http.StatusOK, "")

			test.params.Source, test.params.FileSource, test.params.Method = "shop", "files", "POST"

			_, err := b.run(t, b.HTTPRequest, test.params)
			require.NoError(t, err)
			require.Equal(t, test.parts, partsOf(t, received, *body))
			require.EqualValues(t, len(*body), received.ContentLength)
		})
	}
}

func TestEachAttemptSendsTheWholeFile(t *testing.T) {
	t.Parallel()

	for name, params := range map[string]scenario.HTTPRequest{"as it is": {}, "in a form": {FileField: "list"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			bodies := make(chan string, 3)

			b.answerWith(t, func(answer http.ResponseWriter, request *http.Request) {
				body, err := io.ReadAll(request.Body)
				if err != nil {
					panic(err)
				}

				bodies <- string(body)

				if len(bodies) == 1 {
					answer.WriteHeader(http.StatusServiceUnavailable)
				}
			})

			params.Source, params.FileSource, params.File, params.Method = "shop", "files", "companies.csv", "POST"

			b.attempts(t, 2, b.HTTPRequest, params)
			require.Len(t, bodies, 2)
			require.Contains(t, <-bodies, companies)
			require.Contains(t, <-bodies, companies)
		})
	}
}

// endless is a source with a file of infinite length, which can be sent only by streaming it.
type endless struct{}

func (endless) Check(context.Context) (string, error)                   { return "", nil }
func (endless) Close() error                                            { return nil }
func (endless) OpenFile(context.Context, string) (io.ReadCloser, error) { return endless{}, nil }
func (endless) WriteFile(context.Context, string, io.Reader) (int64, error) {
	return 0, errors.ErrUnsupported
}
func (endless) Read(chunk []byte) (int, error) { return len(chunk), nil }

func TestHTTPRequestStreamsTheFile(t *testing.T) {
	t.Parallel()

	for name, params := range map[string]scenario.HTTPRequest{"as it is": {}, "in a form": {FileField: "list"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			own := driversWith(func(context.Context, source.Definition, source.Place) (source.Source, error) { return endless{}, nil })

			b := newBenchWith(t, own)
			answered := make(chan struct{})

			server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
				_, _ = io.CopyN(io.Discard, request.Body, 1<<20)
				answer.WriteHeader(http.StatusOK)
				_ = http.NewResponseController(answer).Flush()

				<-answered
			}))
			t.Cleanup(server.Close)

			b.write(t, "app.yaml", "sources:\n  big: {kind: AWSS3Source, bucket: x}\n  shop: {kind: HTTPSource, url: \""+server.URL+"\"}\n")

			params.Source, params.FileSource, params.File, params.Method = "shop", "big", "x", "POST"

			_, err := b.run(t, b.HTTPRequest, params)
			close(answered)
			require.NoError(t, err)
		})
	}
}

// attempts runs an operation in as many attempts, and returns the outcome of the last one.
func (b *bench) attempts(t *testing.T, number int32, operation, params any) (outcome job.StepOutcome) {
	t.Helper()

	var suite testsuite.WorkflowTestSuite

	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivityWithOptions(operation, activity.RegisterOptions{Name: "operation"})

	var last int32

	env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) { last = info.Attempt })
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: time.Hour, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: number},
		})

		return workflow.ExecuteActivity(ctx, "operation", task, params).Get(ctx, &outcome)
	})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, number, last)

	return outcome
}
