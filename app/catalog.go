package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/guard"
)

// ErrNotFound is the error for an app or a scenario that does not exist.
var ErrNotFound = errors.New("not found")

// InvalidError is the error for an app of which no valid revision was read.
type InvalidError struct {
	ID  string
	Err error // A [problem.List] with the mistakes in app.yaml, or the reason why the file can't be read.
}

func (e *InvalidError) Error() string {
	return fmt.Sprintf("app %s: %s is invalid:\n%s", e.ID, manifestFile, e.Err)
}

func (e *InvalidError) Unwrap() error { return e.Err }

// Options configure a [Catalog].
type Options struct {
	Secrets Secrets

	// Loaded, if not nil, is called after a new or changed app.yaml was read, once for each change, with the error of an
	// invalid one. It must not call the catalog.
	Loaded func(id string, err error)
}

// Catalog is a folder of apps. It reads an app.yaml again when the file has changed. As long as a changed file is invalid, it
// returns the last valid revision. Many goroutines may use a Catalog at once.
type Catalog struct {
	dir     string
	options Options

	loading sync.Mutex // Held while a file is read, so that each change is read once.
	loaded  sync.Map   // A *loaded by the app's ID.

	keys   keys
	pinned pinnedScenarios
}

// Open opens the folder dir. Each folder in it is an app.
func Open(dir string, options Options) (*Catalog, error) {
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

	options.Secrets = options.Secrets.withDefaults()

	if options.Loaded == nil {
		options.Loaded = func(string, error) {}
	}

	return &Catalog{dir: absolute, options: options}, nil
}

// App returns the app with that id; its files are read if they have changed. The error is [ErrNotFound] if there is none, and
// an [*InvalidError] if its app.yaml is invalid and was never valid before.
func (c *Catalog) App(id string) (*App, error) {
	found, err := c.current(id)
	if err != nil {
		return nil, err
	}

	if found.app == nil {
		return nil, &InvalidError{ID: id, Err: found.err}
	}

	return found.app, nil
}

// Mistakes returns why the present app.yaml of an app can't be used, or nil if it can: a [problem.List] with its mistakes, or the
// reason why the file can't be read. [Catalog.App] may still return the last valid revision.
func (c *Catalog) Mistakes(id string) error {
	found, err := c.current(id)
	if err != nil {
		return err
	}

	return found.err
}

// IDs returns the ids of all apps, in order.
func (c *Catalog) IDs() ([]string, error) {
	names, err := c.folders()
	if err != nil {
		return nil, err
	}

	var ids []string

	for _, name := range names {
		if _, err := os.Stat(c.manifest(name)); err == nil {
			ids = append(ids, name)
		}
	}

	return ids, nil
}

// folders returns the names in the folder that apps can have, in order.
func (c *Catalog) folders() ([]string, error) {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return nil, err
	}

	var names []string

	for _, entry := range entries {
		if IsID(entry.Name()) {
			names = append(names, entry.Name())
		}
	}

	return names, nil
}

func (c *Catalog) manifest(id string) string { return filepath.Join(c.dir, id, manifestFile) }

// CheckFolder returns an error if files that are written to a folder could become a part of the definition of an app.
func (c *Catalog) CheckFolder(folder string) error {
	return guard.Folder(source.Place{AppsDir: c.dir, SecretsDir: c.options.Secrets.Dir}, folder)
}

// State is the state of an app whose app.yaml is invalid.
type State string

// The states.
const (
	Stale   State = "stale"   // The last valid revision is in use.
	Invalid State = "invalid" // No revision was valid.
)

// SchemaValues returns every state as text.
func (State) SchemaValues() []string { return []string{string(Stale), string(Invalid)} }

// Broken returns the apps whose app.yaml is invalid now.
func (c *Catalog) Broken() (map[string]State, error) {
	ids, err := c.IDs()
	if err != nil {
		return nil, err
	}

	broken := map[string]State{}

	for _, id := range ids {
		found, err := c.current(id)

		switch {
		case err != nil || found.err == nil: // It is valid, or gone.
		case found.app == nil:
			broken[id] = Invalid
		default:
			broken[id] = Stale
		}
	}

	return broken, nil
}
