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
	"syscall"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
)

// ErrNotFound is the error for an app or a scenario that does not exist.
var ErrNotFound = errors.New("not found")

// Catalog is a folder of apps.
type Catalog struct {
	dir string
}

// Open opens the folder dir. Each folder in it is an app.
func Open(dir string) (*Catalog, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}

	info, err := os.Stat(absolute)
	if err != nil {
		return nil, fmt.Errorf("the folder of apps can't be read: %w", err)
	}

	if !info.IsDir() {
		return nil, fmt.Errorf("the folder of apps can't be read: %s is not a folder", dir)
	}

	return &Catalog{dir: absolute}, nil
}

// App is an app, read from its files.
type App struct {
	ID          string
	Description string
	Dir         string // Its folder.
	Sources     map[string]source.Definition
	Variables   []scenario.Parameter // They outlive jobs; each has a default until a job sets it.
	Access      []Access
}

// pathName matches names of apps and scenarios, which become parts of paths: they contain no separator and don't begin with
// a dot.
var pathName = regexp.MustCompile(`^[\p{L}\p{N}_][\p{L}\p{N}_ .-]*$`)

// maxIDLength is Temporal's limit for a fairness key, in bytes.
const maxIDLength = 64

// App reads the app with that id. The error is [ErrNotFound] when there is none.
func (c *Catalog) App(id string) (*App, error) {
	if !pathName.MatchString(id) || len(id) > maxIDLength {
		return nil, ErrNotFound
	}

	dir := filepath.Join(c.dir, id)

	text, err := os.ReadFile(filepath.Join(dir, manifestFile)) //nolint:gosec // The id is checked above.
	if isMissing(err) {
		return nil, ErrNotFound
	}

	if err != nil {
		return nil, fmt.Errorf("app %s can't be read: %w", id, err)
	}

	read, err := readManifest(text)
	if err != nil {
		return nil, fmt.Errorf("app %s: %s is invalid:\n%w", id, manifestFile, err)
	}

	return &App{
		ID: id, Description: read.description, Dir: dir,
		Sources: read.sources, Variables: read.variables, Access: read.access,
	}, nil
}

// isMissing reports whether err means that a file does not exist, or that no file can have its name.
func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG)
}

// IDs returns the ids of all apps, in order.
func (c *Catalog) IDs() ([]string, error) {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return nil, err
	}

	var ids []string

	for _, entry := range entries {
		_, err := os.Stat(filepath.Join(c.dir, entry.Name(), manifestFile))
		if err == nil && pathName.MatchString(entry.Name()) {
			ids = append(ids, entry.Name())
		}
	}

	return ids, nil
}

// SourceNames returns the names of the app's sources, in order.
func (a *App) SourceNames() []string { return slices.Sorted(maps.Keys(a.Sources)) }

// Environment returns the names that scenarios of the app may use.
func (a *App) Environment() validation.Environment {
	offered := validation.Environment{Sources: a.SourceNames(), Kinds: map[string]string{}, Variables: a.Variables}
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
