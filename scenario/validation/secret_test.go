package validation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
)

const secretParameters = `
parameters:
  password: {type: text, secret: true}
  user: {type: text}
`

// secretProblems returns the mistakes in a scenario with the secret parameter password.
func secretProblems(t *testing.T, steps string) problem.List {
	t.Helper()

	_, err := validation.Parse("scenarios/Main.yaml", []byte(secretParameters+"steps:\n"+steps),
		validation.Environment{Sources: []string{"stage", "web"}})
	if err == nil {
		return nil
	}

	var problems problem.List

	require.ErrorAs(t, err, &problems)

	return problems
}

func TestParseAcceptsSecretsThatReachASource(t *testing.T) {
	t.Parallel()

	for _, step := range []string{
		`{opName: Transform, opParams: {source: stage, query: "SELECT :p", bind: {p: "${password}"}, returnValue: true}}`,
		`{opName: Transform, opParams: {source: stage, query: "SELECT ${password}", returnValue: true}}`,
		`{opName: HTTPRequest, opParams: {source: web, path: "a/${ password }", headers: {Authorization: "Bearer ${password}"}}}`,
		`{opName: HTTPRequest, opParams: {source: web, method: POST, json: {list: [{password: "${password}"}]}}}`,
		`{opName: Insert, opParams: {source: stage, table: users, records: [{name: "${user}", password: "${password}"}]}}`,
		`{opName: ForEach, opParams: {source: stage, query: "SELECT :p", bind: {p: "${password}"}, steps: [{opName: Wait, opParams: {duration: 1s}}]}}`,
		`{opName: ForEach, opParams: {in: [1], as: n, steps: [{opName: Return, opParams: {value: "${n}"}}]}}`,
	} {
		require.Empty(t, secretProblems(t, "  - "+step), step)
	}
}

func TestParseRejectsSecretsThatAreReadOrReachTheJob(t *testing.T) {
	t.Parallel()

	for step, message := range map[string]string{
		`{opName: Transform, opParams: {source: stage, query: "SELECT :p", bind: {p: "${upper(password)}"}, returnValue: true}}`: "an expression can't read it",
		`{opName: HTTPRequest, opParams: {source: web, headers: {Authorization: "${'Bearer ' + password}"}}}`:                    "place it into a text as ${password}",
		`{opName: Transform, opParams: {source: stage, query: "SELECT * FROM ${identifier(password)}", returnValue: true}}`:      "an expression can't read it",
		`{opName: Transform, opParams: {source: stage, query: "SELECT 1", returnResult: true, resultName: "${password}"}}`:       "can't be used here",
		`{opName: SetVariable, opParams: {name: copy, value: "${password}"}}`:                                                    "can't be used here",
		`{opName: Return, opParams: {value: {a: ["x ${password}"]}}}`:                                                            "can't be used here",
		`{opName: Fail, opParams: {message: "no ${password}"}}`:                                                                  "can't be used here",
		`{condition: "${password == 'x'}", opName: Wait, opParams: {duration: 1s}}`:                                              "an expression can't read it",
		`{opName: If, opParams: {condition: "${len(password) > 3}", then: []}}`:                                                  "an expression can't read it",
		`{opName: Switch, opParams: {value: "${password}", cases: [{when: "${password}", steps: []}]}}`:                          "can't be used here",
		`{opName: ForEach, opParams: {in: "${[password]}", steps: [{opName: Wait, opParams: {duration: 1s}}]}}`:                  "an expression can't read it",
		`{opName: SetVariable, opParams: {name: x, value: "$[stage]{SELECT ${password}}"}}`:                                      "can't be used here",
		`{opName: LoadTableFromSource, opParams: {source: web, table: "${password}", targetSource: stage, targetTable: t}}`:      "can't be used here",
	} {
		problems := secretProblems(t, "  - "+step)
		require.NotEmpty(t, problems, step)
		require.Equal(t, problem.CodeSecretMisplaced, problems[0].Code, step)
		require.Contains(t, problems[0].Message, message, step)
	}
}

func TestParseRejectsSecretsWithADefaultOrAnotherType(t *testing.T) {
	t.Parallel()

	for declaration, message := range map[string]string{
		"{type: text, secret: true, default: x}": "a secret has no default",
		"{type: integer, secret: true}":          "a secret has the type text, not integer",
	} {
		_, err := validation.Parse("scenarios/Main.yaml",
			[]byte("parameters:\n  p: "+declaration+"\nsteps: [{opName: Wait, opParams: {duration: 1s}}]"), validation.Environment{})
		require.ErrorContains(t, err, message)
	}

	_, err := validation.ParseVariables("variables", map[string]any{
		"p": map[string]any{"type": "text", "secret": true},
	})
	require.ErrorContains(t, err, "a variable of an app can't be secret")
}

func TestNewProgramKeepsSecretsSecretInOtherScenarios(t *testing.T) {
	t.Parallel()

	for arguments, message := range map[string]string{
		`{token: "${password}", name: x}`:              "",
		`{token: "user:${password}", name: "${user}"}`: "",
		`{token: literal, name: x}`:                    "is secret; pass a secret parameter of this scenario",
		`{token: "${user}", name: x}`:                  "is secret; pass a secret parameter of this scenario",
		`{token: "${password}", name: "${password}"}`:  "can't be a secret; declare it with secret: true",
		`"${{'token': user}}"`:                         "write its parameters out",
	} {
		steps := "  - {opName: RunScenario, opParams: {scenario: Child, parameters: " + arguments + "}}"

		main, err := validation.Parse("scenarios/Main.yaml", []byte(secretParameters+"steps:\n"+steps), validation.Environment{})
		require.NoError(t, err)

		child, err := validation.Parse("scenarios/Child.yaml", []byte(
			"parameters: {token: {type: text, secret: true}, name: {type: text}}\nsteps: [{opName: Wait, opParams: {duration: 1s}}]"),
			validation.Environment{})
		require.NoError(t, err)

		_, err = validation.NewProgram("Main", main, validation.Library{
			Names: []string{"Child"}, Load: func(string) (validation.Document, error) { return child, nil },
		})

		if message == "" {
			require.NoError(t, err, arguments)
		} else {
			require.ErrorContains(t, err, message, arguments)
		}
	}
}

func TestBindDoesNotRepeatASecret(t *testing.T) {
	t.Parallel()

	main, err := validation.Parse("scenarios/Main.yaml",
		[]byte(secretParameters+"steps: [{opName: Wait, opParams: {duration: 1s}}]"), validation.Environment{})
	require.NoError(t, err)

	_, err = main.Bind(map[string]any{"password": int64(4711), "user": "x"})
	require.ErrorContains(t, err, "the parameter password must be text")
	require.NotContains(t, err.Error(), "4711")

	require.Equal(t, []scenario.Parameter{{Name: "password", Type: "text", Required: true, Secret: true}, {Name: "user", Type: "text", Required: true}},
		main.Parameters)
}
