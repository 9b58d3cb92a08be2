package validation_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
)

// call is a step that runs another scenario.
func call(name string, fields ...string) string {
	return step("RunScenario", "scenario: "+name, fields...)
}

// inline is a step that runs another scenario within its own.
func inline(name string) string {
	return step("RunScenario", "inline: true, scenario: "+name)
}

// program pins the scenario Main of an app with those files.
func program(t *testing.T, files map[string]string) (scenario.Program, error) {
	t.Helper()

	library := validation.Library{
		Names: []string{"Load", "Main", "Report"},
		Load: func(name string) (validation.Document, error) {
			text, ok := files[name]
			if !ok {
				return validation.Document{}, fmt.Errorf("%s: %w", name, validation.ErrUnknown)
			}

			return validation.Parse("scenarios/"+name+".yaml", []byte(text), environment())
		},
		ReadFile: func(path string) (string, error) {
			text, ok := files[path]
			if !ok {
				return "", validation.ErrUnknown
			}

			return text, nil
		},
		Environment: environment(),
	}

	main, err := library.Load("Main")
	require.NoError(t, err)

	return validation.NewProgram("Main", main, library)
}

func TestNewProgramContainsAllCallees(t *testing.T) {
	t.Parallel()

	found, err := program(t, map[string]string{
		"Main":   steps(within(call("Load")), step("Parallel", "branches: {a: ["+call("Report")+"]}")),
		"Load":   steps(step("TryCatch", "try: [], catch: ["+call("Deep")+"]")),
		"Report": steps(set("x", "1")),
		"Deep":   steps(set("x", "1")),
		"Other":  steps(set("x", "1")),
	})
	require.NoError(t, err)
	require.Equal(t, "Main", found.Entry)
	require.Equal(t, environment().Variables, found.Variables)
	require.Equal(t, []string{"Deep", "Load", "Main", "Report"}, slices.Sorted(keys(found.Scenarios)))

	part, err := found.Reachable("Load")
	require.NoError(t, err)
	require.Equal(t, "Load", part.Entry)
	require.Equal(t, found.Variables, part.Variables)
	require.Equal(t, []string{"Deep", "Load"}, slices.Sorted(keys(part.Scenarios)))
	require.Equal(t, found.Scenarios["Deep"], part.Scenarios["Deep"])

	_, err = found.Reachable("Other")
	require.EqualError(t, err, "the program has no scenario Other")
}

func TestNewProgramContainsScriptFiles(t *testing.T) {
	t.Parallel()

	runs := func(file string) string { return step("RunSourceScript", "source: stage, scriptFile: "+file) }
	files := map[string]string{
		"Main":   steps(within(call("Load")), runs("a.sql")),
		"Load":   steps(step("TryCatch", "try: ["+set("x", "1")+"], catch: ["+runs("b.sql")+"]")),
		"a.sql":  "SELECT '${not an expression}';",
		"b.sql":  "SELECT 2",
		"no.sql": "SELECT '\xff'",
	}

	found, err := program(t, files)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a.sql": files["a.sql"], "b.sql": files["b.sql"]}, found.Files)

	part, err := found.Reachable("Load")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"b.sql": files["b.sql"]}, part.Files)

	files["Load"] = steps(runs("c.sql"), runs("no.sql"))
	_, err = program(t, files)
	require.EqualError(t, err, "scenarios/Load.yaml:2:55: the app has no file c.sql [file_missing]\n"+
		"scenarios/Load.yaml:3:55: the file no.sql is not UTF-8 text [file_missing]")
}

func keys[T any](m map[string]T) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}

