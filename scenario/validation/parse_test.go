package validation_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
)

// query is the beginning of a scenario with one Transform of the source stage; a test appends to its opParams.
const query = "steps:\n- opName: Transform\n  opParams: {source: stage, query: SELECT 1, returnResult: true"

// parse reads a scenario of an app that has the sources files and stage.
func parse(text string) (scenario.Scenario, error) {
	document, err := validation.Parse("scenarios/Main.yaml", []byte(text), environment())

	return document.Scenario, err
}

// environment returns the environment of an app with the sources files and stage, two variables and an access list.
func environment() validation.Environment {
	return validation.Environment{
		Sources: []string{"files", "stage"},
		Variables: []scenario.Parameter{
			{Name: "lastRun", Type: source.Timestamp, Default: "2024-01-02T03:04:05Z"},
			{Name: "counter", Type: source.Integer, Default: int64(0)},
		},
		Access: []string{"nightly load", "approvers"},
	}
}

// bound reads a scenario whose step binds the value written in YAML to x, and returns what x was read as.
func bound(t *testing.T, value string) any {
	t.Helper()

	found, err := parse(query + ", bind: {x: " + value + "}}")
	require.NoError(t, err)

	return found.Steps[0].OpParams["bind"].(map[string]any)["x"]
}

// problemsOf returns the problems of an error.
func problemsOf(t *testing.T, err error) problem.List {
	t.Helper()

	var problems problem.List

	require.ErrorAs(t, err, &problems)
	require.NotEmpty(t, problems)

	return problems
}

// places returns line:column of each problem.
func places(problems problem.List) []string {
	list := make([]string, len(problems))
	for i, problem := range problems {
		list[i] = fmt.Sprintf("%d:%d", problem.Line, problem.Column)
	}

	return list
}

func TestParseReadsEveryPartOfAScenario(t *testing.T) {
	t.Parallel()

	found, err := parse(`description: Load and show.
parameters:
  since: {type: date, default: 2024-01-02, description: The first day.}
  country: {type: text}
steps:
  - title: Load companies
    name: load
    opName: LoadTableFromSource
    opParams:
      source: files
      table: companies.csv
      targetSource: stage
      targetTable: companies
      columnTypes: {id: integer}
    retry: {maximumAttempts: 3, initialInterval: 2s, backoffCoefficient: 2, maximumInterval: 1m}
    timeout: 1h30m
  - opName: Transform
    opParams:
      source: stage
      query: SELECT :country
      bind: {country: "${country}", loaded: "${steps.load.rows}"}
      returnResult: true
`)
	require.NoError(t, err)
	require.EqualExportedValues(t, scenario.Scenario{
		File:        "scenarios/Main.yaml",
		Description: "Load and show.",
		Parameters: []scenario.Parameter{ // In the order of the file, not of the alphabet.
			{Name: "since", Type: source.Date, Default: "2024-01-02", Description: "The first day."},
			{Name: "country", Type: source.Text, Required: true},
		},
		Steps: []scenario.Step{
			{
				Title:  "Load companies",
				Name:   "load",
				OpName: "LoadTableFromSource",
				OpParams: jsonvalue.Object{
					"source": "files", "table": "companies.csv", "targetSource": "stage", "targetTable": "companies",
					"columnTypes": map[string]any{"id": "integer"},
				},
				Retry: &scenario.Retry{
					InitialInterval: scenario.Duration(2 * time.Second), BackoffCoefficient: 2,
					MaximumInterval: scenario.Duration(time.Minute), MaximumAttempts: 3,
				},
				Timeout: scenario.Duration(90 * time.Minute),
				Line:    6,
			},
			{
				OpName: "Transform",
				OpParams: jsonvalue.Object{
					"source": "stage", "query": "SELECT :country", "returnResult": true,
					"bind": map[string]any{"country": "${country}", "loaded": "${steps.load.rows}"},
				},
				Line: 17,
			},
		},
	}, found)
}

func TestParseReadsYAMLAndJSON(t *testing.T) {
	t.Parallel()

	fromYAML, err := parse(query + "}\n")
	require.NoError(t, err)

	fromJSON, err := parse(`{"steps": [{"opName": "Transform",
		"opParams": {"source": "stage", "query": "SELECT 1", "returnResult": true}}]}`)
	require.NoError(t, err)

	fromYAML.Steps[0].Line, fromJSON.Steps[0].Line = 0, 0
	require.EqualExportedValues(t, fromYAML, fromJSON)
}

