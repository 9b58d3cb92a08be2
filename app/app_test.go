package app_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/filetest"
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

	filetest.Write(t, dir, files)

	apps, err := app.Open(dir, app.Options{Secrets: app.Secrets{Dir: secretsDir}})
	require.NoError(t, err)

	return apps
}

// secretsDir is the folder of the secrets of all tests.
var secretsDir string

func TestMain(m *testing.M) {
	var err error
	if secretsDir, err = os.MkdirTemp("", "jobwright-secrets-*"); err != nil {
		panic(err)
	}

	code := m.Run()

	os.RemoveAll(secretsDir) //nolint:errcheck // The system removes it otherwise.
	os.Exit(code)
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

func TestAppOfTheExample(t *testing.T) {
	t.Parallel()

	apps, err := app.Open("../examples/apps", app.Options{})
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

func TestOpenRequiresAFolder(t *testing.T) {
	t.Parallel()

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))

	for _, dir := range []string{file, file + "-that-is-missing"} {
		_, err := app.Open(dir, app.Options{})
		require.ErrorContains(t, err, "the folder of apps can't be read")
	}
}

func TestAppReportsEveryMistakeInAppYAMLWithItsPlace(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ name, text, message string }{
		{"an unknown field", "source: {}", "app.yaml:1:1: unknown field source; did you mean sources?"},
		{"several mistakes", "source: {}\nacces: []\naccess:\n  - name: a\n    key: b\n", "app.yaml:1:1: unknown field source; did you mean sources? [app_invalid]\n" +
			"app.yaml:2:1: unknown field acces; did you mean access? [app_invalid]\n" +
			`app.yaml:5:10: the key of "a" must be a reference, for example ${env:JOBWRIGHT_APP_7_KEY} [app_invalid]`},
		{"no YAML", "sources: [", "app.yaml:2:1: did not find expected node content"},
		{"a tab", "sources:\n\tfiles: {kind: FileSource}", "app.yaml:2:1: YAML does not allow tabs for indentation; use spaces"},
		{"a colon in a text", "description: a: b", "a text with a colon and a space must be quoted"},
		{"an empty file", "", "app.yaml:1:1: the file is empty"},
		{"a file of comments", "# nothing", "app.yaml:1:1: the file is empty"},
		{"a field whose name is no text", "[a]: b", "app.yaml:1:1: the name of a field must be text"},
		{"a list for an object", "- a", "app.yaml:1:1: expected an object"},
		{"sources that are no object", "sources: [stage]", "app.yaml:1:10: sources: expected an object"},
		{"a source that is no object", "sources: {stage: x}", "app.yaml:1:18: the source stage must be an object with a kind and its options"},
		{"a description that is no text", "description: []", "app.yaml:1:14: description: expected text"},
		{"a source without a kind", "description: x\nsources: {stage: {path: x}}", "app.yaml:2:11: the source stage has no kind"},
		{"a source without fields", "sources: {stage: }", "the source stage has no kind"},
		{"two sources without a kind", "sources:\n  a: {}\n  b: {kind: [1]}", "app.yaml:3:3: the source b has no kind; the kinds are AWSS3Source, FileSource,"},
		{"a repeated source", "sources:\n  a: {kind: x}\n  a: {kind: y}", "app.yaml:3:3: the field sources.a is already in line 2"},
		{"access that is no list", "access: {name: x}", "app.yaml:1:9: access: expected a list"},
		{"a literal key", "access: [{name: nightly, key: hunter2}]", `app.yaml:1:31: the key of "nightly" must be a reference`},
		{"a missing key", "access: [{name: nightly}]", `app.yaml:1:10: the access "nightly" needs a key, for example ${env:JOBWRIGHT_APP_7_KEY}`},
		{"a key of another kind", "access: [{name: nightly, key: '${vault:x}'}]", "must be a reference"},
		{"a key without a name", "access: [{name: nightly, key: '${env:}'}]", "must be a reference"},
		{"a key without a closing brace", "access: [{name: nightly, key: '${env:KEY'}]", "must be a reference"},
		{"the name for every access", "access: [{name: '*', key: '${env:JOBWRIGHT_APP_7_KEY}'}]", `app.yaml:1:17: the name "*" stands for every access; choose another name`},
		{"an unknown right", "access: [{name: nightly, key: '${env:JOBWRIGHT_APP_7_KEY}', rights: [status, halt]}]", `app.yaml:1:78: unknown right "halt"; there are execute, status, signal, stop`},
		{"no rights", "access: [{name: nightly, key: '${env:JOBWRIGHT_APP_7_KEY}', rights: []}]", "app.yaml:1:61: the list of rights is empty; name rights, or remove the field"},
		{"a pattern of scenarios with a mistake", "access: [{name: nightly, key: '${env:JOBWRIGHT_APP_7_KEY}', scenarios: ['[']}]", "app.yaml:1:73: [ is not a pattern of names"},
		{"an unknown operation", "access: [{name: nightly, key: '${env:JOBWRIGHT_APP_7_KEY}', operations: [Transfrom]}]", "app.yaml:1:74: unknown operation Transfrom; did you mean Transform?"},
		{"an unknown field of an access", "access: [{name: nightly, key: '${env:JOBWRIGHT_APP_7_KEY}', right: [status]}]", "app.yaml:1:61: unknown field access[0].right; did you mean rights?"},
		{"an unknown limit", "limits: {querytimeout: 1h}", "app.yaml:1:10: unknown field limits.querytimeout; did you mean queryTimeout?"},
		{"a limit that is no duration", "limits: {queryTimeout: 60}", "app.yaml:1:24: queryTimeout must be a duration above zero such as 90s"},
		{"a limit below zero", "limits: {maxStepTimeout: -1s}", "app.yaml:1:26: maxStepTimeout must be a duration above zero"},
		{"no jobs at all", "limits: {runningJobs: 0}", "app.yaml:1:23: runningJobs must be an integer between 1 and 100000"},
		{"a share of a job", "limits: {runningJobs: 1.5}", "app.yaml:1:23: runningJobs must be an integer between 1 and 100000"},
		{"jobs as text", "limits:\n  runningJobs: many", "app.yaml:2:16: runningJobs must be an integer"},
		{"too many calls", "limits: {callsPerMinute: 1000001}", "app.yaml:1:26: callsPerMinute must be an integer between 1 and 1000000"},
		{"no weight", "limits: {weight: 0}", "app.yaml:1:18: weight must be a number between 0.001 and 1000"},
		{"a weight that is no number", "limits: {weight: heavy}", "app.yaml:1:18: weight must be a number between 0.001 and 1000"},
		{"an unknown reaction", "limits: {runningJobs: 1, whenFull: wait}", "app.yaml:1:36: whenFull must be refuse or queue"},
		{"a reaction to nothing", "limits: {whenFull: queue}", "app.yaml:1:10: whenFull has no effect without runningJobs"},
		{"a limit above its maximum", "limits: {queryTimeout: 2h, maxStepTimeout: 1h}", "app.yaml:1:24: queryTimeout is greater than maxStepTimeout"},
		{"variables that are no object", "variables: [since]", "app.yaml:1:12: variables: expected an object"},
		{"a variable that is no object", "variables: {since: 7}", "app.yaml:1:13: variables.since must be an object, but is the integer 7"},
		{"a variable without fields", "variables: {since: }", "variables.since must be an object, but is nothing"},
		{"a variable without a type", "variables: {since: {default: x}}", "variables.since: type is missing"},
		{"a variable of an unknown type", "variables: {since: {type: moment, default: x}}", "app.yaml:1:21: variables.since.type must be a type"},
		{"a variable without a default", "variables: {since: {type: date}}", "variables.since: default is missing"},
		{"a default of another type", "variables:\n  n: {type: integer, default: x}", "app.yaml:2:22: variables.n.default: "},
		{"a default with a leading zero", "variables: {n: {type: integer, default: 010}}", "app.yaml:1:41: the number 010 begins with a zero"},
		{"a default beyond 64 bits", "variables: {n: {type: integer, default: 9223372036854775808}}", "9223372036854775808 does not fit into 64 bits"},
		{"a default that is no number", "variables: {n: {type: float, default: .inf}}", ".inf is no number"},
		{"an unknown field of a variable", "variables: {n: {type: integer, default: 1, min: 0}}", "app.yaml:1:44: variables.n.min: unknown field min"},
		{"a variable with a reserved name", "variables: {steps: {type: integer, default: 1}}", "steps can't name a parameter"},
		{"a repeated variable", "variables: {n: {type: text, default: a}, n: {type: text, default: b}}", "the field variables.n is already in line 1"},
		{"an alias of itself", "variables: {n: &n {type: json, default: *n}}", "app.yaml:1:16: the values are nested too deeply"},
		{"a merge of itself", "variables: &n {<<: *n}", "app.yaml:1:12: the values are nested too deeply"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			_, err := catalog(t, map[string]string{"7/app.yaml": test.text}).App("7")
			require.ErrorContains(t, err, "app 7: app.yaml is invalid:\n")
			require.ErrorContains(t, err, test.message)
			require.NotErrorIs(t, err, app.ErrNotFound)
			require.NotContains(t, err.Error(), "hunter2")
			require.NotRegexp(t, `manifest|Go |struct|unmarshal|!!`, err.Error(), "a message names a Go type")

			problems, ok := errors.AsType[problem.List](err)
			require.True(t, ok)
			require.Equal(t, "app.yaml", problems[0].File)
		})
	}
}

