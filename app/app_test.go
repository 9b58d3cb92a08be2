package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
)

const scenarioText = `{"steps": [{"opName": "Transform", "opParams": {"source": "stage", "query": "SELECT 1", "returnResult": true}}]}`

// catalog returns a catalog over those files, by path.
func catalog(t *testing.T, files map[string]string) *app.Catalog {
	t.Helper()

	dir := filepath.Join(t.TempDir(), "apps")
	require.NoError(t, os.Mkdir(dir, 0o750))

	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}

	apps, err := app.Open(dir)
	require.NoError(t, err)

	return apps
}

// load returns the app 7 with that app.yaml and those other files.
func load(t *testing.T, manifest string, files map[string]string) *app.App {
	t.Helper()

	all := map[string]string{"7/app.yaml": manifest}
	for name, text := range files {
		all["7/"+name] = text
	}

	found, err := catalog(t, all).App("7")
	require.NoError(t, err)

	return found
}

func TestTheExampleIsAnApp(t *testing.T) {
	t.Parallel()

	apps, err := app.Open("../examples/apps")
	require.NoError(t, err)

	ids, err := apps.IDs()
	require.NoError(t, err)
	require.Contains(t, ids, "7")

	found, err := apps.App("7")
	require.NoError(t, err)
	require.Equal(t, "7", found.ID)
	require.FileExists(t, filepath.Join(found.Dir, "app.yaml"))
	require.Equal(t, []string{"files", "stage"}, found.SourceNames())
	require.Equal(t, map[string]source.Definition{
		"files": {Name: "files", Kind: "FileSource", Options: map[string]any{"path": "files"}},
		"stage": {Name: "stage", Kind: "SQLiteSource", Options: map[string]any{}},
	}, found.Sources)

	names, err := found.ScenarioNames()
	require.NoError(t, err)
	require.Contains(t, names, "Main")

	for _, name := range names {
		_, err := found.Scenario(name)
		require.NoError(t, err, name)
	}

	main, err := found.Scenario("Main")
	require.NoError(t, err)
	require.Equal(t, "scenarios/Main.yaml", main.File)
	require.NotEmpty(t, main.Steps)
}

func TestAFolderOfAppsMustBeThere(t *testing.T) {
	t.Parallel()

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))

	for _, dir := range []string{file, file + "-that-is-missing"} {
		_, err := app.Open(dir)
		require.ErrorContains(t, err, "the folder of apps can't be read")
	}
}

