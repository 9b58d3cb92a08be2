package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/scenario/problem"
)

const (
	anApp = "sources: {stage: {kind: SQLiteSource}}\nvariables: {since: {type: date, default: 2026-01-01}}\n"

	aScenario = "steps:\n- opName: Transform\n  opParams: {source: stage, query: SELECT 1, returnResult: true}\n"
	wrong     = "steps:\n- opName: Transform\n  opParams: {source: stag, query: SELECT 1, returnResult: true}\n"
	caller    = "steps:\n- opName: RunScenario\n  opParams: {scenario: Wrong}\n"
)

// folder creates a folder with the files, given by their paths.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()

	dir := t.TempDir()

	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}

	return dir
}

// runValidate runs the command validate in dir, and returns its exit status and what it prints to stdout and stderr.
func runValidate(t *testing.T, dir string, asJSON bool, paths ...string) (status int, stdout, stderr string) {
	t.Helper()

	var out, summary bytes.Buffer

	status = cli.Report((&validator{dir: dir, checked: map[string]bool{}}).validate(paths, asJSON, &out, &summary), "jobwright", &summary)

	return status, out.String(), summary.String()
}

func TestValidatePrintsProblemsOfAppsAndScenarios(t *testing.T) {
	t.Parallel()

	const (
		mistake = "3:14: unknown source stag; did you mean stage? [source_unknown]\n"
	)

	// The current folder has two apps.
	apps := map[string]string{
		"7/app.yaml": anApp, "7/scenarios/Main.yaml": aScenario, "7/scenarios/Other.json": `{"steps": [{"opName": "Return"}]}`,
		"8/app.yaml": anApp, "8/scenarios/Caller.yaml": caller, "8/scenarios/Wrong.yml": wrong,
		"notes/a.txt": "no app", "b.txt": "no scenario",
	}

	for name, row := range map[string]struct {
		paths  []string
		change map[string]string
		status int
		stdout string
		stderr string
	}{
		"all apps, by default":            {nil, nil, 1, "8/scenarios/Wrong.yml:" + mistake, "4 scenarios, 1 problem\n"},
		"a folder of apps":                {[]string{"."}, nil, 1, "8/scenarios/Wrong.yml:" + mistake, "4 scenarios, 1 problem\n"},
		"an app":                          {[]string{"7"}, nil, 0, "", "2 scenarios are valid\n"},
		"several apps, one of them twice": {[]string{"7", "8", "7/"}, nil, 1, "8/scenarios/Wrong.yml:" + mistake, "4 scenarios, 1 problem\n"},
		"a scenario":                      {[]string{"7/scenarios/Main.yaml"}, nil, 0, "", "1 scenario is valid\n"},
		"a scenario that runs another":    {[]string{"8/scenarios/Caller.yaml"}, nil, 1, "8/scenarios/Wrong.yml:" + mistake, "1 scenario, 1 problem\n"},
		"a call of an unknown scenario": {
			[]string{"7"},
			map[string]string{"7/scenarios/Caller.yaml": caller},
			1,
			"7/scenarios/Caller.yaml:3:14: unknown scenario Wrong; known are Caller, Main, Other [scenario_unknown]\n", "3 scenarios, 1 problem\n",
		},
		"several mistakes": {
			[]string{"7"},
			map[string]string{"7/scenarios/A.yaml": wrong, "7/scenarios/B.yaml": "step: []"},
			1,
			"7/scenarios/A.yaml:" + mistake +
				"7/scenarios/B.yaml:1:1: steps is missing (the steps, in order) [field_missing]\n" +
				"7/scenarios/B.yaml:1:1: unknown field step; did you mean steps? [field_unknown]\n",
			"4 scenarios, 3 problems\n",
		},
		"mistakes within a file and between files": {
			[]string{"7/scenarios/A.yaml"},
			map[string]string{"7/scenarios/A.yaml": wrong + "- opName: RunScenario\n  opParams: {scenario: Mian}\n"},
			1,
			"7/scenarios/A.yaml:" + mistake +
				"7/scenarios/A.yaml:5:14: unknown scenario Mian; did you mean Main? [scenario_unknown]\n",
			"1 scenario, 2 problems\n",
		},
		"an app without scenarios": {[]string{"9"}, map[string]string{"9/app.yaml": anApp}, 0, "", "0 scenarios are valid\n"},
		"an absolute path":         {[]string{"/7"}, nil, 0, "", "2 scenarios are valid\n"},

		"a folder without apps":    {[]string{"notes"}, nil, 2, "", "jobwright: there is no app in notes: neither the folder nor a folder in it has an app.yaml\n"},
		"a file outside of an app": {[]string{"b.txt"}, nil, 2, "", "jobwright: b.txt is not a scenario of an app: scenarios are in a folder scenarios beside an app.yaml\n"},
		"a file of another folder": {
			[]string{"7/files/Main.yaml"},
			map[string]string{"7/files/Main.yaml": aScenario},
			2, "",
			"jobwright: 7/files/Main.yaml is not a scenario of an app: scenarios are in a folder scenarios beside an app.yaml\n",
		},
		"a file beside scenarios": {[]string{"7/scenarios/a.txt"}, map[string]string{"7/scenarios/a.txt": ""}, 2, "", "jobwright: 7/scenarios/a.txt is not a scenario\n"},
		"an invalid app ID":       {[]string{"."}, map[string]string{".x/app.yaml": anApp}, 2, "", "jobwright: .x can't be an app: the name of the folder is not a valid app ID\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			dir := folder(t, apps)
			for name, text := range row.change {
				path := filepath.Join(dir, filepath.FromSlash(name))
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			}

			paths := append([]string{}, row.paths...)
			if name == "an absolute path" {
				paths[0] = dir + paths[0]
			}

			status, stdout, stderr := runValidate(t, dir, false, paths...)
			require.Equal(t, row.stdout, stdout)
			require.Equal(t, row.stderr, stderr)
			require.Equal(t, row.status, status)
		})
	}
}