func TestNewProgramChecksCallsBetweenFiles(t *testing.T) {
	t.Parallel()

	const load = "parameters: {day: {type: date}, limit: {type: integer, default: 5}}\nsteps: [{opName: Return}]"

	parameters := func(values string) string {
		return steps(step("RunScenario", "scenario: Load, parameters: {"+values+"}"))
	}

	for rule, test := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"a scenario is known": {
			map[string]string{"Main": steps(call("Laod"), within(call("Nothing")))},
			[]string{
				"scenarios/Main.yaml:2:36: unknown scenario Laod; did you mean Load? [scenario_unknown]",
				"scenarios/Main.yaml:3:90: unknown scenario Nothing; known are Load, Main, Report [scenario_unknown]",
			},
		},
		"a parameter is given": {
			map[string]string{"Main": steps(call("Load")), "Load": load},
			[]string{"scenarios/Main.yaml:2:25: the parameter day of scenario Load is missing (type date) [parameter_missing]"},
		},
		"parameters are known and of their types": {
			map[string]string{"Main": parameters("day: soon, limit: many, dya: 1"), "Load": load},
			[]string{
				`scenarios/Main.yaml:2:65: the parameter day of scenario Load must be a date such as 2006-01-02, but is the text "soon" [parameter_type_mismatch]`,
				`scenarios/Main.yaml:2:76: the parameter limit of scenario Load must be an integer, but is the text "many" [parameter_type_mismatch]`,
				"scenarios/Main.yaml:2:89: the scenario Load has no parameter dya; did you mean day? [parameter_unknown]",
			},
		},
		"what an expression gives is bound later": {
			map[string]string{"Main": parameters("day: '${today()}', limit: '${1}'"), "Load": load}, nil,
		},
		"what an expression gives has the parameter's type": {
			map[string]string{
				"Main": "parameters: {country: {type: text}}\n" + parameters("day: '${1 / 2}', limit: '${country}'"),
				"Load": load,
			},
			[]string{
				"scenarios/Main.yaml:3:65: the parameter day of scenario Load must be a date such as 2006-01-02, but ${1 / 2} gives a number [parameter_type_mismatch]",
				"scenarios/Main.yaml:3:82: the parameter limit of scenario Load must be an integer, but ${country} gives text [parameter_type_mismatch]",
			},
		},
		"text around an expression has the parameter's type": {
			map[string]string{"Main": parameters("day: 'x${1}', limit: '1${1}'"), "Load": load},
			[]string{"scenarios/Main.yaml:2:79: the parameter limit of scenario Load must be an integer, but 1${1} gives text [parameter_type_mismatch]"},
		},
		"an integer is a number and a decimal, and anything is JSON": {
			map[string]string{
				"Main": parameters("f: '${1}', d: '${1}', j: '${[1]}', t: '$[stage]{SELECT 1}'"),
				"Load": "parameters: {f: {type: float}, d: {type: decimal}, j: {type: json}, t: {type: text}}\nsteps: [{opName: Return}]",
			}, nil,
		},
		"all parameters from an expression are bound later": {
			map[string]string{"Main": steps(step("RunScenario", "scenario: Load, parameters: '${{day: today()}}'")), "Load": load}, nil,
		},
		"mistakes of a called file are reported with its name, once": {
			map[string]string{"Main": steps(call("Load"), call("Load"), call("Nothing")), "Load": steps("{opName: Transfrom}")},
			[]string{
				"scenarios/Load.yaml:2:4: unknown operation Transfrom; did you mean Transform? [operation_unknown]",
				"scenarios/Main.yaml:4:36: unknown scenario Nothing; known are Load, Main, Report [scenario_unknown]",
			},
		},
		"what a file with mistakes calls is checked too": {
			map[string]string{
				"Main":   steps(call("Load"), call("Report")),
				"Load":   steps("{opName: Transfrom}", call("Nothing"), call("Report"), step("RunScenario", "inline: true"), step("RunScenario", "scenario: '${job.id}'")),
				"Report": steps(set("x", "1")),
			},
			[]string{
				"scenarios/Load.yaml:2:4: unknown operation Transfrom; did you mean Transform? [operation_unknown]",
				"scenarios/Load.yaml:3:36: unknown scenario Nothing; known are Load, Main, Report [scenario_unknown]",
				"scenarios/Load.yaml:5:25: scenario is missing (the name of the scenario: the name of its file without the extension) [field_missing]",
				"scenarios/Load.yaml:6:36: this can't be an expression: it must be known before the job runs [value_invalid]",
			},
		},
		"a scenario in a case is checked where it stands": {
			map[string]string{"Main": steps(step("Switch", "value: 1, cases: [{when: 1, steps: ["+call("A")+"]}, {when: 2, steps: ["+call("B")+"]}], default: ["+call("C")+"]"))},
			[]string{
				"scenarios/Main.yaml:2:100: unknown scenario A; known are Load, Main, Report [scenario_unknown]",
				"scenarios/Main.yaml:2:168: unknown scenario B; known are Load, Main, Report [scenario_unknown]",
				"scenarios/Main.yaml:2:229: unknown scenario C; known are Load, Main, Report [scenario_unknown]",
			},
		},
		"a scenario in a branch is checked where it stands": {
			map[string]string{"Main": steps(step("Parallel", "branches: {a: [], b: [\n    "+call("A")+"]}"))},
			[]string{"scenarios/Main.yaml:3:38: unknown scenario A; known are Load, Main, Report [scenario_unknown]"},
		},

		"a scenario does not run itself for ever": {
			map[string]string{"Main": steps(call("Main"))},
			[]string{"scenarios/Main.yaml:2:36: the scenarios call each other endlessly: Main → Main; nothing on the way can end it; give the step a condition [call_cycle]"},
		},
		"nor by way of another": {
			map[string]string{"Main": steps(call("Load")), "Load": steps(call("Main"))},
			[]string{"scenarios/Main.yaml:2:36: the scenarios call each other endlessly: Load → Main → Load; nothing on the way can end it; give the step a condition [call_cycle]"},
		},
		"nor others that it may run": {
			map[string]string{"Main": steps(within(call("Load"))), "Load": steps(call("Report")), "Report": steps(call("Load"))},
			[]string{"scenarios/Report.yaml:2:36: the scenarios call each other endlessly: Load → Report → Load; nothing on the way can end it; give the step a condition [call_cycle]"},
		},
		"nor in a branch": {
			map[string]string{"Main": steps(step("Parallel", "branches: {a: ["+call("Main")+"]}"))},
			[]string{"scenarios/Main.yaml:2:81: the scenarios call each other endlessly: Main → Main; nothing on the way can end it; give the step a condition [call_cycle]"},
		},
		"nor in a finally, also after a Return": {
			map[string]string{"Main": steps(step("TryCatch", "try: [{opName: Return}], finally: ["+call("Main")+"]"))},
			[]string{"scenarios/Main.yaml:2:101: the scenarios call each other endlessly: Main → Main; nothing on the way can end it; give the step a condition [call_cycle]"},
		},
		"nor where the condition is always true": {
			map[string]string{"Main": steps(step("If", "condition: true, then: ["+call("Main")+"]"))},
			[]string{"scenarios/Main.yaml:2:84: the scenarios call each other endlessly: Main → Main; nothing on the way can end it; give the step a condition [call_cycle]"},
		},
		"nor in the rounds of a loop": {
			map[string]string{
				"Main": steps(step("While", "condition: true, steps: ["+call("Load")+"]")),
				"Load": steps(step("ForEach", "in: [1], steps: ["+call("Main")+"]")),
			},
			[]string{"scenarios/Main.yaml:2:88: the scenarios call each other endlessly: Load → Main → Load; nothing on the way can end it; give the step a condition [call_cycle]"},
		},
		"what runs under a condition may run itself": {
			map[string]string{"Main": steps(call("Main", "condition: '${1 < 2}'"))}, nil,
		},
		"what runs in an If may run itself":       {map[string]string{"Main": steps(within(call("Main")))}, nil},
		"what runs in a loop may run itself":      {map[string]string{"Main": steps(step("ForEach", "in: [], steps: ["+call("Main")+"]"))}, nil},
		"what runs in a catch may run itself":     {map[string]string{"Main": steps(step("TryCatch", "try: [], catch: ["+call("Main")+"]"))}, nil},
		"what runs after a Return may run itself": {map[string]string{"Main": steps("{opName: Return, condition: '${1 < 2}'}", call("Main"))}, nil},
		"what runs after a Return within may run itself": {
			map[string]string{"Main": steps(within("{opName: Return}"), call("Main"))}, nil,
		},
		"what runs after a Fail may run itself": {
			map[string]string{"Main": steps(step("Fail", "message: deep", "condition: '${1 < 2}'"), call("Main"))}, nil,
		},
		"what is run twice is no cycle": {
			map[string]string{"Main": steps(call("Load"), call("Report")), "Load": steps(call("Report")), "Report": steps(set("x", "1"))}, nil,
		},
		"what runs inline does not run itself, also under a condition": {
			map[string]string{"Main": steps(within(inline("Main")))},
			[]string{"scenarios/Main.yaml:2:104: the scenarios call each other endlessly: Main → Main; what runs inline can't run itself; drop inline [call_cycle]"},
		},
		"nor where it is reached by a child": {
			map[string]string{"Main": steps(call("Load")), "Load": steps(within(inline("Load")))},
			[]string{"scenarios/Load.yaml:2:104: the scenarios call each other endlessly: Load → Load; what runs inline can't run itself; drop inline [call_cycle]"},
		},
		"a child on the way makes it no inline cycle": {
			map[string]string{"Main": steps(within(inline("Load"))), "Load": steps(within(call("Main")))}, nil,
		},
		"a cycle is reported once, both inline and always": {
			map[string]string{"Main": steps(inline("Main"))},
			[]string{
				"scenarios/Main.yaml:2:50: the scenarios call each other endlessly: Main → Main; what runs inline can't run itself; drop inline [call_cycle]",
			},
		},
		"the steps that run inline have a bound": {
			map[string]string{
				"Main": steps(call("Load")), "Load": steps(inline("Report"), within(inline("Report"))),
				"Report": steps(strings.Split(strings.Repeat(set("x", "1")+"\n", 499), "\n")[:499]...),
			},
			[]string{"scenarios/Load.yaml:1:1: with the scenarios that it runs inline, this one has more than 1000 steps; drop inline somewhere [too_large]"},
		},
		"the steps that run inline, as many as there may be": {
			map[string]string{
				"Main": steps(inline("Report"), inline("Report")), "Report": steps(strings.Split(strings.Repeat(set("x", "1")+"\n", 499), "\n")[:499]...),
			}, nil,
		},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()

			_, err := program(t, test.files)
			if test.want == nil {
				require.NoError(t, err)

				return
			}

			require.Equal(t, strings.Join(test.want, "\n"), problemsOf(t, err).Error())
		})
	}
}