func TestAppYAMLMayHaveAnchorsAndMergeKeys(t *testing.T) {
	t.Parallel()

	found := load(t, `
sources:
  a: &defaults {kind: SQLiteSource, path: a.db}
  b: {<<: *defaults, path: b.db}
variables:
  x: &x {type: text, default: a}
  y: {<<: *x, default: b}
  z: *x
`, nil)

	require.Equal(t, map[string]source.Definition{
		"a": {Name: "a", Kind: "SQLiteSource", Options: map[string]any{"path": "a.db"}},
		"b": {Name: "b", Kind: "SQLiteSource", Options: map[string]any{"path": "b.db"}},
	}, found.Sources)
	require.Equal(t, []scenario.Parameter{
		{Name: "x", Type: source.Text, Default: "a"},
		{Name: "y", Type: source.Text, Default: "b"},
		{Name: "z", Type: source.Text, Default: "a"},
	}, found.Variables)
}

func TestAppRejectsInvalidIDs(t *testing.T) {
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

func TestAppAcceptsNamesAsIDs(t *testing.T) {
	t.Parallel()

	for _, id := range []string{"7", "Müller & Söhne", "sales-2024_v1.0", strings.Repeat("x", 64)} {
		id = strings.ReplaceAll(id, "& ", "")

		found, err := catalog(t, map[string]string{id + "/app.yaml": "description: Numbers"}).App(id)
		require.NoError(t, err)
		require.Equal(t, id, found.ID)
		require.Equal(t, "Numbers", found.Description)
	}
}

func TestIDsListsFoldersWithAppYAML(t *testing.T) {
	t.Parallel()

	ids, err := catalog(t, map[string]string{
		"b/app.yaml": "description: x", "a/app.yaml": "description: x", "c/readme": "", "d": "",
	}).IDs()
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, ids)
}

