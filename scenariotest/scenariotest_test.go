package scenariotest_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/scenariotest"
)

const main = `app: {sources: [stage], variables: {mark: {type: integer, default: 1}}}
tests:
- name: it
  scenarios:
    Main:
      steps:
      - {opName: Transform, name: ask, opParams: {source: stage, query: SELECT 1, returnValue: true}}
      - {opName: ForEach, opParams: {in: [1, 2], steps: [{opName: Wait, opParams: {duration: 1h}}]}}
      - {opName: SetVariable, opParams: {name: mark, value: 2, scope: app}}
      - {opName: Return, opParams: {value: {a: 1, b: 2.0}}, condition: "${mark == 2}"}
      - {opName: WaitForSignal, opParams: {name: s}}
`

func TestRunReportsDifferences(t *testing.T) {
	t.Parallel()

	for name, row := range map[string]struct {
		rest string
		want string
	}{
		"nothing":            {"", ""},
		"status":             {"expect: {status: stopped}", "status: want stopped, have completed"},
		"an error":           {"mocks: [{step: ask, error: {code: c, message: no}}]", "status: want completed, have completedWithError"},
		"another code":       {"mocks: [{step: ask, error: {code: c, message: no}}]\n  expect: {code: d}", "code: want d, have c"},
		"another message":    {"mocks: [{step: ask, error: {code: c, message: no}}]\n  expect: {message: yes it is}", `message: want "yes it is", have`},
		"no value":           {"stop: 1m\n  expect: {status: stopped, value: 1}", "value: want 1, have none"},
		"another value":      {"expect: {value: {a: 1, b: 2}}", "value.b: want 2, have 2.0"},
		"more in a value":    {"expect: {value: {a: 1}}", `value: want {"a":1}, have {"a":1,"b":2.0}`},
		"results":            {"expect: {results: [r]}", "results:\n    want  have\n  ≠ r     "},
		"steps":              {"expect: {steps: [1 completed]}", "steps:\n    want         have\n    1 completed  1 completed\n  ≠              2.steps[0].1 completed"},
		"begun":              {"expect: {begun: [\"2\"]}", "begun:\n    want  have\n  ≠ 2     1"},
		"variables":          {"expect: {variables: {mark: 3}}", "mark: want 3, have 2"},
		"duration":           {"expect: {duration: 1h}", "duration: want 1h0m0s, have 2h0m0s"},
		"calls":              {"expect: {calls: {\"1\": 2}}", "calls of step 1: want 2, have 1"},
		"attempts":           {"expect: {attempts: {\"1\": 2}}", "attempts of step 1: want 2, have 1"},
		"a state":            {"expect: {states: {\"1\": {state: failed}}}", "state of step 1: want failed, have completed"},
		"runs":               {"expect: {states: {2.steps.1: {runs: 3}}}", "runs of step 2.steps.1: want 3, have 2"},
		"an unknown state":   {"expect: {states: {\"9\": {state: failed}}}", "states: unknown step 9"},
		"parameters":         {"mocks: [{step: ask, expect: {query: SELECT 2}}]", `step 1, call 1: query: want "SELECT 2", have "SELECT 1"`},
		"an unknown step":    {"mocks: [{step: aske, rows: 1}]", "mocks: unknown step aske; did you mean ask?"},
		"a signal":           {"signals: [{name: s, after: 1m, refused: signal_forbidden}]", "signals[0]: want rejection with signal_forbidden, but the job accepted the signal"},
		"a refused signal":   {"signals: [{name: t, after: 1m}]", "signals[0]: the job rejected the signal: no step of the job waits for the signal t"},
		"problems":           {"expect: {problems: [syntax]}", "problems: want syntax, have none"},
		"an unset parameter": {"parameters: {n: 1}", "n: the scenario has no parameter n; there are none [parameter_unknown]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			cases, err := scenariotest.Load("Main_test.yaml", []byte(main+"  "+row.rest+"\n"))
			require.NoError(t, err)
			require.Len(t, cases, 1)

			report, err := cases[0].Run(t.Context(), validation.Library{}, scenariotest.Options{AppID: "7"})
			require.NoError(t, err)

			if row.want == "" {
				require.Empty(t, report.Differences)

				return
			}

			require.NotEmpty(t, report.Differences)
			require.Contains(t, report.Differences[0], row.want)
		})
	}
}

func TestRunReportsAnEndlessJob(t *testing.T) {
	t.Parallel()

	cases, err := scenariotest.Load("Main_test.yaml", []byte(`tests:
- {name: it, scenarios: {Main: {steps: [{opName: WaitForSignal, opParams: {name: go}}]}}}
`))
	require.NoError(t, err)

	report, err := cases[0].Run(t.Context(), validation.Library{}, scenariotest.Options{AppID: "7"})
	require.NoError(t, err)
	require.Contains(t, report.Differences[0], "the job does not end")
}

