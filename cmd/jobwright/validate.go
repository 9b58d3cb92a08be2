package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/sourcecheck"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
)

func validateCommand() *cobra.Command {
	var (
		asJSON   bool
		connects bool
		opts     sourcesOptions
		secrets  app.Secrets
	)

	command := &cobra.Command{
		Use:   "validate [path…]",
		Short: "Find mistakes in scenarios",
		Long: `Find mistakes in scenarios and in app.yaml before a job runs. The command prints all mistakes, each with its
file, line and column, and suggests corrections. It runs nothing and connects to no source. Run it in your
editor and in your build.

With --connect, the command also connects to the databases of the apps and prepares each query and each
statement of a script without running it, so that the database finds mistakes in SQL and tables and columns
that are missing. It compares the columns that a step writes with those of its table. A table that a step
creates may be missing. The command prints to the standard error what it can't check before a job runs. Run
it in the environment of a worker, as jobwright sources check.

A path is an app, a folder of apps, or the file of a scenario. The default is the current folder. A
scenario is checked together with the scenarios that it runs.

With --json, the command prints a list with an object for each mistake: code, message, file, line, column and
path, the place in the file, such as steps[0].opParams.source.

The exit status is 1 if there are mistakes, and 2 if there is nothing to check or a file can't be read.`,
		Example: `  # Check the app or the apps in the current folder
  jobwright validate

  # Check one app
  jobwright validate apps/7

  # Check one scenario
  jobwright validate apps/7/scenarios/Main.yaml

  # Check an app, and its queries and tables in its databases
  jobwright validate --connect --data data apps/7

  # Print the codes of all mistakes
  jobwright validate --json apps | jq -r '.[].code'`,
		RunE: func(command *cobra.Command, paths []string) error {
			dir, err := os.Getwd()
			if err != nil {
				return cli.ExitError{Status: cli.StatusWrongCall, Err: err}
			}

			checks := &validator{dir: dir, secrets: secrets, checked: map[string]bool{}}
			if connects {
				checks.connect = func(of *app.App, selected func(string) bool) (sourcecheck.Report, error) {
					return connect(command.Context(), opts, of, selected)
				}
			}

			return checks.validate(paths, asJSON, command.OutOrStdout(), command.ErrOrStderr())
		},
	}

	cli.AddSecrets(command.Flags(), &secrets)
	command.Flags().BoolVar(&asJSON, "json", false, "print a JSON array of objects")
	command.Flags().BoolVar(&connects, "connect", false,
		"also compare queries, scripts and tables with the databases of the apps")
	command.Flags().StringVar(&opts.data, "data", "data", "with --connect: folder for sources that store data on this machine")
	command.Flags().DurationVar(&opts.timeout, "timeout", 30*time.Second, "with --connect: time limit of a request to a database")
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return cli.ExitError{Status: cli.StatusWrongCall, Err: err}
	})

	return command
}

// validator checks apps and collects their problems.
type validator struct {
	dir      string          // The current folder, to which printed paths are relative.
	secrets  app.Secrets     // The secrets to which apps may refer.
	checked  map[string]bool // The checked scenario files, and the app.yaml files with mistakes.
	count    int             // The number of checked scenarios.
	problems problem.List

	connect   func(of *app.App, selected func(name string) bool) (sourcecheck.Report, error) // nil without --connect.
	unchecked problem.List                                                                   // What connect could not check.
}

// validate checks the apps and scenarios at the paths and prints their problems.
func (v *validator) validate(paths []string, asJSON bool, out, summary io.Writer) error {
	if len(paths) == 0 {
		paths = []string{"."}
	}

	for _, path := range paths {
		whole := path
		if !filepath.IsAbs(path) {
			whole = filepath.Join(v.dir, path)
		}

		if err := v.path(filepath.Clean(whole)); err != nil {
			return cli.ExitError{Status: cli.StatusWrongCall, Err: err}
		}
	}

	if err := v.print(asJSON, out); err != nil {
		return cli.ExitError{Status: cli.StatusWrongCall, Err: err}
	}

	for _, note := range v.unchecked {
		fmt.Fprintf(summary, "%s:%d:%d: not checked: %s\n", note.File, note.Line, note.Column, note.Message)
	}

	fmt.Fprintln(summary, v.summary())

	if len(v.problems) > 0 {
		return cli.ExitError{Status: cli.StatusFailed}
	}

	return nil
}

func (v *validator) print(asJSON bool, out io.Writer) error {
	if asJSON {
		return printJSON(out, append(problem.List{}, v.problems...)) // An empty list instead of null.
	}

	for _, problem := range v.problems {
		fmt.Fprintln(out, problem)
	}

	return nil
}

func (v *validator) summary() string {
	scenarios := counted(v.count, "scenario")

	switch {
	case len(v.problems) > 0:
		return scenarios + ", " + counted(len(v.problems), "problem")
	case v.count == 1:
		return scenarios + " is valid"
	default:
		return scenarios + " are valid"
	}
}

func counted(count int, what string) string {
	if count == 1 {
		return "1 " + what
	}

	return fmt.Sprintf("%d %ss", count, what)
}

