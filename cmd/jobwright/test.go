package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/scenariotest"
)

func testCommand() *cobra.Command {
	var (
		pattern string
		secrets app.Secrets
	)

	command := &cobra.Command{
		Use:   "test [path…]",
		Short: "Run the tests of scenarios",
		Long: `Run the tests of scenarios, which are in files named <scenario>_test.yaml beside the scenario. No server is
necessary: the tests mock all data, and time is simulated, so that a wait of three days takes
milliseconds. See docs/how-to/write-a-test.md.

A path is an app, a folder of apps or of tests, or a test file. The default is the current folder.

The exit status is 1 if a test fails, and 2 if there are no tests or a file can't be read.`,
		Example: `  # Run all tests of all apps in a folder
  jobwright test apps

  # Run one file
  jobwright test apps/7/scenarios/Main_test.yaml

  # Run the tests whose names match a regular expression
  jobwright test --run 'late|approval' apps/7`,
		RunE: func(command *cobra.Command, paths []string) error {
			selected, err := regexp.Compile(pattern)
			if err != nil {
				return cli.ExitError{Status: statusUnusable, Err: fmt.Errorf("--run %q: %w", pattern, err)}
			}

			dir, err := os.Getwd()
			if err != nil {
				return cli.ExitError{Status: statusUnusable, Err: err}
			}

			tests := tests{dir: dir, secrets: secrets, selected: selected, out: command.OutOrStdout()}

			return tests.run(command.Context(), paths, command.ErrOrStderr())
		},
	}

	cli.AddSecrets(command.Flags(), &secrets)
	command.Flags().StringVar(&pattern, "run", "", "run only tests whose name matches this regular expression")
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return cli.ExitError{Status: statusUnusable, Err: err} })

	return command
}

// tests runs tests one after the other.
type tests struct {
	dir      string         // The current folder, to which printed paths are relative.
	secrets  app.Secrets    // The secrets to which apps may refer.
	selected *regexp.Regexp // Of the names of tests.
	out      io.Writer

	count  int
	failed int
}

func (t *tests) run(ctx context.Context, paths []string, summary io.Writer) error {
	if len(paths) == 0 {
		paths = []string{"."}
	}

	var files []string

	for _, path := range paths {
		if !filepath.IsAbs(path) {
			path = filepath.Join(t.dir, path)
		}

		found, err := testFiles(filepath.Clean(path))
		if err != nil {
			return cli.ExitError{Status: statusUnusable, Err: err}
		}

		files = append(files, found...)
	}

	slices.Sort(files)

	for _, file := range slices.Compact(files) {
		if err := t.file(ctx, file); err != nil {
			return cli.ExitError{Status: statusUnusable, Err: err}
		}
	}

	if t.count == 0 {
		return cli.ExitError{Status: statusUnusable, Err: fmt.Errorf("there are no tests in %s", strings.Join(paths, ", "))}
	}

	if t.failed > 0 {
		fmt.Fprintf(summary, "%s, %d failed\n", counted(t.count, "test"), t.failed)

		return cli.ExitError{Status: statusProblems}
	}

	fmt.Fprintf(summary, "%s passed\n", counted(t.count, "test"))

	return nil
}

// testFiles returns the test files at a path.
func testFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}

	if !info.IsDir() {
		return []string{path}, nil
	}

	var files []string

	err = filepath.WalkDir(path, func(file string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && scenariotest.IsTest(entry.Name()) {
			files = append(files, file)
		}

		return err
	})

	return files, err
}

// file runs the tests of a file. They use the scenarios of the app that the file belongs to.
func (t *tests) file(ctx context.Context, path string) error {
	shown := path
	if relative, err := filepath.Rel(t.dir, path); err == nil && filepath.IsLocal(relative) {
		shown = relative
	}

	text, err := os.ReadFile(path) //nolint:gosec // The user names it.
	if err != nil {
		return err
	}

	cases, err := scenariotest.Load(shown, text)
	if err != nil {
		return err
	}

	dir := filepath.Dir(filepath.Dir(path))
	options := scenariotest.Options{AppID: filepath.Base(dir)}

	var library validation.Library

	if isApp(dir) {
		if library, err = (&validator{dir: t.dir, secrets: t.secrets}).library(dir); err != nil {
			return err
		}
	}

	for _, test := range cases {
		if !t.selected.MatchString(test.Name) {
			continue
		}

		if err := t.test(ctx, test, library, options); err != nil {
			return err
		}
	}

	return nil
}

func (t *tests) test(
	ctx context.Context, test scenariotest.Case, library validation.Library, options scenariotest.Options,
) error {
	began := time.Now()

	report, err := test.Run(ctx, library, options)
	if err != nil {
		return err
	}

	t.count++

	verdict := "ok    "
	if len(report.Differences) > 0 {
		t.failed++

		verdict = "FAILED"
	}

	fmt.Fprintf(t.out, "%s %s:%d: %s (%s in %s)\n", verdict, test.File, test.Line, test.Name, report.Duration,
		time.Since(began).Round(time.Millisecond))

	for _, difference := range report.Differences {
		fmt.Fprintln(t.out, "    "+strings.ReplaceAll(difference, "\n", "\n    "))
	}

	return nil
}
