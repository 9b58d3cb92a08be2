package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// The statuses with which validate exits, where it does not find everything valid.
const (
	statusProblems = 1
	statusCannot   = 2
)

func validateCommand() *cobra.Command {
	var asJSON bool

	command := &cobra.Command{
		Use:   "validate [path…]",
		Short: "Find the mistakes in scenarios, before a job does.",
		Long: `Find the mistakes in scenarios, before a job does: all of them at once, each with its file, line and
column, and what would be right. Nothing is run, and no source is asked.

A path is an app, a folder of apps, or the file of a scenario; the current folder, by default. A scenario
is checked with those that it runs.

The exit status is 1 when there are problems, and 2 when there is nothing to check or it can't be read.`,
		Example: `  jobwright validate
  jobwright validate apps/7
  jobwright validate apps/7/scenarios/Main.yaml
  jobwright validate --json apps | jq -r '.[].code'`,
		RunE: func(command *cobra.Command, paths []string) error {
			dir, err := os.Getwd()
			if err != nil {
				return exitError{statusCannot, err}
			}

			return validate(dir, paths, asJSON, command.OutOrStdout(), command.ErrOrStderr())
		},
	}

	command.Flags().BoolVar(&asJSON, "json", false, "print the problems as a JSON array of objects")
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return exitError{statusCannot, err} })

	return command
}

// validate checks what the paths name, as seen from dir.
func validate(dir string, paths []string, asJSON bool, out, summary io.Writer) error {
	if len(paths) == 0 {
		paths = []string{"."}
	}

	validation := validation{dir: dir, checked: map[string]bool{}}

	for _, path := range paths {
		whole := path
		if !filepath.IsAbs(path) {
			whole = filepath.Join(dir, path)
		}

		if err := validation.path(filepath.Clean(whole)); err != nil {
			return exitError{statusCannot, err}
		}
	}

	if err := validation.print(asJSON, out); err != nil {
		return exitError{statusCannot, err}
	}

	fmt.Fprintln(summary, validation.summary())

	if len(validation.problems) > 0 {
		return exitError{status: statusProblems}
	}

	return nil
}

// validation is what was checked so far, and what was found.
type validation struct {
	dir      string          // Where the user stands.
	checked  map[string]bool // The files of scenarios, and those of apps that are wrong themselves.
	count    int             // Of scenarios.
	problems scenario.Problems
}

func (v *validation) print(asJSON bool, out io.Writer) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")

		return encoder.Encode(append(scenario.Problems{}, v.problems...)) // A list also where there are none.
	}

	for _, problem := range v.problems {
		fmt.Fprintln(out, problem)
	}

	return nil
}

