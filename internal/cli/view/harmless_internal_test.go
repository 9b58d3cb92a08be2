package view

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/source"
)

// What a job has put into titles, errors, labels and records does not control the terminal.
func TestTextsOfJobsDoNotControlTheTerminal(t *testing.T) {
	t.Parallel()

	const evil = "a\x1b[2Jb\u009b31mc\u202ed"

	var out, errs bytes.Buffer

	o := Output{Out: &out, Err: &errs}
	status := &client.Status{
		JobID: "evil", App: "7", Scenario: evil, Status: job.CompletedWithError, Message: evil, Causes: []string{evil},
		Steps: []job.StepStatus{{Path: "1", Title: evil, State: job.StepRunning, LastError: evil}},
	}

	record, err := json.Marshal(map[string]string{"name": evil})
	require.NoError(t, err)

	require.NoError(t, o.Status(status))
	require.NoError(t, o.Jobs(&jobservice.List{Jobs: []jobservice.Entry{{JobID: evil, Labels: map[string]string{"a": evil}}}}))
	require.NoError(t, o.Results([]client.Result{{Result: client.Records{
		Schema: []source.Column{{Name: "name", Standard: source.Standard{Type: source.Text}}}, Records: []json.RawMessage{record},
	}}}, nil))
	o.Live().Show(status)

	text := out.String() + errs.String()
	require.Contains(t, text, "a�[2Jb�31mc�d")
	require.NotContains(t, text, "\x1b")
	require.NotContains(t, text, "\u009b")
	require.NotContains(t, text, "\u202e")
}

func TestErrorKeepsItsLines(t *testing.T) {
	t.Parallel()

	status := &client.Status{
		JobID: "load", App: "7", Status: job.CompletedWithError, Code: "failed", Message: "first\n  second line\n\tat Foo(Foo.java:12)",
	}
	text := strings.Join(page{width: 12, now: time.Now()}.below(status), "\n")
	require.Equal(t, "failed:\nfirst\n  second\n  line\n    at\n    Foo(Foo.\n    java:12)", text)
}

func TestFittingShortensTheLongestColumns(t *testing.T) {
	t.Parallel()

	columns := []int{50, 11, 100}
	require.Equal(t, []int{50, 11, 95}, fitting(columns, 162))
	require.Equal(t, []int{36, 11, 37}, fitting(columns, 90))
	require.Equal(t, []int{36, 11, 36}, fitting(columns, 80), "a UUID remains whole")
	require.Equal(t, []int{50, 11, 100}, columns)

	// A state has a sign, and completedWithError is shown as failed.
	require.Equal(t, []int{8, 4}, widthsOf([]string{"status", "job"}, [][]any{{State("completedWithError"), "日本"}}))
}
