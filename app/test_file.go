package app

import (
	"cmp"
	"os"
	"path"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
)

// Test is a test of a scenario, which an author has written beside it. Package scenariotest runs tests.
type Test struct {
	Name string `json:"name" description:"What the test shows."`
	File string `json:"file" description:"Its file."`
	Line int    `json:"line" description:"The line at which it begins, from 1."`
}

// Tests returns the tests of a scenario in the order of their files and lines, without running them. The problems are those of
// test files that are not valid YAML.
func (a *App) Tests(scenario string) (tests []Test, problems problem.List, err error) {
	folder := filepath.Join(a.Dir, "scenarios")

	entries, err := os.ReadDir(folder)
	if err != nil && !isMissing(err) {
		return nil, nil, err
	}

	for _, entry := range entries {
		if entry.IsDir() || !IsTest(entry.Name()) {
			continue
		}

		text, err := os.ReadFile(filepath.Join(folder, entry.Name())) //nolint:gosec // It is in the folder of the app.
		if isMissing(err) {
			continue
		}

		if err != nil {
			return nil, nil, err
		}

		file := path.Join("scenarios", entry.Name())

		found, err := testsIn(file, text, scenario)
		if err != nil {
			mistake := validation.SyntaxProblem(text, err)
			mistake.File = file
			problems.Add(mistake)
		}

		tests = append(tests, found...)
	}

	return tests, problems, nil
}

// testsIn returns the tests of a scenario in a test file. A test with scenarios of its own tests none of the app.
func testsIn(file string, text []byte, scenario string) (tests []Test, err error) {
	var read struct {
		Tests []yaml.Node `yaml:"tests"`
	}

	if strings.TrimSpace(string(text)) == "" {
		return nil, nil
	}

	if err := yaml.Load(text, &read); err != nil {
		return nil, err
	}

	of := TestedScenario(file)

	for i := range read.Tests {
		var test struct {
			Name      string               `yaml:"name"`
			Scenario  string               `yaml:"scenario"`
			Scenarios map[string]yaml.Node `yaml:"scenarios"`
		}

		if read.Tests[i].Load(&test) == nil && len(test.Scenarios) == 0 && cmp.Or(test.Scenario, of) == scenario {
			tests = append(tests, Test{Name: test.Name, File: file, Line: read.Tests[i].Line})
		}
	}

	return tests, nil
}