func (v *validation) summary() string {
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
func (v *validation) path(path string) error {
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
		return fmt.Errorf("there is no app in %s: neither it nor a folder in it has an app.yaml", v.relative(path))
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

// file checks one scenario of an app, or what the app says of itself.
func (v *validation) file(path string) error {
	folder, name := filepath.Split(path)
	folder = filepath.Clean(folder)

	if name == manifest {
		return v.scenarios(folder, func(string) bool { return false })
	}

	if filepath.Base(folder) != scenariosFolder || !isApp(filepath.Dir(folder)) {
		return fmt.Errorf("%s is no scenario of an app: it lies in no folder %s beside an %s", v.relative(path), scenariosFolder,
			manifest)
	}

	found := false
	wanted := strings.TrimSuffix(name, filepath.Ext(name))

	err := v.scenarios(filepath.Dir(folder), func(name string) bool {
		found = found || name == wanted

		return name == wanted
	})
	if err == nil && !found && !v.checked[filepath.Join(filepath.Dir(folder), manifest)] {
		return fmt.Errorf("%s is no scenario", v.relative(path))
	}

	return err
}

// app checks an app with all its scenarios.
func (v *validation) app(dir string) error {
	return v.scenarios(dir, func(string) bool { return true })
}

// scenarios checks an app, and those of its scenarios that are wanted.
func (v *validation) scenarios(dir string, wanted func(name string) bool) error {
	library, err := v.library(dir)

	switch mistakes, wrong := errors.AsType[scenario.Problems](err); {
	case wrong:
		v.checked[filepath.Join(dir, manifest)] = true
		v.add(dir, mistakes)

		return nil
	case err != nil:
		return err
	}

	for _, name := range library.Names {
		file := filepath.Join(dir, scenariosFolder, name)
		if !wanted(name) || v.checked[file] {
			continue
		}

		v.checked[file] = true
		v.count++

		found, err := library.Load(name)
		if err := v.note(dir, err); err != nil {
			return err
		}

		_, err = scenario.NewProgram(name, found, library)
		if err := v.note(dir, err); err != nil {
			return err
		}
	}

	return nil
}

// note notes the mistakes of an app's file that an error tells of, and returns an error that is none of the author's.
func (v *validation) note(dir string, err error) error {
	mistakes, wrong := errors.AsType[scenario.Problems](err)
	if !wrong {
		return err
	}

	v.add(dir, mistakes)

	return nil
}

// library reads the app in a folder. Mistakes of the app's own file are [scenario.Problems] too.
func (v *validation) library(dir string) (scenario.Library, error) {
	apps, err := app.Open(filepath.Dir(dir))
	if err != nil {
		return scenario.Library{}, err
	}

	found, err := apps.App(filepath.Base(dir))
	if errors.Is(err, app.ErrNotFound) {
		return scenario.Library{}, fmt.Errorf("%s can't be an app: its name can't be an app's id", v.relative(dir))
	}

	if err != nil {
		return scenario.Library{}, manifestProblems(dir, err)
	}

	return found.Library()
}

// manifestProblems returns what is wrong with an app.yaml as problems, with their lines as far as they are known. An error
// of the disk stays what it is.
func manifestProblems(dir string, err error) error {
	if _, unreadable := errors.AsType[*os.PathError](err); unreadable {
		return err
	}

	if mistakes, ok := errors.AsType[scenario.Problems](err); ok {
		return placed(dir, mistakes)
	}

	if several, ok := errors.AsType[*yaml.LoadErrors](err); ok {
		var mistakes scenario.Problems
		for _, found := range several.Errors {
			mistakes = append(mistakes, manifestProblem(found.Message, found.Mark))
		}

		return mistakes
	}

	if one, ok := errors.AsType[*yaml.LoadError](err); ok {
		return scenario.Problems{manifestProblem(one.Message, one.Mark)}
	}

	message := err.Error()
	if _, detail, ok := strings.Cut(message, manifest+" is wrong: "); ok {
		message = detail
	}

	return scenario.Problems{manifestProblem(message, yaml.Mark{})}
}

func manifestProblem(message string, at yaml.Mark) scenario.Problem {
	return scenario.Problem{
		Code: job.CodeAppInvalid, File: manifest, Line: max(at.Line, 1), Column: max(at.Column, 1), Message: message,
	}
}

// placed finds the places in an app.yaml of problems that know only their paths.
func placed(dir string, problems scenario.Problems) scenario.Problems {
	var document yaml.Node

	text, err := os.ReadFile(filepath.Join(dir, manifest)) //nolint:gosec // The user names the app.
	if err == nil {
		err = yaml.Load(text, &document)
	}

	for i := range problems {
		problem := &problems[i]
		problem.File, problem.Line, problem.Column = manifest, 1, 1

		if err == nil && len(document.Content) > 0 {
			at := deepest(document.Content[0], strings.Split(problem.Path, "."))
			problem.Line, problem.Column = at.Line, at.Column
		}
	}

	slices.SortStableFunc(problems, func(a, b scenario.Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})

	return problems
}

// deepest follows the path through objects as far as it leads, and returns the key at which it ends.
func deepest(node *yaml.Node, path []string) *yaml.Node {
	at := node

	for _, name := range path {
		found := false

		for i := 0; i+1 < len(node.Content) && node.Kind == yaml.MappingNode && !found; i += 2 {
			if node.Content[i].Value == name {
				at, node, found = node.Content[i], node.Content[i+1], true
			}
		}

		if !found {
			break
		}
	}

	return at
}

// add notes problems of an app, each once: a scenario that several others run is checked with each of them.
func (v *validation) add(dir string, problems scenario.Problems) {
	for _, problem := range problems {
		problem.File = v.relative(filepath.Join(dir, filepath.FromSlash(problem.File)))

		if !slices.Contains(v.problems, problem) {
			v.problems = append(v.problems, problem)
		}
	}
}

// relative returns a path as the user, where they stand, would type it.
func (v *validation) relative(path string) string {
	if relative, err := filepath.Rel(v.dir, path); err == nil {
		return relative
	}

	return path
}