func TestParseReportsPositionsInJSON(t *testing.T) {
	t.Parallel()

	_, err := parse(`{
  "steps": [
    {"opName": "Transform", "opParams": {"source": "stage", "query": "q", "returnResult": 5}},
    {"opName": "Transfrom"}
  ]
}`)
	problems := problemsOf(t, err)
	require.Equal(t, []string{"3:75", "4:6"}, places(problems))
	require.Equal(t, "steps[0].opParams.returnResult", problems[0].Path)
	require.Equal(t, "scenarios/Main.yaml", problems[0].File)
}

func TestParseReportsLinesOfSyntaxErrors(t *testing.T) {
	t.Parallel()

	for rule, test := range map[string]struct {
		text, place, message string
	}{
		"a list is not closed":     {"steps: [1\ntitle: x", "2:6", "did not find expected ',' or ']'"},
		"a tab indents":            {"steps:\n\t- x", "2:1", "YAML does not allow tabs for indentation; use spaces"},
		"a quote is not closed":    {"a: 1\nb: \"x", "2:6", "found unexpected end of stream"},
		"two colons stand in line": {"a: 1\n\nb: c: d", "3:5", "a text with a colon and a space must be quoted"},
		"JSON lacks a colon":       {`{"steps" 1}`, "1:10", "did not find expected ',' or '}'"},
		"there are two documents":  {"a: 1\n---\nb: 2", "1:1", "expected single document"},
		"the file is empty":        {"", "1:1", "the file is empty"},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()

			_, err := parse(test.text)
			problems := problemsOf(t, err)
			require.Equal(t, []string{test.place}, places(problems))
			require.Equal(t, problem.CodeSyntax, problems[0].Code)
			require.Equal(t, "scenarios/Main.yaml", problems[0].File)
			require.Contains(t, problems[0].Message, test.message)
		})
	}
}

func TestParseRejectsDuplicateKeys(t *testing.T) {
	t.Parallel()

	for rule, test := range map[string]struct{ text, place, path string }{
		"in YAML":    {"description: a\nsteps: [{opName: Return}]\ndescription: b", "3:1", "description"},
		"in JSON":    {`{"steps": [{"opName": "Return"}], "steps": []}`, "1:35", "steps"},
		"in a depth": {query + ",\n  bind: {x: 1, y: 2, x: 3}}", "4:22", "steps[0].opParams.bind.x"},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()

			_, err := parse(test.text)
			problems := problemsOf(t, err)
			require.Equal(t, []string{test.place}, places(problems))
			require.Equal(t, problem.CodeSyntax, problems[0].Code)
			require.Equal(t, test.path, problems[0].Path)
			require.Contains(t, problems[0].Message, "is a duplicate field")
		})
	}
}

func TestParseRejectsAmbiguousYAML(t *testing.T) {
	t.Parallel()

	for rule, test := range map[string]struct{ text, place, message string }{
		"an alias":                     {"steps: *x", "1:8", "unknown anchor"},
		"an anchor":                    {"description: &x text\nsteps: [{opName: Return}]", "1:14", "anchors and tags are not part"},
		"an anchor with an alias":      {"description: &x text\nsteps: *x", "1:14", "anchors and tags are not part"},
		"a tag":                        {"description: !!str 5\nsteps: [{opName: Return}]", "1:14", "anchors and tags are not part"},
		"a list as a name":             {query + ", bind: {? [a, b] : 5}}", "3:75", "the name of a field must be text"},
		"a zero before a number":       {query + ", bind: {x: 01234}}", "3:76", "begins with a zero; quote it"},
		"a zero before eight":          {query + ", bind: {x: 08}}", "3:76", "begins with a zero; quote it"},
		"an integer above 64 bits":     {query + ", bind: {x: 123456789012345678901234567890}}", "3:76", "does not fit into 64 bits"},
		"an integer below 64 bits":     {query + ", bind: {x: -9223372036854775809}}", "3:76", "does not fit into 64 bits"},
		"an integer just above 64 bit": {query + ", bind: {x: 9223372036854775808}}", "3:76", "does not fit into 64 bits"},
		"infinity":                     {query + ", bind: {x: .inf}}", "3:76", "is no number"},
		"no number":                    {query + ", bind: {x: .nan}}", "3:76", "is no number"},
		"nothing":                      {"# a comment", "1:1", "the file is empty"},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()

			_, err := parse(test.text)
			problems := problemsOf(t, err)
			require.Equal(t, test.place, places(problems)[0])
			require.Equal(t, problem.CodeSyntax, problems[0].Code)
			require.Contains(t, problems[0].Message, test.message)
		})
	}
}