// path checks an app, a folder of apps, or the file of a scenario.
func (v *validator) path(path string) error {
	info, err := os.Stat(path)

	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return v.file(path)
	case isApp(path):
		return v.app(path)
	}

	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}

	found := false

	for _, entry := range entries {
		if inner := filepath.Join(path, entry.Name()); isApp(inner) {
			found = true

			if err := v.app(inner); err != nil {
				return err
			}
		}
	}

	if !found {
		return fmt.Errorf("there is no app in %s: neither the folder nor a folder in it has an app.yaml", v.relative(path))
	}

	return nil
}

func isApp(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, manifest))

	return err == nil && !info.IsDir()
}

const (
	manifest        = "app.yaml"
	scenariosFolder = "scenarios"
)

// file checks the file of a scenario, or an app.yaml.
func (v *validator) file(path string) error {
	folder, name := filepath.Split(path)
	folder = filepath.Clean(folder)

	if name == manifest {
		if err := v.scenarios(folder, func(string) bool { return false }); err != nil {
			return err
		}

		return v.schedules(folder)
	}

	if filepath.Base(folder) != scenariosFolder || !isApp(filepath.Dir(folder)) {
		return fmt.Errorf("%s is not a scenario of an app: scenarios are in a folder %s beside an %s", v.relative(path),
			scenariosFolder, manifest)
	}

	found := false
	selected := strings.TrimSuffix(name, filepath.Ext(name))

	err := v.scenarios(filepath.Dir(folder), func(name string) bool {
		found = found || name == selected

		return name == selected
	})
	if err == nil && !found && !v.checked[filepath.Join(filepath.Dir(folder), manifest)] {
		return fmt.Errorf("%s is not a scenario", v.relative(path))
	}

	return err
}

// app checks an app and all its scenarios.
func (v *validator) app(dir string) error {
	if err := v.scenarios(dir, func(string) bool { return true }); err != nil {
		return err
	}

	return v.schedules(dir)
}

// schedules compares the schedules of an app with its scenarios.
func (v *validator) schedules(dir string) error {
	if v.checked[filepath.Join(dir, manifest)] {
		return nil // Its app.yaml has mistakes.
	}

	of, err := v.open(dir)
	if err != nil {
		return err
	}

	return v.collect(dir, of.CheckSchedules())
}

// scenarios checks an app and its selected scenarios.
func (v *validator) scenarios(dir string, selected func(name string) bool) error {
	library, err := v.library(dir)

	switch mistakes, wrong := errors.AsType[problem.List](err); {
	case wrong:
		v.checked[filepath.Join(dir, manifest)] = true
		v.problems = v.added(v.problems, dir, mistakes)

		return nil
	case err != nil:
		return err
	}

	for _, name := range library.Names {
		file := filepath.Join(dir, scenariosFolder, name)
		if !selected(name) || v.checked[file] {
			continue
		}

		v.checked[file] = true
		v.count++

		found, err := library.Load(name)
		if err := v.collect(dir, err); err != nil {
			return err
		}

		_, err = validation.NewProgram(name, found, library)
		if err := v.collect(dir, err); err != nil {
			return err
		}
	}

	if v.connect == nil {
		return nil
	}

	return v.connectTo(dir, selected)
}

// connectTo compares the selected scenarios of an app with its sources.
func (v *validator) connectTo(dir string, selected func(name string) bool) error {
	of, err := v.open(dir)
	if err != nil {
		return err
	}

	report, err := v.connect(of, selected)
	if err != nil {
		return err
	}

	v.problems = v.added(v.problems, dir, report.Problems)
	v.unchecked = v.added(v.unchecked, dir, report.Unchecked)

	return nil
}

// collect adds the problems in err, and returns any other error.
func (v *validator) collect(dir string, err error) error {
	mistakes, wrong := errors.AsType[problem.List](err)
	if !wrong {
		return err
	}

	v.problems = v.added(v.problems, dir, mistakes)

	return nil
}

// library reads the app in a folder. Mistakes in its app.yaml are [problem.List].
func (v *validator) library(dir string) (validation.Library, error) {
	found, err := v.open(dir)
	if err != nil {
		return validation.Library{}, err
	}

	return found.Library()
}

// open reads the app in a folder, as [validator.library].
func (v *validator) open(dir string) (*app.App, error) {
	apps, err := app.Open(filepath.Dir(dir), app.Options{Secrets: v.secrets})
	if err != nil {
		return nil, err
	}

	found, err := apps.App(filepath.Base(dir))
	if errors.Is(err, app.ErrNotFound) {
		return nil, fmt.Errorf("%s can't be an app: the name of the folder is not a valid app ID",
			v.relative(dir))
	}

	if mistakes, ok := errors.AsType[problem.List](err); ok {
		return nil, mistakes
	}

	if err != nil {
		return nil, err
	}

	return found, nil
}

// added returns a list with the problems of an app. A scenario that several others run is checked several times: its problems
// are added once.
func (v *validator) added(list problem.List, dir string, problems problem.List) problem.List {
	for _, problem := range problems {
		problem.File = v.relative(filepath.Join(dir, filepath.FromSlash(problem.File)))

		if !slices.Contains(list, problem) {
			list = append(list, problem)
		}
	}

	return list
}

// relative returns the path relative to the current folder if it is in it, and otherwise the absolute path.
func (v *validator) relative(path string) string {
	if relative, err := filepath.Rel(v.dir, path); err == nil && filepath.IsLocal(relative) {
		return relative
	}

	return path
}
