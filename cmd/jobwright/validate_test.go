package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
)

const (
	anApp = "sources: {stage: {kind: SQLiteSource}}\nvariables: {since: {type: date, default: 2026-01-01}}\n"

	aScenario = "steps:\n- opName: Transform\n  opParams: {source: stage, query: SELECT 1, returnResult: true}\n"
	wrong     = "steps:\n- opName: Transform\n  opParams: {source: stag, query: SELECT 1, returnResult: true}\n"
	caller    = "steps:\n- opName: RunScenario\n  opParams: {scenario: Wrong}\n"
)

// folder writes files, by their paths, into a new folder.
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

// validated is what validate tells who stands in dir: its status, what it prints, and what it says of it.
func validated(t *testing.T, dir string, asJSON bool, paths ...string) (status int, printed, said string) {
	t.Helper()

	var out, summary bytes.Buffer

	if err := validate(dir, paths, asJSON, &out, &summary); err != nil {
		status = tell(err, &summary)
	}

	return status, out.String(), summary.String()
}

func TestValidateTellsWhatIsWrong(t *testing.T) {
	t.Parallel()

	const (
		mistake = "3:14: unknown source stag; did you mean stage? [source_unknown]\n"
	)

	// The folder in which the user stands holds two apps.
	apps := map[string]string{
		"7/app.yaml": anApp, "7/scenarios/Main.yaml": aScenario, "7/scenarios/Other.json": `{"steps": [{"opName": "Return"}]}`,
		"8/app.yaml": anApp, "8/scenarios/Caller.yaml": caller, "8/scenarios/Wrong.yml": wrong,
		"notes/a.txt": "no app", "b.txt": "no scenario",
	}

	for name, row := range map[string]struct {
		paths   []string
		change  map[string]string
		status  int
		printed string
		said    string
	}{
		"all apps, by default":            {nil, nil, 1, "8/scenarios/Wrong.yml:" + mistake, "4 scenarios, 1 problem\n"},
		"a folder of apps":                {[]string{"."}, nil, 1, "8/scenarios/Wrong.yml:" + mistake, "4 scenarios, 1 problem\n"},
		"an app":                          {[]string{"7"}, nil, 0, "", "2 scenarios are valid\n"},
		"several apps, one of them twice": {[]string{"7", "8", "7/"}, nil, 1, "8/scenarios/Wrong.yml:" + mistake, "4 scenarios, 1 problem\n"},
		"a scenario":                      {[]string{"7/scenarios/Main.yaml"}, nil, 0, "", "1 scenario is valid\n"},
		"a scenario that runs another":    {[]string{"8/scenarios/Caller.yaml"}, nil, 1, "8/scenarios/Wrong.yml:" + mistake, "1 scenario, 1 problem\n"},
		"a call of what is not there": {
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
				"7/scenarios/B.yaml:1:1: steps is missing: What it does, in order. [field_missing]\n" +
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

		"a folder without apps":    {[]string{"notes"}, nil, 2, "", "jobwright: there is no app in notes: neither it nor a folder in it has an app.yaml\n"},
		"a file that is elsewhere": {[]string{"b.txt"}, nil, 2, "", "jobwright: b.txt is no scenario of an app: it lies in no folder scenarios beside an app.yaml\n"},
		"a file of another folder": {
			[]string{"7/files/Main.yaml"},
			map[string]string{"7/files/Main.yaml": aScenario},
			2, "",
			"jobwright: 7/files/Main.yaml is no scenario of an app: it lies in no folder scenarios beside an app.yaml\n",
		},
		"a file beside scenarios": {[]string{"7/scenarios/a.txt"}, map[string]string{"7/scenarios/a.txt": ""}, 2, "", "jobwright: 7/scenarios/a.txt is no scenario\n"},
		"an id that can't be one": {[]string{"."}, map[string]string{".x/app.yaml": anApp}, 2, "", "jobwright: .x can't be an app: its name can't be an app's id\n"},
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

			status, printed, said := validated(t, dir, false, paths...)
			require.Equal(t, row.printed, printed)
			require.Equal(t, row.said, said)
			require.Equal(t, row.status, status)
		})
	}
}

func TestValidateSaysWhatIsNotThere(t *testing.T) {
	t.Parallel()

	status, printed, said := validated(t, folder(t, nil), false, "apps")
	require.Equal(t, 2, status)
	require.Empty(t, printed)
	require.Contains(t, said, "no such file")
}

