package console

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

func TestDurationHasTwoUnits(t *testing.T) {
	t.Parallel()

	for length, want := range map[time.Duration]string{
		-time.Second: "0 ms", 999 * time.Millisecond: "999 ms", 1990 * time.Millisecond: "1.9 s", time.Minute: "1 min 00 s",
		61*time.Minute + time.Second: "1 h 01 min", 49 * time.Hour: "2 d 01 h",
	} {
		require.Equal(t, want, duration(length))
	}
}

func TestRelativeTime(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 1, 31, 6, 0, 0, 0, time.UTC)

	for distance, want := range map[time.Duration]string{
		0: "now", -4 * time.Second: "now", -59 * time.Second: "59 s ago", -time.Minute: "1 min ago", -47 * time.Hour: "1 d ago",
		time.Hour: "in 1 h",
	} {
		require.Equal(t, want, relativeTo(now.Add(distance), now))
	}
}

func TestNumberSeparatesThousands(t *testing.T) {
	t.Parallel()

	for value, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100",
	} {
		require.Equal(t, want, number(value))
	}
}

func TestEveryErrorHasARemedy(t *testing.T) {
	t.Parallel()

	for _, code := range apiserver.Codes() {
		require.NotEmpty(t, callRemedies[string(code)], code)
	}

	for _, code := range job.Codes() {
		require.NotEmpty(t, jobRemedies[code], code)
		require.NotContains(t, jobRemedies[code], "](", code)
	}

	require.NotEqual(t, callRemedies["internal"], jobRemedies["internal"])
}

func TestLevelOfStep(t *testing.T) {
	t.Parallel()

	known := map[string]bool{"1": true, "2": true, "2.steps.1": true, "2.steps.1.then.10": true, "3": true, "3.branches.a.1": true}

	for path, want := range map[string]struct {
		level  int
		branch string
	}{
		"1": {0, ""}, "2.steps.1": {1, ""}, "2.steps.1.then.10": {2, "then"}, "3.branches.a.1": {1, "branches.a"},
	} {
		level, branch := levelOf(path, known)
		require.Equal(t, want.level, level, path)
		require.Equal(t, want.branch, branch, path)
	}
}

func TestReadFieldsReturnsOnlyWhatChanged(t *testing.T) {
	t.Parallel()

	schema := map[string]any{
		"properties": map[string]any{
			"country": map[string]any{"type": "string", "default": "US"}, "empty": map[string]any{"type": "string"},
			"limit": map[string]any{"type": "integer"}, "share": map[string]any{"type": "number"},
			"dry": map[string]any{"type": "boolean"}, "list": map[string]any{"type": "array"},
			"password": map[string]any{"type": "string", "writeOnly": true},
		},
		"required": []any{"limit"},
	}
	values := jsonvalue.Object{
		"country": "US", "empty": "x", "limit": int64(5), "share": 0.5, "dry": true, "list": []any{"a"}, "password": "(secret)",
		"unknown": map[string]any{"a": int64(1)},
	}
	fields := fieldsOf(schema, values)
	require.Len(t, fields, len(values))

	form := url.Values{}
	for _, f := range fields {
		form.Set(fieldPrefix+f.Name, f.Text)
	}

	require.Empty(t, form.Get(fieldPrefix+"password"), "a secret is not in the page")

	read, err := readFields(form, fields)
	require.NoError(t, err)
	require.Empty(t, read)

	for name, text := range map[string]string{
		"country": "DE", "empty": "", "limit": " 17 ", "share": "1.5", "dry": "false", "list": `["b", 2]`, "password": "tiger",
		"unknown": "null",
	} {
		form.Set(fieldPrefix+name, text)
	}

	read, err = readFields(form, fields)
	require.NoError(t, err)
	require.Equal(t, jsonvalue.Object{
		"country": "DE", "empty": "", "limit": int64(17), "share": 1.5, "dry": false, "list": []any{"b", int64(2)},
		"password": "tiger", "unknown": nil,
	}, read)

	form.Set(fieldPrefix+"limit", "many")

	_, err = readFields(form, fields)
	require.ErrorContains(t, err, "limit")
}

func TestAxisOfRunningJobSeldomChanges(t *testing.T) {
	t.Parallel()

	axes := map[time.Duration]bool{}

	for length := range 1000 {
		ran := time.Duration(length) * time.Second
		axis := axisOf(ran)
		axes[axis] = true

		require.GreaterOrEqual(t, axis, ran)
		require.LessOrEqual(t, axis, max(ran+ran/3, time.Second))
	}

	require.Less(t, len(axes), 40)
}

func TestBarStaysWithinItsJob(t *testing.T) {
	t.Parallel()

	began := time.Date(2026, 1, 31, 6, 0, 0, 0, time.UTC)
	at := func(seconds int) *time.Time { return new(began.Add(time.Duration(seconds) * time.Second)) }

	for name, row := range map[string]struct {
		state job.StepState
		from  *time.Time
		to    *time.Time
		next  *time.Time
		want  *bar
	}{
		"not begun":   {job.StepPending, nil, nil, nil, nil},
		"half":        {job.StepCompleted, at(50), at(75), nil, &bar{Class: "completed", From: 50, Size: 25}},
		"running":     {job.StepRunning, at(90), nil, nil, &bar{Class: "running", From: 90, Size: 10}},
		"short":       {job.StepFailed, at(100), at(100), nil, &bar{Class: "failed", From: 99.6, Size: 0.4}},
		"other clock": {job.StepCompleted, at(-5), at(200), nil, &bar{Class: "completed", From: 0, Size: 100}},
		"next try":    {job.StepRunning, at(0), nil, at(120), &bar{Class: "waiting", From: 0, Size: 100}},
	} {
		step := job.StepStatus{State: row.state, StartedAt: row.from, EndedAt: row.to, NextTry: row.next}
		got := barOf(step, began, *at(100), 100*time.Second)
		if row.want == nil {
			require.Nil(t, got, name)

			continue
		}

		require.Equal(t, row.want.Class, got.Class, name)
		require.InDelta(t, row.want.From, got.From, 0.001, name)
		require.InDelta(t, row.want.Size, got.Size, 0.001, name)
	}
}

func TestStepThatWaitsHasAStateOfItsOwn(t *testing.T) {
	t.Parallel()

	step := job.StepStatus{State: job.StepRunning, WaitsFor: &job.StepWait{Source: "db"}}
	require.Equal(t, state{"waiting", "waiting"}, stepStateOf(step))

	step.WaitsFor.Runs = 1 // Another run works.
	require.Equal(t, state{"running", "running"}, stepStateOf(step))
}

func TestJSONIsShownAsPeopleWriteIt(t *testing.T) {
	t.Parallel()

	text, err := plain([]any{"<b>", int64(1)})
	require.NoError(t, err)
	require.Equal(t, `["<b>",1]`, text)
	require.Contains(t, indent([]byte(`{"a":"\u003cb\u003e"}`)), "\n  \"a\": \"<b>\"\n")

	// All numbers of a schema are floats.
	require.Equal(t, "[\n  1,\n  2.5\n]", fieldOf(map[string]any{"default": []any{1.0, 2.5}}, nil, false).Default)
	require.Equal(t, "3", fieldOf(map[string]any{"type": "integer", "default": 3.0}, nil, false).Default)
}