func TestAppReadsFilesEachTime(t *testing.T) {
	t.Parallel()

	apps := catalog(t, map[string]string{"7/app.yaml": "description: old"})

	found, err := apps.App("7")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(found.Dir, "app.yaml"), []byte("description: new"), 0o600))

	found, err = apps.App("7")
	require.NoError(t, err)
	require.Equal(t, "new", found.Description)
}

func TestScenarioReadsEveryExtension(t *testing.T) {
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

func TestScenarioNamesOfAppWithoutScenarios(t *testing.T) {
	t.Parallel()

	names, err := load(t, "description: x", nil).ScenarioNames()
	require.NoError(t, err)
	require.Empty(t, names)
}

func TestScenarioReportsMistakes(t *testing.T) {
	t.Parallel()

	// The app has no source named stage.
	_, err := load(t, "description: x", map[string]string{"scenarios/Main.json": scenarioText}).Scenario("Main")

	var problems problem.List
	require.ErrorAs(t, err, &problems)
	require.Contains(t, err.Error(), "scenarios/Main.json")
}

func TestScenarioRejectsInvalidNames(t *testing.T) {
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

func TestAppReadsVariablesExactly(t *testing.T) {
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

func TestStepTimeoutMustNotExceedTheMaximumOfTheApp(t *testing.T) {
	t.Parallel()

	found := load(t, "sources: {stage: {kind: SQLiteSource}}\nlimits: {queryTimeout: 90s, maxStepTimeout: 2h}", map[string]string{
		"scenarios/Good.yaml": "steps: [{opName: Transform, timeout: 2h, opParams: {source: stage, query: SELECT 1, returnResult: true}}]",
		"scenarios/Bad.yaml":  "steps:\n  - {opName: Transform, timeout: 3h, opParams: {source: stage, query: SELECT 1, returnResult: true}}",
		"scenarios/Wait.yaml": "steps: [{opName: Wait, timeout: 72h, opParams: {duration: 48h}}]",
	})

	_, err := found.Scenario("Bad")
	require.ErrorContains(t, err, "scenarios/Bad.yaml:2:25: timeout is 3h0m0s, and maxStepTimeout in app.yaml allows 2h0m0s at most")

	_, err = found.Scenario("Wait")
	require.NoError(t, err)

	good, err := found.Scenario("Good")
	require.NoError(t, err)

	library, err := found.Library()
	require.NoError(t, err)

	program, err := validation.NewProgram("Good", good, library)
	require.NoError(t, err)
	require.Equal(t, scenario.Limits{
		QueryTimeout: scenario.Duration(90 * time.Second), MaxStepTimeout: scenario.Duration(2 * time.Hour),
	}, program.Limits)
}

func TestEnvironmentOfScenarios(t *testing.T) {
	t.Parallel()

	found := load(t, `
sources: {stage: {kind: SQLiteSource}, files: {kind: FileSource, path: data}}
variables: {country: {type: text, default: US}}
access: [{name: nightly, key: "${env:JOBWRIGHT_APP_7_A}"}, {name: boss, key: "${env:JOBWRIGHT_APP_7_B}"}]
`, map[string]string{
		"scenarios/good.yaml": `{"steps": [{"opName": "Return", "opParams": {"value": "${country}"}}]}`,
		"scenarios/bad.yaml":  `{"steps": [{"opName": "Return", "opParams": {"value": "${county}"}}]}`,
	})

	require.Equal(t, validation.Environment{
		Sources: []string{"files", "stage"}, Kinds: map[string]string{"files": "FileSource", "stage": "SQLiteSource"},
		Variables: found.Variables, Access: []string{"nightly", "boss"},
	}, found.Environment())

	_, err := found.Scenario("good")
	require.NoError(t, err)

	_, err = found.Scenario("bad")
	require.ErrorContains(t, err, "county")
}

func TestLibraryLoadsScenariosAndFiles(t *testing.T) {
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

func TestScenarioNamesExcludeTests(t *testing.T) {
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
