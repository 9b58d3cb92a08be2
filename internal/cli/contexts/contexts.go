// Package contexts stores the servers that a user calls, each with an app and a key, under names.
package contexts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"
	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/scenario/problem"
)

// Context is a server, and how a user calls it. At most one of the fields with a key is set.
type Context struct {
	URL string `json:"url"           yaml:"url"`
	App string `json:"app,omitempty" yaml:"app,omitempty"` // The app of calls that name none.

	// The key, or where it is: in an environment variable, in a file, or in the output of a command (with its arguments).
	Key        string `json:"-"                    yaml:"key,omitempty"`
	KeyEnv     string `json:"keyEnv,omitempty"     yaml:"keyEnv,omitempty"`
	KeyFile    string `json:"keyFile,omitempty"    yaml:"keyFile,omitempty"`
	KeyCommand string `json:"keyCommand,omitempty" yaml:"keyCommand,omitempty"`

	// By is the program that keeps the context up to date; empty for the user.
	By string `json:"by,omitempty" yaml:"by,omitempty"`
}

// LoadKey returns the key of the context; empty if it has none.
func (c Context) LoadKey(ctx context.Context) (string, error) {
	switch {
	case c.KeyEnv != "":
		key := os.Getenv(c.KeyEnv)
		if key == "" {
			return "", fmt.Errorf("the environment variable %s, which has the key, is not set", c.KeyEnv)
		}

		return key, nil
	case c.KeyFile != "":
		return ReadKey(c.KeyFile)
	case c.KeyCommand != "":
		return runKeyCommand(ctx, c.KeyCommand)
	default:
		return c.Key, nil
	}
}

// ReadKey returns the key in a file; "-" is the standard input.
func ReadKey(path string) (string, error) {
	text, err := cli.ReadInput(path)
	if err != nil {
		return "", fmt.Errorf("the key can't be read: %w", err)
	}

	key := strings.TrimSpace(string(text))
	if key == "" {
		return "", fmt.Errorf("the file with the key, %s, is empty", path)
	}

	return key, nil
}

// runKeyCommand returns the key that a command prints.
func runKeyCommand(ctx context.Context, line string) (string, error) {
	words := strings.Fields(line)
	if len(words) == 0 {
		return "", errors.New("the command that prints the key is empty")
	}

	command := exec.CommandContext(ctx, words[0], words[1:]...) //nolint:gosec // The user chose the command.
	command.Stdin, command.Stderr = os.Stdin, os.Stderr         // It may ask for a password.

	text, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("the command that prints the key, %s, failed: %w", words[0], err)
	}

	key := strings.TrimSpace(string(text))
	if key == "" {
		return "", fmt.Errorf("the command that prints the key, %s, printed nothing", words[0])
	}

	return key, nil
}

// List are the contexts of a user.
type List struct {
	Current  string             `json:"current"  yaml:"current,omitempty"` // The name of the context of calls that name none.
	Contexts map[string]Context `json:"contexts" yaml:"contexts"`
}

// Names returns the names of the contexts, in order.
func (l *List) Names() []string { return slices.Sorted(maps.Keys(l.Contexts)) }

// Lookup returns the context of that name.
func (l *List) Lookup(name string) (Context, error) {
	found, ok := l.Contexts[name]
	if !ok {
		return found, fmt.Errorf("there is no context %s; %s", name, problem.Suggest(name, l.Names()))
	}

	return found, nil
}

// File is the file with the contexts of a user.
type File struct{ Path string }

// EnvPath is the environment variable with the path of the file.
const EnvPath = "JOBWRIGHT_CONFIG"

// Open returns the file of the user who runs the process: that of [EnvPath], or config.yaml in a folder jobwright of the user's
// folder of configuration files. The file need not exist.
func Open() (File, error) {
	if path := os.Getenv(EnvPath); path != "" {
		return File{path}, nil
	}

	folder, err := os.UserConfigDir()
	if err != nil {
		return File{}, fmt.Errorf("there is no folder for the file with contexts: %w; set %s to a path", err, EnvPath)
	}

	return File{filepath.Join(folder, "jobwright", "config.yaml")}, nil
}

// Read returns the contexts in the file. A file that does not exist has none.
func (f File) Read() (*List, error) {
	list := &List{}

	text, err := os.ReadFile(f.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}

	if err := yaml.Load(text, list, yaml.WithKnownFields()); err != nil && len(text) > 0 {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}

	if list.Contexts == nil {
		list.Contexts = map[string]Context{}
	}

	return list, nil
}

// Change changes the contexts in the file, which only the user can read. Concurrent changes wait for each other.
func (f File) Change(change func(*List) error) (err error) {
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o700); err != nil {
		return err
	}

	lock := flock.New(f.Path + ".lock")
	if err := lock.Lock(); err != nil {
		return err
	}

	defer func() { err = errors.Join(err, lock.Unlock()) }()

	list, err := f.Read()
	if err != nil {
		return err
	}

	if err := change(list); err != nil {
		return err
	}

	text, err := yaml.Marshal(list)
	if err != nil {
		return err
	}

	unfinished := f.Path + ".new" // A process that dies here leaves the old file.
	if err := os.WriteFile(unfinished, text, 0o600); err != nil {
		return err
	}

	return os.Rename(unfinished, f.Path)
}