func TestValidateTellsTheMistakesOfAnApp(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]string{
		"sources: [":                       `^7/app.yaml:\d+:\d+: .+ \[app_invalid\]\n$`,
		"source: {}\nacces: []":            `^7/app.yaml:1:\d+: .*source.*\n7/app.yaml:2:\d+: .*acces.*\n$`,
		"description: x\nsource: {}":       `^7/app.yaml:2:\d+: .*source.* \[app_invalid\]\n$`,
		"sources: {a: {path: x}}":          `^7/app.yaml:1:1: the source a has no kind \[app_invalid\]\n$`,
		"access: [{name: x, key: secret}]": `^7/app.yaml:1:1: the key of "x" must be a reference.*\[app_invalid\]\n$`,
		"variables:\n  b: {}\n  a: {type: text}": `^7/app.yaml:2:3: type is missing.*\n` +
			`7/app.yaml:2:3: default is missing.*\n7/app.yaml:3:3: default is missing.*\n$`,
		"variables:\n  a:\n    type: date\n    default: x": `^7/app.yaml:4:5: want a date such as .*, have the text "x" \[type_mismatch\]\n$`,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()

			dir := folder(t, map[string]string{"7/app.yaml": text, "7/scenarios/Main.yaml": aScenario})

			for _, path := range []string{"7", ".", "7/app.yaml", "7/scenarios/Main.yaml"} {
				status, printed, said := validated(t, dir, false, path)
				require.Equal(t, 1, status, said)
				require.Regexp(t, want, printed)
				require.Contains(t, said, "0 scenarios, ")
			}
		})
	}
}

func TestValidatePrintsProblemsAsJSON(t *testing.T) {
	t.Parallel()

	dir := folder(t, map[string]string{"7/app.yaml": anApp, "7/scenarios/Wrong.yaml": wrong})

	status, printed, said := validated(t, dir, true, "7")
	require.Equal(t, 1, status)
	require.Equal(t, "1 scenario, 1 problem\n", said)

	var problems scenario.Problems
	require.NoError(t, json.Unmarshal([]byte(printed), &problems))
	require.Equal(t, scenario.Problems{{
		Code: scenario.CodeSourceUnknown, File: filepath.Join("7", "scenarios", "Wrong.yaml"), Line: 3, Column: 14,
		Path: "steps[0].opParams.source", Message: "unknown source stag; did you mean stage?",
	}}, problems)

	_, printed, _ = validated(t, folder(t, map[string]string{"7/app.yaml": anApp}), true, "7")
	require.JSONEq(t, "[]", printed)
}

// The current folder belongs to the whole process, so this test runs alone.
func TestValidateBeginsInTheCurrentFolder(t *testing.T) {
	t.Chdir(filepath.Join(folder(t, map[string]string{"7/app.yaml": anApp, "7/scenarios/Wrong.yaml": wrong}), "7"))

	var out, said bytes.Buffer

	run := command()
	run.SetArgs([]string{"validate"})
	run.SetOut(&out)
	run.SetErr(&said)

	require.Equal(t, 1, tell(run.Execute(), &said))
	require.Equal(t, "scenarios/Wrong.yaml:3:14: unknown source stag; did you mean stage? [source_unknown]\n", out.String())
	require.Equal(t, "1 scenario, 1 problem\n", said.String())
}

func TestValidateCanNotRunWithFlagsThatItDoesNotHave(t *testing.T) {
	t.Parallel()

	var said bytes.Buffer

	run := command()
	run.SetArgs([]string{"validate", "--jsn"})

	require.Equal(t, 2, tell(run.Execute(), &said))
	require.Equal(t, "jobwright: unknown flag: --jsn\n", said.String())
}

func TestOtherCommandsEndWithOne(t *testing.T) {
	t.Parallel()

	var said bytes.Buffer

	run := command()
	run.SetArgs([]string{"validat"})

	require.Equal(t, 1, tell(run.Execute(), &said))
	require.Contains(t, said.String(), "jobwright: unknown command")
}

func TestTheExamplesAreValid(t *testing.T) {
	t.Parallel()

	status, printed, said := validated(t, filepath.Join("..", ".."), false, filepath.Join("examples", "apps"))
	require.Equal(t, 0, status, said)
	require.Empty(t, printed)
}

func TestSchemaPrintsTheSchemaThatTheExamplesPointTo(t *testing.T) {
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