func TestLoadReportsMistakes(t *testing.T) {
	t.Parallel()

	for name, row := range map[string]struct{ text, want string }{
		"no tests":          {"tests: []\n", "T.yaml:1: the file has no tests"},
		"an unknown field":  {"tests:\n- name: a\n  mock: []\n", "T.yaml:3: unknown field mock; did you mean mocks?"},
		"no name":           {"tests:\n- start: 2026-01-01\n", "T.yaml:2: name is missing"},
		"a name twice":      {"tests:\n- name: a\n- name: a\n", `T.yaml:3: name: another test has the name "a", too`},
		"an unknown status": {"tests:\n- {name: a, expect: {status: complete}}\n", "did you mean completed?"},
		"a wrong start":     {"tests:\n- {name: a, start: soon}\n", "start: "},
		"no kind of mock":   {"tests:\n- {name: a, mocks: [{rows: 1}]}\n", "set either step or query"},
		"calls and rows":    {"tests:\n- {name: a, mocks: [{step: b, rows: 1, calls: [{rows: 2}]}]}\n", "set either calls, or the outcome of all calls"},
		"an empty error":    {"tests:\n- {name: a, mocks: [{step: b, error: {}}]}\n", "error requires code and message"},
		"no signal's name":  {"tests:\n- {name: a, signals: [{after: 1m}]}\n", "name is missing"},
		"an unknown refusal": {
			"tests:\n- {name: a, signals: [{name: s, refused: signals_forbidden}]}\n",
			"signals[0].refused: unknown reason signals_forbidden; did you mean signal_forbidden?",
		},
		"no YAML":         {"tests: [\n", "T.yaml:"},
		"a tab":           {"tests:\n\t- name: a\n", "T.yaml:2: YAML does not allow tabs for indentation; use spaces"},
		"a colon":         {"tests:\n- {name: a: b}\n", "quote a text that contains a colon, a comma or a bracket"},
		"an empty file":   {"", "T.yaml:1: the file has no tests"},
		"another root":    {"- a\n", "T.yaml:1: must be an object, not a list"},
		"tests an object": {"tests: {a: b}\n", "T.yaml:1: tests: must be a list, not an object"},
		"a test a text":   {"tests:\n- a\n", "T.yaml:2: must be an object, not a single value"},
		"a nested field": {
			"tests:\n- name: a\n  expect:\n    stetes: {}\n", "T.yaml:4: unknown field expect.stetes; did you mean states?",
		},
		"a field in a list": {
			"tests:\n- name: a\n  mocks:\n  - {step: b}\n  - {step: c, row: 1}\n",
			"T.yaml:5: unknown field mocks[1].row; did you mean rows?",
		},
		"a field of one call": {
			"tests:\n- name: a\n  mocks: [{step: b, calls: [{error: {code: c, message: d, retry: true}}]}]\n",
			"T.yaml:3: unknown field mocks[0].calls[0].error.retry; did you mean retryable?",
		},
		"a list for an object": {
			"tests:\n- name: a\n  expect: {calls: [1]}\n", "T.yaml:3: expect.calls: must be an object, not a list",
		},
		"a text for an integer": {
			"tests:\n- name: a\n  expect: {calls: {\"1\": many}}\n", `T.yaml:3: expect.calls.1: must be an integer, not "many"`,
		},
		"a text for a boolean": {
			"tests:\n- name: a\n  mocks: [{step: b, error: {code: c, message: d, retryable: maybe}}]\n",
			`T.yaml:3: mocks[0].error.retryable: must be true or false, not "maybe"`,
		},
		"a wrong duration": {
			"tests:\n- name: a\n  expect: {duration: long}\n",
			`T.yaml:3: expect.duration: must be a duration such as 90s or 5h, not "long"`,
		},
		"a wrong object": {
			"tests:\n- name: a\n  parameters: [1]\n", "T.yaml:3: parameters: must be an object, not a list",
		},
		"several mistakes": {
			"tests:\n- name: a\n  mock: []\n  expect: {stetes: {}}\n",
			"T.yaml:3: unknown field mock; did you mean mocks?\nT.yaml:4: unknown field expect.stetes; did you mean states?",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := scenariotest.Load("T.yaml", []byte(row.text))
			require.ErrorContains(t, err, row.want)
			require.NotContains(t, err.Error(), "scenariotest.", "no Go types")
		})
	}
}

func TestQueryMockMatchesTheQueryAsWritten(t *testing.T) {
	t.Parallel()

	for name, query := range map[string]string{
		"a name":              "SELECT ${job.id}",
		"an object":           "SELECT ${{a: {b: 1}}.a.b}, ${1}",
		"a brace in a text":   "SELECT ${'}'}, ${1}",
		"a comment":           "SELECT ${1 /* } */} -- it's\n, ${2}",
		"braces of the query": "SELECT '{}', {d '2026-01-01'}, $${}, ${1}",
		"space around it":     " SELECT ${1} ",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			quoted, err := json.Marshal(query)
			require.NoError(t, err)

			value, err := json.Marshal("$[stage]{" + query + "}")
			require.NoError(t, err)

			cases, err := scenariotest.Load("Main_test.yaml", fmt.Appendf(nil, `app: {sources: [stage]}
tests:
- name: it
  scenarios: {Main: {steps: [{opName: Return, opParams: {value: %s}}]}}
  mocks: [{query: %s, value: 7}]
  expect: {value: 7}
`, value, quoted))
			require.NoError(t, err)

			report, err := cases[0].Run(t.Context(), validation.Library{}, scenariotest.Options{AppID: "7"})
			require.NoError(t, err)
			require.Empty(t, report.Differences)
		})
	}
}
