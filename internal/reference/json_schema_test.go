package reference_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/internal/scenarioschema"
	"github.com/jobwright/jobwright/scenario/validation"
)

const theSchema = "scenario.schema.json"

func TestPublishedJSONSchemaIsCurrent(t *testing.T) {
	t.Parallel()

	text, err := scenarioschema.File()
	require.NoError(t, err)

	if *update {
		require.NoError(t, os.WriteFile(documentation(theSchema), text, 0o600))

		return
	}

	require.Equal(t, string(text), readDocumentation(t, theSchema), "run the test with -update")
}

// compiled returns the compiled JSON Schema.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()

	text, err := scenarioschema.File()
	require.NoError(t, err)

	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	require.NoError(t, err)

	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource(theSchema, document))

	found, err := compiler.Compile(theSchema)
	require.NoError(t, err)

	return found
}

// instance converts YAML to a value for the schema validator, as an editor does.
func instance(t *testing.T, text string) any {
	t.Helper()

	var value any
	require.NoError(t, yaml.Load([]byte(text), &value))

	encoded, err := json.Marshal(value)
	require.NoError(t, err)

	read, err := jsonschema.UnmarshalJSON(strings.NewReader(string(encoded)))
	require.NoError(t, err)

	return read
}

func TestJSONSchemaAcceptsExamples(t *testing.T) {
	t.Parallel()

	schema := compiled(t)
	scenarios, _ := examples(t)

	files, err := filepath.Glob(filepath.Join("..", "..", "examples", "apps", "*", "scenarios", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)

	for _, file := range files {
		if strings.HasSuffix(file, "_test.yaml") {
			continue
		}

		text, err := os.ReadFile(file)
		require.NoError(t, err)

		// An editor finds the schema by this line.
		line, _, _ := strings.Cut(string(text), "\n")
		path, pointed := strings.CutPrefix(line, "# yaml-language-server: $schema=")
		require.True(t, pointed, file)
		require.Equal(t, documentation(theSchema), filepath.Join(filepath.Dir(file), path))

		scenarios = append(scenarios, string(text))
	}

	for _, text := range scenarios {
		require.NoError(t, schema.Validate(instance(t, text)), text)
	}
}

// Every scenario that the JSON Schema rejects is also rejected by validation.
func TestJSONSchemaAgreesWithValidation(t *testing.T) {
	t.Parallel()

	const transform = "opName: Transform, opParams: {source: stage, query: q, "

	app := validation.Environment{
		Sources: []string{"files", "stage"}, Access: []string{"boss"},
	}
	schema := compiled(t)

	for _, row := range []struct {
		step  string
		valid bool
	}{
		{transform + "returnResult: true}", true},
		{transform + `returnResult: "${1 < 2}"}`, true},
		{transform + `returnResult: "yes"}`, false},
		{transform + `returnResult: "a ${1 < 2}"}`, false},
		{transform + `returnResult: "$${1 < 2}"}`, false},
		{transform + `returnValue: "$[stage]{SELECT 1}"}`, true},
		{transform + "returnResult: 1}", false},
		{transform + "returnResult: true, bind: {a: [1, {b: null}]}}", true},
		{transform + "returnResult: true, bind: [1]}", false},
		{transform + "returnResult: true, bind: '${{\"a\": 1}}'}", true},
		{transform + "returnResult: true, resultNme: x}", false},
		{transform + "returnResult: true, resultName: 5}", false},
		{transform + "returnResult: true}, retry: {maximumAttempts: 3, initialInterval: 1m30s}", true},
		{transform + "returnResult: true}, retry: {maximumAttempts: 0}", false},
		{transform + "returnResult: true}, retry: {backoffCoefficient: 1.5}", true},
		{transform + "returnResult: true}, retry: {backoffCoefficient: 0.5}", false},
		{transform + "returnResult: true}, retry: {initialInterval: 5}", false},
		{transform + "returnResult: true}, retry: {attempts: 5}", false},
		{transform + "returnResult: true}, retry: 5", false},
		{transform + "returnResult: true}, timeout: .5h", true},
		{transform + "returnResult: true}, timeout: 0s", false},
		{transform + "returnResult: true}, timeout: 1 hour", false},
		{transform + `returnResult: true}, timeout: "${'1h'}"`, false},
		{transform + "returnResult: true}, onError: continue", true},
		{transform + "returnResult: true}, onError: ignore", false},
		{transform + `returnResult: true}, condition: "${1 < 2}"`, true},
		{transform + "returnResult: true}, condition: false", true},
		{transform + "returnResult: true}, condition: 'yes'", false},
		{transform + "returnResult: true}, condition: 'not ${1 < 2}'", false},
		{transform + "returnResult: true}, name: load", true},
		{transform + "returnResult: true}, name: my-load", false},
		{transform + "returnResult: true}, title: [a]", false},
		{transform + "returnResult: true}, tilte: a", false},
		{"title: a", false},
		{"opName: Transfrom", false},
		{"opName: Transform", false},
		{"opName: Transform, opParams: {source: stage, returnResult: true}", false},
		{"opName: Transform, opParams: {source: stage, query: '', returnResult: true}", false},
		{"opName: Transform, opParams: [source]", false},

		{"opName: LoadTableFromSource, opParams: {source: files, table: a, targetSource: stage, targetTable: b, columnTypes: {a: date}}", true},
		{"opName: LoadTableFromSource, opParams: {source: files, table: a, targetSource: stage, targetTable: b, columnTypes: {a: dat}}", false},
		{"opName: LoadTableFromSource, opParams: {source: files, table: a, targetSource: stage, targetTable: b, columnTypes: {a: \"${'date'}\"}}", true},
		{"opName: LoadTableFromSource, opParams: {source: files, table: a, targetSource: stage, targetTable: b, columnTypes: date}", false},

		{"opName: If, opParams: {condition: '${1 < 2}', then: [{opName: Return}]}", true},
		{"opName: If, opParams: {condition: true, then: [], else: []}", true},
		{"opName: If, opParams: {condition: maybe, then: []}", false},
		{"opName: If, opParams: {condition: true}", false},
		{"opName: If, opParams: {condition: true, then: '${[]}'}", false},
		{"opName: If, opParams: {condition: true, then: [{opName: Retrun}]}", false},
		{"opName: If, opParams: {condition: true, then: []}, retry: {maximumAttempts: 3}", false},
		{"opName: Switch, opParams: {value: 5, cases: [{when: [5, '${6}'], steps: []}], default: []}", true},
		{"opName: Switch, opParams: {value: 5, cases: []}", false},
		{"opName: Switch, opParams: {value: 5, cases: [{steps: []}]}", false},
		{"opName: Switch, opParams: {value: 5, cases: [{when: 5, then: []}]}", false},
		{"opName: While, opParams: {condition: '${1 < 2}', steps: [], maxIterations: '${5}'}", true},
		{"opName: While, opParams: {condition: '${1 < 2}', steps: [], maxIterations: many}", false},
		{"opName: ForEach, opParams: {in: [1], steps: []}", true},
		{"opName: ForEach, opParams: {in: '${[1]}', steps: [{opName: SetVariable, opParams: {name: a, value: '${item}'}}]}", true},
		{"opName: ForEach, opParams: {in: 5, steps: []}", false},
		{"opName: ForEach, opParams: {in: [1], as: \"${'a'}\", steps: []}", false},
		{"opName: ForEach, opParams: {in: [1], steps: [5]}", false},
		{"opName: Parallel, opParams: {branches: {a: [], b: []}}", true},
		{"opName: Parallel, opParams: {branches: {}}", false},
		{"opName: Parallel, opParams: {branches: {a-b: []}}", false},
		{"opName: Parallel, opParams: {branches: [[]]}", false},
		{"opName: TryCatch, opParams: {try: [], ignore: [{messageContains: x}, {condition: '${error.attempts > 1}'}]}", true},
		{"opName: TryCatch, opParams: {try: [], ignore: [{}]}", false},
		{"opName: TryCatch, opParams: {try: [], ignore: [{messageContains: x, stackContains: y}]}", false},
		{"opName: TryCatch, opParams: {try: [], ignore: [{contains: x}]}", false},
		{"opName: RunScenario, opParams: {scenario: Main, parameters: {a: '${5}'}, inline: true, addResults: false}", true},
		{"opName: RunScenario, opParams: {scenario: \"${'Main'}\"}", false},
		{"opName: RunScenario, opParams: {scenario: '$${Main}'}", true},
		{"opName: RunScenario, opParams: {scenario: Main, inline: '${true}'}", false},
		{"opName: SetVariable, opParams: {name: a, value: [1]}", true},
		{"opName: SetVariable, opParams: {name: a}", false},
		{"opName: Wait, opParams: {duration: 72h}", true},
		{"opName: Wait, opParams: {duration: '${5}m'}", true},
		{"opName: Wait, opParams: {duration: 5}", false},
		{"opName: WaitForSignal, opParams: {name: go, from: [boss]}", true},
		{"opName: WaitForSignal, opParams: {name: go, from: \"${['boss']}\"}", true},
		{"opName: WaitForSignal, opParams: {name: go, from: boss}", false},
		{"opName: WaitForSignal, opParams: {name: go, from: [5]}", false},
		{"opName: Return", true},
		{"opName: Return, opParams: {value: null}", true},
		{"opName: Return, opParams: {result: 5}", false},
		{"opName: Fail, opParams: {message: no, code: no_data}", true},
		{"opName: Fail, opParams: {message: no, code: '${1}'}", false},
		{"opName: Fail, opParams: {code: no_data}", false},
	} {
		t.Run(row.step, func(t *testing.T) {
			t.Parallel()

			text := "steps: [{" + row.step + "}]"
			_, problems := validation.Parse("a.yaml", []byte(text), app)
			err := schema.Validate(instance(t, text))

			if row.valid {
				require.NoError(t, problems)
				require.NoError(t, err)
			} else {
				require.Error(t, problems)
				require.Error(t, err)
			}
		})
	}
}

func TestJSONSchemaRejectsInvalidScenarios(t *testing.T) {
	t.Parallel()

	schema := compiled(t)

	for _, row := range []struct {
		text  string
		valid bool
	}{
		{"description: x\nparameters: {a: {type: text, default: x, description: y}}\nsteps: [{opName: Return}]", true},
		{"steps: []", false},
		{"description: x", false},
		{"description: 5\nsteps: [{opName: Return}]", false},
		{"desc: x\nsteps: [{opName: Return}]", false},
		{"- opName: Return", false},
		{"steps: {opName: Return}", false},
		{"parameters: {a: {}}\nsteps: [{opName: Return}]", false},
		{"parameters: {a: {type: txt}}\nsteps: [{opName: Return}]", false},
		{"parameters: {a: {type: text, deflt: x}}\nsteps: [{opName: Return}]", false},
		{"parameters: {a-b: {type: text}}\nsteps: [{opName: Return}]", false},
		{"parameters: {steps: {type: text}}\nsteps: [{opName: Return}]", false},
	} {
		_, problems := validation.Parse("a.yaml", []byte(row.text), validation.Environment{})
		err := schema.Validate(instance(t, row.text))

		if row.valid {
			require.NoError(t, problems, row.text)
			require.NoError(t, err, row.text)
		} else {
			require.Error(t, problems, row.text)
			require.Error(t, err, row.text)
		}
	}
}
