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

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenariotest"
)

func testCommand() *cobra.Command {
	var pattern string

	command := &cobra.Command{
		Use:   "test [path…]",
		Short: "Run the tests beside scenarios, without a server or a source.",
		Long: `Run the tests of scenarios: those in the files <scenario>_test.yaml beside them (docs/how-to/write-a-test.md). Time is
skipped, and what touches data is stood in for by what the tests say of it, so that a wait of three days is
tested in milliseconds.

A path is an app, a folder of apps or of tests, or a file of tests; the current folder, by default.

The exit status is 1 when a test fails, and 2 when there are none or they can't be read.`,
		Example: `  jobwright test apps
  jobwright test apps/7/scenarios/Main_test.yaml
  jobwright test --run 'late|approval' apps/7`,
		RunE: func(command *cobra.Command, paths []string) error {
			wanted, err := regexp.Compile(pattern)
			if err != nil {
				return exitError{statusCannot, fmt.Errorf("--run: %w", err)}
			}

			dir, err := os.Getwd()
			if err != nil {
				return exitError{statusCannot, err}
			}

			tests := tests{dir: dir, wanted: wanted, out: command.OutOrStdout()}

			return tests.run(command.Context(), paths, command.ErrOrStderr())
		},
	}

	command.Flags().StringVar(&pattern, "run", "", "run only the tests whose name matches the regular expression")
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return exitError{statusCannot, err} })

	return command
}

// tests are tests as they are run one after the other.
type tests struct {
	dir    string // Where the user stands.
	wanted *regexp.Regexp
	out    io.Writer

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
			return exitError{statusCannot, err}
		}

		files = append(files, found...)
	}

	slices.Sort(files)

	for _, file := range slices.Compact(files) {
		if err := t.file(ctx, file); err != nil {
			return exitError{statusCannot, err}
		}
	}

	if t.count == 0 {
		return exitError{statusCannot, fmt.Errorf("there are no tests in %s", strings.Join(paths, ", "))}
	}

	if t.failed > 0 {
		fmt.Fprintf(summary, "%s, %d failed\n", counted(t.count, "test"), t.failed)

		return exitError{status: statusProblems}
	}

	fmt.Fprintf(summary, "%s passed\n", counted(t.count, "test"))

	return nil
}

// testFiles finds the files of tests at a path.
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

// file runs the tests of a file, which tell of the scenarios of the app that it lies in.
func (t *tests) file(ctx context.Context, path string) error {
	shown := path
	if relative, err := filepath.Rel(t.dir, path); err == nil {
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

	var library scenario.Library

	if isApp(dir) {
		if library, err = (&validation{dir: t.dir}).library(dir); err != nil {
			return err
		}
	}

	for _, test := range cases {
		if !t.wanted.MatchString(test.Name) {
			continue
		}

		if err := t.test(ctx, test, library, options); err != nil {
			return err
		}
	}

	return nil
}

func (t *tests) test(ctx context.Context, test scenariotest.Case, library scenario.Library, options scenariotest.Options) error {
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
