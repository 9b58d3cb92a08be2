package app

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
)

// App is a revision of an app. It does not change, except that scenarios and keys are read when they are used.
type App struct {
	ID          string
	Description string
	Dir         string // Its folder.
	Sources     map[string]source.Definition
	Variables   []scenario.Parameter // They outlive jobs; each has a default until a job sets it.
	Access      []Access
	Limits      scenario.Limits
	Quota       Quota
	Execution   scenario.Execution  // The default of its scenarios.
	TaskQueue   scenario.TaskQueue  // The default of its steps.
	Capacities  map[string]Capacity // Of its sources that have one, by their names.
	Callbacks   Callbacks
	Schedules   []Schedule // In the order of their names.

	appsDir     string // The folder of the catalog.
	secretsDir  string
	environment validation.Environment
	pinned      *pinnedScenarios // Those of the catalog.
	pinning     sync.Mutex       // Held while a scenario is read, so that each change is read once.
}

// pathName matches names of apps and scenarios, which become parts of paths: they contain no separator and don't begin with
// a dot.
var pathName = regexp.MustCompile(`^[\p{L}\p{N}_][\p{L}\p{N}_ .-]*$`)

// maxIDLength is Temporal's limit for a fairness key, in bytes.
const maxIDLength = 64

// IsID reports whether an app can have that ID.
func IsID(id string) bool { return pathName.MatchString(id) && len(id) <= maxIDLength }

// Place returns the folders of the app's sources on a machine on which sources may store data in dataDir.
func (a *App) Place(dataDir string) source.Place {
	return source.Place{
		AppDir: a.Dir, DataDir: filepath.Join(dataDir, "apps", a.ID), AppsDir: a.appsDir, SecretsDir: a.secretsDir,
	}
}

// SourceNames returns the names of the app's sources, in order.
func (a *App) SourceNames() []string { return slices.Sorted(maps.Keys(a.Sources)) }

// Environment returns the names that scenarios of the app may use. The caller must not change it.
func (a *App) Environment() validation.Environment { return a.environment }

// offered returns the environment of an app whose manifest was read.
func (a *App) offered() validation.Environment {
	offered := validation.Environment{
		Sources: a.SourceNames(), Kinds: map[string]string{}, Variables: a.Variables, Limits: a.Limits,
		Execution: a.Execution, TaskQueue: a.TaskQueue, Capacities: a.pinnedCapacities(),
	}

	for name, definition := range a.Sources {
		offered.Kinds[name] = definition.Kind
	}

	for _, access := range a.Access {
		offered.Access = append(offered.Access, access.Name)
	}

	return offered
}

// Library returns the app's scenarios and files, for scenarios that run other ones.
func (a *App) Library() (validation.Library, error) { return (&reader{app: a}).library() }

// Scenario reads and validates a scenario. The error is [ErrNotFound] if it does not exist, and a [problem.List] if it has
// mistakes.
func (a *App) Scenario(name string) (validation.Document, error) {
	return (&reader{app: a}).scenario(name)
}

// ScenarioFile returns the text of the file of a scenario, valid or not, and the path of the file in the app's folder. The error
// is [ErrNotFound] if the scenario does not exist.
func (a *App) ScenarioFile(name string) (file string, text []byte, err error) {
	return (&reader{app: a}).scenarioFile(name)
}

var scenarioExtensions = []string{".yaml", ".yml", ".json"}

// testSuffix ends the names of files with tests, without their extension.
const testSuffix = "_test"

// IsTest reports whether a file with this name contains tests of scenarios, and no scenario.
func IsTest(file string) bool {
	return strings.HasSuffix(file, testSuffix+".yaml") || strings.HasSuffix(file, testSuffix+".yml")
}

// TestedScenario returns the name of the scenario that belongs to a file with tests.
func TestedScenario(file string) string {
	return strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), testSuffix)
}

// ScenarioNames returns the names of the app's scenarios, in order.
func (a *App) ScenarioNames() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(a.Dir, "scenarios"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}

	var names []string

	for _, entry := range entries {
		extension := filepath.Ext(entry.Name())
		if entry.IsDir() || IsTest(entry.Name()) {
			continue
		}

		name := strings.TrimSuffix(entry.Name(), extension)
		if slices.Contains(scenarioExtensions, extension) && pathName.MatchString(name) {
			names = append(names, name)
		}
	}

	slices.Sort(names)

	return slices.Compact(names), nil
}