func TestAMistakeInAppYAMLIsNamed(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ name, text, message string }{
		{"an unknown field", "source: {}", "field source not found"},
		{"no YAML", "sources: [", "app.yaml is wrong"},
		{"a source without a kind", "sources: {stage: {path: x}}", "the source stage has no kind"},
		{"a source without anything", "sources: {stage: }", "the source stage has no kind"},
		{"a key in plain words", "access: [{name: nightly, key: secret}]", `the key of "nightly" must be a reference`},
		{"a key that is missing", "access: [{name: nightly}]", `the key of "nightly" must be a reference`},
		{"a key of another kind", "access: [{name: nightly, key: '${vault:x}'}]", "must be a reference"},
		{"a key without a name", "access: [{name: nightly, key: '${env:}'}]", "must be a reference"},
		{"a key half open", "access: [{name: nightly, key: '${env:KEY'}]", "must be a reference"},
		{"a name for everybody", "access: [{name: '*', key: '${env:KEY}'}]", `nobody can be named "*" in access`},
		{"an unknown right", "access: [{name: nightly, key: '${env:KEY}', rights: [stop]}]", `unknown right "stop"; there are execute, status and signal`},
		{"an unknown field of an access", "access: [{name: nightly, key: '${env:KEY}', right: [status]}]", "field right not found"},
		{"variables that are no object", "variables: [since]", "app.yaml is wrong"},
		{"a variable that is no object", "variables: {since: 7}", "variables.since: want an object, have the integer 7"},
		{"a variable without anything", "variables: {since: }", "variables.since: want an object, have nothing"},
		{"a variable without a type", "variables: {since: {default: x}}", "variables.since: type is missing"},
		{"a variable of an unknown type", "variables: {since: {type: moment, default: x}}", "variables.since.type"},
		{"a variable without a default", "variables: {since: {type: date}}", "variables.since: default is missing"},
		{"a default of another type", "variables: {n: {type: integer, default: x}}", "variables.n.default"},
		{"a default with a zero before it", "variables: {n: {type: integer, default: 010}}", "the number 010 begins with a zero"},
		{"a default beyond 64 bits", "variables: {n: {type: integer, default: 9223372036854775808}}", "9223372036854775808 does not fit into 64 bits"},
		{"a default that is no number", "variables: {n: {type: float, default: .inf}}", ".inf is out of range"},
		{"an unknown field of a variable", "variables: {n: {type: integer, default: 1, min: 0}}", "variables.n.min"},
		{"a variable whose name is taken", "variables: {steps: {type: integer, default: 1}}", "steps can't name a parameter"},
		{"a variable that stands there twice", "variables: {n: {type: text, default: a}, n: {type: text, default: b}}", "already"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			_, err := catalog(t, map[string]string{"7/app.yaml": test.text}).App("7")
			require.ErrorContains(t, err, "app 7")
			require.ErrorContains(t, err, test.message)
			require.NotErrorIs(t, err, app.ErrNotFound)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestAnIDThatIsNoFolderOfAppsIsNotFound(t *testing.T) {
	t.Parallel()

	apps := catalog(t, map[string]string{
		"7/app.yaml": "description: x", "7/inner/app.yaml": "description: x", "../app.yaml": "description: x",
		"../other/app.yaml": "description: x", "empty/readme": "", ".hidden/app.yaml": "description: x",
		strings.Repeat("x", 65) + "/app.yaml": "description: x",
	})

	for _, id := range []string{
		"", "8", ".", "..", "../other", "../apps/7", "7/", "7/inner", `7\inner`, "/7", "7\x00", "7\n", "empty", ".hidden",
		strings.Repeat("x", 65),
	} {
		_, err := apps.App(id)
		require.ErrorIs(t, err, app.ErrNotFound, id)
	}
}

func TestAnIDMayBeAName(t *testing.T) {
	t.Parallel()

	for _, id := range []string{"7", "Müller & Söhne", "sales-2024_v1.0", strings.Repeat("x", 64)} {
		id = strings.ReplaceAll(id, "& ", "")

		found, err := catalog(t, map[string]string{id + "/app.yaml": "description: Numbers"}).App(id)
		require.NoError(t, err)
		require.Equal(t, id, found.ID)
		require.Equal(t, "Numbers", found.Description)
	}
}

func TestOnlyFoldersWithAnAppAreListed(t *testing.T) {
	t.Parallel()

	ids, err := catalog(t, map[string]string{
		"b/app.yaml": "description: x", "a/app.yaml": "description: x", "c/readme": "", "d": "",
	}).IDs()
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, ids)
}

func TestAnAppIsReadAnewEachTime(t *testing.T) {
	t.Parallel()

	apps := catalog(t, map[string]string{"7/app.yaml": "description: old"})

	found, err := apps.App("7")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(found.Dir, "app.yaml"), []byte("description: new"), 0o600))

	found, err = apps.App("7")
	require.NoError(t, err)
	require.Equal(t, "new", found.Description)
}

func TestAScenarioIsAFileOfAnyExtension(t *testing.T) {
	t.Parallel()

	found := load(t, "sources: {stage: {kind: SQLiteSource}}", map[string]string{
		"scenarios/a.yaml": scenarioText, "scenarios/b.yml": scenarioText, "scenarios/c.json": scenarioText,
		"scenarios/d.txt": scenarioText,
	})

	names, err := found.ScenarioNames()
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c"}, names)

	for name, file := range map[string]string{"a": "scenarios/a.yaml", "b": "scenarios/b.yml", "c": "scenarios/c.json"} {
		read, err := found.Scenario(name)
		require.NoError(t, err)
		require.Equal(t, file, read.File)
		require.Len(t, read.Steps, 1)
	}
}

func TestAnAppMayHaveNoScenario(t *testing.T) {
	t.Parallel()

	names, err := load(t, "description: x", nil).ScenarioNames()
	require.NoError(t, err)
	require.Empty(t, names)
}

func TestAScenarioWithMistakesIsRefusedWithAllOfThem(t *testing.T) {
	t.Parallel()

	// The app has no source named stage.
	_, err := load(t, "description: x", map[string]string{"scenarios/Main.json": scenarioText}).Scenario("Main")

	var problems problem.List
	require.ErrorAs(t, err, &problems)
	require.Contains(t, err.Error(), "scenarios/Main.json")
}

func TestANameThatIsNoScenarioIsNotFound(t *testing.T) {
	t.Parallel()

	found := load(t, "sources: {stage: {kind: SQLiteSource}}", map[string]string{
		"scenarios/Main.yaml": scenarioText, "scenarios/inner/x.yaml": scenarioText, "secret.yaml": scenarioText,
		"scenarios/.hidden.yaml": scenarioText,
	})

	for _, name := range []string{
		"", "main2", "Main.yaml", "..", "../secret", "inner/x", `inner\x`, ".hidden", "Main\x00", "/Main",
	} {
		_, err := found.Scenario(name)
		require.ErrorIs(t, err, app.ErrNotFound, name)
	}
}