func TestNewProgramCountsInlineStepsInLinearTime(t *testing.T) {
	t.Parallel()

	files := map[string]string{"S0": steps(set("x", "1"))}
	for i := range 60 {
		next := fmt.Sprintf("S%d", i)
		files[fmt.Sprintf("S%d", i+1)] = steps(inline(next), inline(next))
	}

	files["Main"] = steps(inline("S60"))

	_, err := program(t, files)
	require.ErrorContains(t, err, "with the scenarios that it runs inline")
}

func TestNewProgramReturnsLibraryErrors(t *testing.T) {
	t.Parallel()

	broken := errors.New("the disk is gone")
	main, err := parse(steps(call("Load")))
	require.NoError(t, err)

	_, err = validation.NewProgram("Main", validation.Document{Scenario: main}, validation.Library{
		Load: func(string) (validation.Document, error) { return validation.Document{}, broken },
	})
	require.ErrorIs(t, err, broken)
}

func TestProgramSurvivesJSONExactly(t *testing.T) {
	t.Parallel()

	found, err := program(t, map[string]string{
		"Main": `parameters: {a: {type: integer, default: 9007199254740993}, b: {type: float, default: 5}}
steps:
- opName: Switch
  name: choice
  condition: "${a > 1}"
  timeout: 90s
  onError: continue
  opParams:
    value: 9007199254740993
    cases:
    - {when: [1.0, 1, "1", ~, true], steps: [` + call("Load") + `]}
    default:
    - opName: TryCatch
      condition: true
      opParams: {try: [` + set("x", "{a: [9007199254740993, 5.0, {b: -0.5}]}") + `], catch: [], ignore: [{condition: false}]}
- opName: Transform
  opParams: {source: stage, query: q, bind: {n: 9007199254740993, f: 5.0}, returnResult: true}
  retry: {maximumAttempts: 3, backoffCoefficient: 1.5}
`,
		"Load": steps("{opName: Return}"),
	})
	require.NoError(t, err)

	encoded, err := json.Marshal(found)
	require.NoError(t, err)

	var decoded scenario.Program

	require.NoError(t, json.Unmarshal(encoded, &decoded))

	again, err := json.Marshal(decoded)
	require.NoError(t, err)
	require.Equal(t, string(encoded), string(again))

	main := decoded.Scenarios["Main"]
	require.Equal(t, "scenarios/Main.yaml", main.File)
	require.Equal(t, []scenario.Parameter{
		{Name: "a", Type: source.Integer, Default: int64(9007199254740993)}, {Name: "b", Type: source.Float, Default: 5.0},
	}, main.Parameters)
	require.Equal(t, found.Scenarios["Main"].Steps[1], main.Steps[1])

	choice := main.Steps[0]
	require.Equal(t, "${a > 1}", choice.Condition)
	require.Equal(t, scenario.OnErrorContinue, choice.OnError)
	require.Equal(t, jsonvalue.Object{
		"value": int64(9007199254740993),
		"cases": []any{map[string]any{"when": []any{1.0, int64(1), "1", nil, true}}},
	}, choice.OpParams)

	try := choice.Block("default").Steps[0]
	require.Equal(t, true, try.Condition)
	require.True(t, try.HasBlock("catch"), "a catch that does nothing was lost")
	require.Equal(t,
		map[string]any{"a": []any{int64(9007199254740993), 5.0, map[string]any{"b": -0.5}}},
		try.Block("try").Steps[0].OpParams["value"],
	)
}