func TestParseReadsScalarsByCoreSchema(t *testing.T) {
	t.Parallel()

	for written, want := range map[string]any{
		"2024-01-02":           "2024-01-02", // A date stays text,
		"2024-01-02T03:04:05Z": "2024-01-02T03:04:05Z",
		"NO":                   "NO", // and so does Norway,
		"yes":                  "yes",
		"off":                  "off",
		"1:30":                 "1:30",
		`"5"`:                  "5", // and what is quoted.
		"'true'":               "true",
		"True":                 true,
		"false":                false,
		"~":                    nil,
		"null":                 nil,
		"42":                   int64(42),
		"+5":                   int64(5),
		"0x1F":                 int64(31),
		"0o17":                 int64(15),
		"9007199254740993":     int64(9007199254740993), // More than a float holds.
		"9223372036854775807":  int64(math.MaxInt64),
		"-9223372036854775808": int64(math.MinInt64),
		"1.5":                  1.5,
		"5.0":                  5.0,
		"1e3":                  1000.0,
	} {
		t.Run(written, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, want, bound(t, written))
		})
	}
}

func TestParseReportsMistakesInDocumentOrder(t *testing.T) {
	t.Parallel()

	_, err := parse(`colour: red
parameters:
  job: {type: text}
  amount: {type: money}
steps:
  - opName: Transfrom
    retry: {maximumAttempts: 0}
  - opName: Transform
    opParams:
      query: SELECT ${nope}
      source: stag
  - title: Nothing
`)
	problems := problemsOf(t, err)
	require.Equal(t, []string{"1:1", "3:3", "4:12", "6:5", "7:13", "10:7", "11:7", "12:5"}, places(problems))

	codes := make([]problem.Code, len(problems))
	for i, problem := range problems {
		codes[i] = problem.Code
	}

	require.Equal(t, []problem.Code{
		problem.CodeFieldUnknown, problem.CodeValueInvalid, problem.CodeTypeMismatch, problem.CodeOperationUnknown,
		problem.CodeValueInvalid, problem.CodeExpressionInvalid, problem.CodeSourceUnknown, problem.CodeFieldMissing,
	}, codes)
	require.Len(t, strings.Split(err.Error(), "\n"), len(problems))
}

func TestParseReportsAllSyntaxMistakes(t *testing.T) {
	t.Parallel()

	_, err := parse("a: &a 1\nb: {c: 9999999999999999999, c: 2}\na: 2\nd: *a")
	// At 1:1 and 2:1, validation misses steps and does not know b.
	require.Equal(t, []string{"1:1", "1:4", "2:1", "2:8", "2:29", "3:1", "4:4"}, places(problemsOf(t, err)))
}

func FuzzParse(f *testing.F) {
	f.Add(query + "}")
	f.Add(query + ", bind: {x: 9007199254740993, y: [1.5, ~, NO, 2024-01-02, {z: true}]}}\n  timeout: 1m\n  retry: {}")
	f.Add("parameters: {a: {type: float, default: 5}, b: {type: boolean, default: false}, c: {type: text}}\n" + query + "}")
	f.Add(query + ", bind: {x: \"${job.id} $${\"}}\n  name: a\n- opName: Transform\n  name: a")
	f.Add("a: &x 1\nb: *x\nc: 99999999999999999999999\nsteps: [1, {}]")
	f.Add(`{"steps": [{"opName": "Transform", "opParams": {}}]}`)
	f.Add("? [a]\n: b\n---\n...")
	f.Add("\xff\xfe\x00")

	for _, test := range controlMistakes() {
		if len(test.text) < 1_000 {
			f.Add(test.text)
		}
	}

	f.Fuzz(func(t *testing.T, text string) {
		found, err := parse(text)
		if err != nil {
			problems := problemsOf(t, err)
			for _, found := range problems {
				require.Equal(t, "scenarios/Main.yaml", found.File)
				require.Positive(t, found.Line)
				require.Positive(t, found.Column)
				require.NotEmpty(t, found.Message)
				require.Contains(t, problem.Codes(), found.Code)
			}

			require.True(t, slices.IsSortedFunc(problems, func(a, b problem.Problem) int {
				return slices.Compare([]int{a.Line, a.Column}, []int{b.Line, b.Column})
			}))

			return
		}

		encoded, err := json.Marshal(found)
		require.NoError(t, err)

		var decoded scenario.Scenario

		require.NoError(t, json.Unmarshal(encoded, &decoded))

		again, err := json.Marshal(decoded)
		require.NoError(t, err)
		require.Equal(t, string(encoded), string(again))
	})
}