func TestValidateRejectsAMissingPath(t *testing.T) {
	t.Parallel()

	status, stdout, stderr := runValidate(t, folder(t, nil), false, "apps")
	require.Equal(t, 2, status)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "no such file")
}

func TestValidatePrintsProblemsOfTheManifest(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]string{
		"sources: [": `^7/app.yaml:\d+:\d+: .+ \[app_invalid\]\n$`,
		"source: {}\nacces: []": `^7/app.yaml:1:1: unknown field source; did you mean sources\? \[app_invalid\]\n` +
			`7/app.yaml:2:1: unknown field acces; did you mean access\? \[app_invalid\]\n$`,
		"description: x\nsource: {}":       `^7/app.yaml:2:1: unknown field source; did you mean sources\? \[app_invalid\]\n$`,
		"sources: {a: {path: x}}":          `^7/app.yaml:1:11: the source a has no kind; the kinds are .* \[app_invalid\]\n$`,
		"access: [{name: x, key: secret}]": `^7/app.yaml:1:25: the key of "x" must be a reference.*\[app_invalid\]\n$`,
		"variables:\n  b: {}\n  a: {type: text}": `^7/app.yaml:2:3: variables.b: type is missing.*\n` +
			`7/app.yaml:2:3: variables.b: default is missing.*\n7/app.yaml:3:3: variables.a: default is missing.*\n$`,
		"variables:\n  a:\n    type: date\n    default: x": `^7/app.yaml:4:5: variables.a.default: the default must be a date such as .*, but is the text "x" \[type_mismatch\]\n$`,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()

			dir := folder(t, map[string]string{"7/app.yaml": text, "7/scenarios/Main.yaml": aScenario})

			for _, path := range []string{"7", ".", "7/app.yaml", "7/scenarios/Main.yaml"} {
				status, stdout, stderr := runValidate(t, dir, false, path)
				require.Equal(t, 1, status, stderr)
				require.Regexp(t, want, stdout)
				require.Contains(t, stderr, "0 scenarios, ")
			}
		})
	}
}

