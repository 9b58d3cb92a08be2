package main

import (
	"context"
	"errors"
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
		asJSON  bool
		secrets app.Secrets
	)

	command := &cobra.Command{
		Use:   "test [path…]",
		Short: "Run the tests of scenarios",
		Long: `Run the tests of scenarios, which are in files named <scenario>_test.yaml beside the scenario. No server is
necessary: the tests mock all data, and time is simulated, so that a wait of three days takes
milliseconds. See docs/how-to/write-a-test.md.

A path is an app, a folder of apps or of tests, or a test file. The default is the current folder.

With --json, the command prints an object with the numbers of tests, and each test with its differences from
what it expects. simulatedMs is the duration of its job in simulated time, durationMs that of the test:

  {"passed": 1, "failed": 0, "tests": [{"file": "Main_test.yaml", "line": 2, "name": "late", "passed": true,
   "simulatedMs": 60000, "durationMs": 4, "differences": []}]}

The exit status is 1 if a test fails, and 2 if there are no tests or a file can't be read.`,
		Example: `  # Run all tests of all apps in a folder
  jobwright test apps

  # Run one file
  jobwright test apps/7/scenarios/Main_test.yaml

  # Run the tests whose names match a regular expression
  jobwright test --run 'late|approval' apps/7

  # Print the names of the tests that fail
  jobwright test --json apps | jq -r '.tests[] | select(.passed | not).name'`,
		RunE: func(command *cobra.Command, paths []string) error {
			selected, err := regexp.Compile(pattern)
			if err != nil {
				return cli.ExitError{Status: cli.StatusWrongCall, Err: fmt.Errorf("--run %q: %w", pattern, err)}
			}

			dir, err := os.Getwd()
			if err != nil {
				return cli.ExitError{Status: cli.StatusWrongCall, Err: err}
			}

			tests := tests{dir: dir, secrets: secrets, selected: selected, out: command.OutOrStdout()}
			if asJSON {
				tests.out = io.Discard
			}

			err = tests.run(command.Context(), paths, command.ErrOrStderr())
			if asJSON && !isUnusable(err) {
				err = errors.Join(printJSON(command.OutOrStdout(), tests.testRun), err)
			}

			return err
		},
	}

	cli.AddSecrets(command.Flags(), &secrets)
	command.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	command.Flags().StringVar(&pattern, "run", "", "run only tests whose name matches this regular expression")
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return cli.ExitError{Status: cli.StatusWrongCall, Err: err}
	})

	return command
}

// tests runs tests one after the other.
type tests struct {
	dir      string         // The current folder, to which printed paths are relative.
	secrets  app.Secrets    // The secrets to which apps may refer.
	selected *regexp.Regexp // Of the names of tests.
	out      io.Writer

	testRun
}

// testRun is what the tests have found, as --json prints it.
type testRun struct {
	Passed int            `json:"passed"`
	Failed int            `json:"failed"`
	Tests  []testedResult `json:"tests"`
}

// testedResult is what a test has found.
type testedResult struct {
	File        string   `json:"file"`
	Line        int      `json:"line"`
	Name        string   `json:"name"`
	Passed      bool     `json:"passed"`
	SimulatedMs int64    `json:"simulatedMs"` // The duration of the job in simulated time.
	DurationMs  int64    `json:"durationMs"`
	Differences []string `json:"differences"` // From what the test expects.
}

// isUnusable reports whether tests could not run because the arguments are wrong or a file can't be read.
func isUnusable(err error) bool {
	failed, ok := errors.AsType[cli.ExitError](err)

	return ok && failed.Status == cli.StatusWrongCall
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
			return cli.ExitError{Status: cli.StatusWrongCall, Err: err}
		}

		files = append(files, found...)
	}

	slices.Sort(files)

	for _, file := range slices.Compact(files) {
		if err := t.file(ctx, file); err != nil {
			return cli.ExitError{Status: cli.StatusWrongCall, Err: err}
		}
	}

	count := len(t.Tests)
	if count == 0 {
		return cli.ExitError{Status: cli.StatusWrongCall, Err: fmt.Errorf("there are no tests in %s", strings.Join(paths, ", "))}
	}

	if t.Failed > 0 {
		fmt.Fprintf(summary, "%s, %d failed\n", counted(count, "test"), t.Failed)

		return cli.ExitError{Status: cli.StatusFailed}
	}

	fmt.Fprintf(summary, "%s passed\n", counted(count, "test"))

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
		if err == nil && !entry.IsDir() && app.IsTest(entry.Name()) {
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

	took, verdict := time.Since(began), "ok    "
	found := testedResult{
		File: test.File, Line: test.Line, Name: test.Name, Passed: len(report.Differences) == 0,
		SimulatedMs: report.Duration.Milliseconds(), DurationMs: took.Milliseconds(),
		Differences: append([]string{}, report.Differences...), // An empty list instead of null.
	}

	if found.Passed {
		t.Passed++
	} else {
		t.Failed++

		verdict = "FAILED"
	}

	t.Tests = append(t.Tests, found)

	fmt.Fprintf(t.out, "%s %s:%d: %s (%s in %s)\n", verdict, test.File, test.Line, test.Name, report.Duration,
		took.Round(time.Millisecond))

	for _, difference := range report.Differences {
		fmt.Fprintln(t.out, "    "+strings.ReplaceAll(difference, "\n", "\n    "))
	}

	return nil
}