func TestVariablesAreReadExactly(t *testing.T) {
	t.Parallel()

	found := load(t, `
variables:
  since: {type: timestamp, default: 2024-02-29T12:30:00Z, description: The newest record that was loaded}
  day: {type: date, default: 2024-02-29}
  most: {type: integer, default: 9223372036854775807}
  least: {type: integer, default: -0x10}
  rate: {type: float, default: 0.1}
  whole: {type: float, default: 1e3}
  name: {type: text, default: "007"}
  open: {type: boolean, default: true}
  shut: {type: boolean, default: false}
`, nil)

	require.Equal(t, []scenario.Parameter{
		{Name: "day", Type: source.Date, Default: "2024-02-29"},
		{Name: "least", Type: source.Integer, Default: int64(-16)},
		{Name: "most", Type: source.Integer, Default: int64(9223372036854775807)},
		{Name: "name", Type: source.Text, Default: "007"},
		{Name: "open", Type: source.Boolean, Default: true},
		{Name: "rate", Type: source.Float, Default: 0.1},
		{Name: "shut", Type: source.Boolean, Default: false},
		{
			Name: "since", Type: source.Timestamp, Default: "2024-02-29T12:30:00Z",
			Description: "The newest record that was loaded",
		},
		{Name: "whole", Type: source.Float, Default: 1000.0},
	}, found.Variables)
}

func TestScenariosAreSurroundedByWhatTheirAppOffers(t *testing.T) {
	t.Parallel()

	found := load(t, `
sources: {stage: {kind: SQLiteSource}, files: {kind: FileSource}}
variables: {country: {type: text, default: US}}
access: [{name: nightly, key: "${env:A}"}, {name: boss, key: "${env:B}"}]
`, map[string]string{
		"scenarios/good.yaml": `{"steps": [{"opName": "Return", "opParams": {"value": "${country}"}}]}`,
		"scenarios/bad.yaml":  `{"steps": [{"opName": "Return", "opParams": {"value": "${county}"}}]}`,
	})

	require.Equal(t, validation.Environment{
		Sources: []string{"files", "stage"}, Variables: found.Variables, Access: []string{"nightly", "boss"},
	}, found.Environment())

	_, err := found.Scenario("good")
	require.NoError(t, err)

	_, err = found.Scenario("bad")
	require.ErrorContains(t, err, "county")
}

func TestAnAppIsALibraryOfItsScenarios(t *testing.T) {
	t.Parallel()

	found := load(t, "sources: {stage: {kind: SQLiteSource}}", map[string]string{
		"scenarios/Main.yaml": `{"steps": [{"opName": "RunScenario", "opParams": {"scenario": "Load"}}]}`,
		"scenarios/Load.yaml": scenarioText,
		"scenarios/Typo.yaml": `{"steps": [{"opName": "RunScenario", "opParams": {"scenario": "Laod"}}]}`,
		"scenarios/Bad.yaml":  `{"steps": []}`,
		"scripts/a.sql":       "SELECT 1",
	})

	library, err := found.Library()
	require.NoError(t, err)

	text, err := library.ReadFile("scripts/a.sql")
	require.NoError(t, err)
	require.Equal(t, "SELECT 1", text)

	for _, path := range []string{"scripts/b.sql", "scripts", "../app.yaml", "/etc/hostname", ""} {
		_, err = library.ReadFile(path)
		require.ErrorIs(t, err, validation.ErrUnknown, path)
	}

	require.Equal(t, []string{"Bad", "Load", "Main", "Typo"}, library.Names)
	require.Equal(t, found.Environment(), library.Environment)

	_, err = library.Load("Laod")
	require.ErrorIs(t, err, validation.ErrUnknown)

	var problems problem.List

	_, err = library.Load("Bad")
	require.ErrorAs(t, err, &problems)

	main, err := library.Load("Main")
	require.NoError(t, err)

	program, err := validation.NewProgram("Main", main, library)
	require.NoError(t, err)
	require.Len(t, program.Scenarios, 2)

	typo, err := library.Load("Typo")
	require.NoError(t, err)

	_, err = validation.NewProgram("Typo", typo, library)
	require.ErrorContains(t, err, "did you mean Load?")
}

func TestATestBesideAScenarioIsNone(t *testing.T) {
	t.Parallel()

	found := load(t, "sources: {stage: {kind: SQLiteSource}}", map[string]string{
		"scenarios/Main.yaml": scenarioText, "scenarios/Main_test.yaml": scenarioText, "scenarios/Load_test.yml": scenarioText,
		"scenarios/_testing.yaml": scenarioText,
	})

	names, err := found.ScenarioNames()
	require.NoError(t, err)
	require.Equal(t, []string{"Main", "_testing"}, names)

	for _, name := range []string{"Main_test", "Load_test"} {
		_, err := found.Scenario(name)
		require.ErrorIs(t, err, app.ErrNotFound)
	}
}