func TestValidatePrintsProblemsAsJSON(t *testing.T) {
	t.Parallel()

	dir := folder(t, map[string]string{"7/app.yaml": anApp, "7/scenarios/Wrong.yaml": wrong})

	status, stdout, stderr := runValidate(t, dir, true, "7")
	require.Equal(t, 1, status)
	require.Equal(t, "1 scenario, 1 problem\n", stderr)

	var problems problem.List
	require.NoError(t, json.Unmarshal([]byte(stdout), &problems))
	require.Equal(t, problem.List{{
		Code: problem.CodeSourceUnknown, File: filepath.Join("7", "scenarios", "Wrong.yaml"), Line: 3, Column: 14,
		Path: "steps[0].opParams.source", Message: "unknown source stag; did you mean stage?",
	}}, problems)

	_, stdout, _ = runValidate(t, folder(t, map[string]string{"7/app.yaml": anApp}), true, "7")
	require.JSONEq(t, "[]", stdout)
}

// Not parallel: the current folder belongs to the whole process.
func TestValidateDefaultsToTheCurrentFolder(t *testing.T) {
	t.Chdir(filepath.Join(folder(t, map[string]string{"7/app.yaml": anApp, "7/scenarios/Wrong.yaml": wrong}), "7"))

	var out, stderr bytes.Buffer

	run := command()
	run.SetArgs([]string{"validate"})
	run.SetOut(&out)
	run.SetErr(&stderr)

	require.Equal(t, 1, cli.Report(run.Execute(), "jobwright", &stderr))
	require.Equal(t, "scenarios/Wrong.yaml:3:14: unknown source stag; did you mean stage? [source_unknown]\n", out.String())
	require.Equal(t, "1 scenario, 1 problem\n", stderr.String())
}

func TestValidateExitsWithTwoForUnknownFlags(t *testing.T) {
	t.Parallel()

	var stderr bytes.Buffer

	run := command()
	run.SetArgs([]string{"validate", "--jsn"})

	require.Equal(t, 2, cli.Report(run.Execute(), "jobwright", &stderr))
	require.Equal(t, "jobwright: unknown flag: --jsn\n", stderr.String())
}

func TestUnknownCommandExitsWithOne(t *testing.T) {
	t.Parallel()

	var stderr bytes.Buffer

	run := command()
	run.SetArgs([]string{"validat"})

	require.Equal(t, 1, cli.Report(run.Execute(), "jobwright", &stderr))
	require.Contains(t, stderr.String(), "jobwright: unknown command")
}

func TestValidateAcceptsTheExamples(t *testing.T) {
	t.Parallel()

	status, stdout, stderr := runValidate(t, filepath.Join("..", ".."), false, filepath.Join("examples", "apps"))
	require.Equal(t, 0, status, stderr)
	require.Empty(t, stdout)
}

func TestSchemaPrintsTheDocumentedSchema(t *testing.T) {
	t.Parallel()

	var out bytes.Buffer

	run := command()
	run.SetArgs([]string{"schema"})
	run.SetOut(&out)
	require.NoError(t, run.Execute())

	file, err := os.ReadFile(filepath.Join("..", "..", "docs", "scenario.schema.json"))
	require.NoError(t, err)
	require.Equal(t, string(file), out.String())
}

func TestValidatePrintsNoPathOutsideOfTheFolder(t *testing.T) {
	t.Parallel()

	dir := folder(t, map[string]string{"apps/7/app.yaml": "source: {}", "elsewhere/deep/x": ""})

	status, stdout, _ := runValidate(t, filepath.Join(dir, "elsewhere", "deep"), false, filepath.Join("..", "..", "apps"))
	require.Equal(t, 1, status)
	require.Equal(t, filepath.Join(dir, "apps", "7", "app.yaml")+
		":1:1: unknown field source; did you mean sources? [app_invalid]\n", stdout)
}

func TestValidateRefusesSecretsOfOtherApps(t *testing.T) {
	t.Parallel()

	dir := folder(t, map[string]string{"7/app.yaml": `access: [{name: x, key: "${env:JOBWRIGHT_APP_8_KEY}"}]`, "8/app.yaml": anApp})

	status, stdout, _ := runValidate(t, dir, false, "7")
	require.Equal(t, 1, status)
	require.Contains(t, stdout, "7/app.yaml:1:25: app 7 must not refer to the secret ${env:JOBWRIGHT_APP_8_KEY}: "+
		"its environment variables begin with JOBWRIGHT_APP_7_ (--env-prefix)")
}
