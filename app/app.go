package app

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

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

	appsDir    string // The folder of the catalog.
	secretsDir string
}

// pathName matches names of apps and scenarios, which become parts of paths: they contain no separator and don't begin with
// a dot.
var pathName = regexp.MustCompile(`^[\p{L}\p{N}_][\p{L}\p{N}_ .-]*$`)

// maxIDLength is Temporal's limit for a fairness key, in bytes.
const maxIDLength = 64

// isID reports whether an app can have that ID.
func isID(id string) bool { return pathName.MatchString(id) && len(id) <= maxIDLength }

// Place returns the folders of the app's sources on a machine on which sources may store data in dataDir.
func (a *App) Place(dataDir string) source.Place {
	return source.Place{
		AppDir: a.Dir, DataDir: filepath.Join(dataDir, "apps", a.ID), AppsDir: a.appsDir, SecretsDir: a.secretsDir,
	}
}

// SourceNames returns the names of the app's sources, in order.
func (a *App) SourceNames() []string { return slices.Sorted(maps.Keys(a.Sources)) }

// Environment returns the names that scenarios of the app may use.
func (a *App) Environment() validation.Environment {
	offered := validation.Environment{
		Sources: a.SourceNames(), Kinds: map[string]string{}, Variables: a.Variables, Limits: a.Limits,
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
func (a *App) Library() (validation.Library, error) {
	names, err := a.ScenarioNames()

	return validation.Library{
		Names: names, Load: a.load, ReadFile: a.readFile, Environment: a.Environment(),
	}, err
}

// load reads a scenario that another one runs.
func (a *App) load(name string) (validation.Document, error) {
	found, err := a.Scenario(name)
	if errors.Is(err, ErrNotFound) {
		err = validation.ErrUnknown
	}

	return found, err
}

// readFile reads a file that a step runs. It rejects paths outside the app's folder.
func (a *App) readFile(path string) (string, error) {
	root, err := os.OpenRoot(a.Dir)
	if err != nil {
		return "", fmt.Errorf("app %s can't be read: %w", a.ID, err)
	}

	defer root.Close() //nolint:errcheck // It was only read.

	text, err := root.ReadFile(filepath.FromSlash(path))
	if err != nil {
		return "", validation.ErrUnknown // It does not exist, is outside the folder, or is a folder.
	}

	return string(text), nil
}

// Scenario reads and validates a scenario. The error is [ErrNotFound] if it does not exist, and a [problem.List] if it has
// mistakes.
func (a *App) Scenario(name string) (validation.Document, error) {
	if !pathName.MatchString(name) {
		return validation.Document{}, ErrNotFound
	}

	for _, extension := range scenarioExtensions {
		file := filepath.Join("scenarios", name+extension)
		if isTest(file) {
			continue
		}

		text, err := os.ReadFile(filepath.Join(a.Dir, file)) //nolint:gosec // The name is checked above.
		if isMissing(err) {
			continue
		}

		if err != nil {
			return validation.Document{}, fmt.Errorf("app %s, scenario %s can't be read: %w", a.ID, name, err)
		}

		return validation.Parse(filepath.ToSlash(file), text, a.Environment())
	}

	return validation.Document{}, ErrNotFound
}

var scenarioExtensions = []string{".yaml", ".yml", ".json"}

// isTest reports whether a file in the folder of scenarios contains tests.
func isTest(file string) bool {
	return strings.HasSuffix(file, "_test.yaml") || strings.HasSuffix(file, "_test.yml")
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
		if entry.IsDir() || isTest(entry.Name()) {
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
