package main

import (
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/cli/view"
)

// newApp has the files of a new app. The lines of an access are added to app.yaml.
//
//go:embed newapp
var newApp embed.FS

const newAppFolder = "newapp"

func initCommand() *cobra.Command {
	var (
		id     string
		asJSON bool
	)

	command := &cobra.Command{
		Use:   "init [dir]",
		Short: "Make a new app",
		Long: `Make a new app in a folder of apps, which is "apps" by default: an app.yaml with a folder of files, a
database (SQLite) and a caller, the scenario Main, which loads a file and returns a result, and its tests. The
folder of the app has the name of its ID. The command creates missing folders. It changes no existing app.

The key of the caller is printed to the standard output, once, as by "jobwright keys new"; app.yaml contains
its digest. What to do next is printed to the standard error. With --json, the standard output is an object:

  {"app": "orders", "dir": "apps/orders", "files": ["app.yaml", …], "caller": "caller", "key": "jw_…"}

The exit status is 1 if the app can't be written, and 2 if the call is wrong or the app exists.`,
		Example: `  # Make the app "orders" in the folder apps
  jobwright init

  # Make an app with another ID in another folder, and store its key in a file
  jobwright init --app shop services > shop.key`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, dirs []string) error {
			dir := "apps"
			if len(dirs) > 0 {
				dir = dirs[0]
			}

			made, err := makeApp(dir, id, time.Now())
			if err != nil {
				return err
			}

			if asJSON {
				return printJSON(command.OutOrStdout(), made)
			}

			return made.print(command.OutOrStdout(), command.ErrOrStderr())
		},
	}

	command.Flags().StringVar(&id, "app", "orders", "ID of the app")
	command.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")

	return command
}

// madeApp is what jobwright init has made.
type madeApp struct {
	App    string   `json:"app"`
	Dir    string   `json:"dir"`
	Files  []string `json:"files"`
	Caller string   `json:"caller"`
	Key    string   `json:"key"`

	apps string // The folder of apps.
}

// makeApp makes an app in a folder of apps. The app is complete when it appears there.
func makeApp(apps, id string, now time.Time) (*madeApp, error) {
	if !app.IsID(id) {
		return nil, cli.ExitError{Status: cli.StatusWrongCall, Err: fmt.Errorf(
			"--app %q: an app can't have this ID; use letters, digits, _, - and spaces, not - or a space first", id)}
	}

	made := &madeApp{App: id, Dir: filepath.Join(apps, id), Caller: defaultCaller, apps: apps}

	if _, err := os.Lstat(made.Dir); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fmt.Errorf("%s exists; choose another ID with --app", made.Dir)
		}

		return nil, cli.ExitError{Status: cli.StatusWrongCall, Err: err}
	}

	key, err := newKey(made.Caller, nil, defaultDays, now)
	if err != nil {
		return nil, err
	}

	lines, err := key.Access.lines()
	if err != nil {
		return nil, err
	}

	made.Key = key.Key

	unfinished := filepath.Join(apps, ".init-"+rand.Text())

	if made.Files, err = writeNewApp(unfinished, lines); err == nil {
		err = os.Rename(unfinished, made.Dir) // It fails if the folder exists by now.
	}

	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(unfinished))
	}

	return made, nil
}

// writeNewApp writes the files of a new app, and returns their names. access are the lines of its access.
func writeNewApp(dir, access string) (names []string, err error) {
	files, err := fs.Sub(newApp, newAppFolder)
	if err != nil {
		return nil, err
	}

	err = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}

		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}

		if name == manifest {
			text = append(text, access...)
		}

		names = append(names, name)
		path := filepath.Join(dir, filepath.FromSlash(name))

		// The files contain no secret. The umask says who can read them; a service often runs as another user.
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil { //nolint:gosec // See above.
			return err
		}

		return os.WriteFile(path, text, 0o666) //nolint:gosec // See above.
	})

	return names, err
}

// print prints the key to out, and what the command has made to notes.
func (m *madeApp) print(out, notes io.Writer) error {
	fmt.Fprintf(notes, "Made the app %s:\n\n", m.App)

	for _, name := range m.Files {
		fmt.Fprintln(notes, "  "+filepath.Join(m.Dir, filepath.FromSlash(name)))
	}

	fmt.Fprintf(notes, "\nThe key of its caller, which is stored nowhere and not shown again:\n\n")

	if _, err := fmt.Fprintln(out, m.Key); err != nil {
		return err
	}

	_, err := fmt.Fprintf(notes, `
Next, check the scenario, run its tests, and run it:

  jobwright validate %[1]s
  jobwright test %[1]s
  jobwright-dev --apps %[1]s --app %[2]s --run Main
`, view.ShellWord(m.apps), view.ShellWord(m.App))

	return err
}
