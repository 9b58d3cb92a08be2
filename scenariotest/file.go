package scenariotest

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/scenario"
)

// Suffix is how the name of a file of tests ends, without its extension. A file of that name is no scenario.
const Suffix = "_test"

// IsTest reports whether a file of that name holds tests.
func IsTest(name string) bool {
	extension := filepath.Ext(name)

	return (extension == ".yaml" || extension == ".yml") && strings.HasSuffix(strings.TrimSuffix(name, extension), Suffix)
}

// Case is one test of a scenario.
type Case struct {
	Name string
	File string
	Line int

	form    caseForm
	library *scenario.Library // Where the file holds its scenarios itself.
}

// The form of a file of tests.
type (
	fileForm struct {
		App   *appForm    `yaml:"app"`
		Tests []yaml.Node `yaml:"tests"`
	}

	// appForm stands in for app.yaml where the tests hold their scenarios themselves.
	appForm struct {
		Sources   []string  `yaml:"sources"`
		Access    []string  `yaml:"access"`
		Variables yaml.Node `yaml:"variables"`
	}

	caseForm struct {
		Name       string               `yaml:"name"`
		Scenario   string               `yaml:"scenario"`
		Scenarios  map[string]yaml.Node `yaml:"scenarios"`
		Parameters object               `yaml:"parameters"`
		Start      string               `yaml:"start"`
		Variables  object               `yaml:"variables"`
		Mocks      []mockForm           `yaml:"mocks"`
		Signals    []signalForm         `yaml:"signals"`
		Stop       scenario.Duration    `yaml:"stop"`
		Expect     expectForm           `yaml:"expect"`
	}

	mockForm struct {
		outcomeForm `yaml:",inline"`

		Step  string        `yaml:"step"`
		Query string        `yaml:"query"`
		Calls []outcomeForm `yaml:"calls"`
	}

	// outcomeForm is what a call of a step does.
	outcomeForm struct {
		Rows     *int64            `yaml:"rows"`
		Value    value             `yaml:"value"`
		Result   string            `yaml:"result"`
		Records  []object          `yaml:"records"`
		Duration scenario.Duration `yaml:"duration"`
		Error    *errorForm        `yaml:"error"`
		Expect   object            `yaml:"expect"`
	}

	errorForm struct {
		Code      string `yaml:"code"`
		Message   string `yaml:"message"`
		Retryable bool   `yaml:"retryable"`
		Times     int32  `yaml:"times"`
	}

	signalForm struct {
		Name    string            `yaml:"name"`
		Data    value             `yaml:"data"`
		From    string            `yaml:"from"`
		After   scenario.Duration `yaml:"after"`
		Refused string            `yaml:"refused"`
	}

	expectForm struct {
		Problems  []string             `yaml:"problems"`
		Status    string               `yaml:"status"`
		Code      string               `yaml:"code"`
		Message   string               `yaml:"message"`
		Value     value                `yaml:"value"`
		Results   []string             `yaml:"results"`
		Steps     []string             `yaml:"steps"`
		Begun     []string             `yaml:"begun"`
		States    map[string]stateForm `yaml:"states"`
		Variables object               `yaml:"variables"`
		Duration  *scenario.Duration   `yaml:"duration"`
		Calls     map[string]int       `yaml:"calls"`
		Attempts  map[string]int       `yaml:"attempts"`
	}

	// stateForm is what is expected of the status of one step, as far as it is given.
	stateForm struct {
		State     string `yaml:"state"`
		Runs      *int64 `yaml:"runs"`
		Failures  *int64 `yaml:"failures"`
		Rows      *int64 `yaml:"rows"`
		LastError string `yaml:"lastError"`
	}
)

// Load reads a file of tests. The file's name is for messages, and says which scenario is tested.
func Load(file string, text []byte) ([]Case, error) {
	var read fileForm
	if err := yaml.Load(text, &read, yaml.WithKnownFields()); err != nil {
		return nil, located(file, 0, err)
	}

	if len(read.Tests) == 0 {
		return nil, fmt.Errorf("%s:1: there are no tests", file)
	}

	var cases []Case

	for i := range read.Tests {
		found, err := loadCase(file, &read.Tests[i], read.App, text)
		if err != nil {
			return nil, err
		}

		if slices.ContainsFunc(cases, func(c Case) bool { return c.Name == found.Name }) {
			return nil, fmt.Errorf("%s:%d: another test is named %q too", file, found.Line, found.Name)
		}

		cases = append(cases, found)
	}

	return cases, nil
}

func loadCase(file string, node *yaml.Node, app *appForm, text []byte) (Case, error) {
	found := Case{File: file, Line: node.Line}

	if err := node.Load(&found.form, yaml.WithKnownFields()); err != nil {
		return found, located(file, node.Line, err)
	}

	found.Name = found.form.Name
	if found.Name == "" {
		return found, fmt.Errorf("%s:%d: name is missing: what the test shows", file, found.Line)
	}

	found.form.Scenario = cmp.Or(found.form.Scenario, found.form.only(), scenarioOf(file))

	if err := found.form.check(); err != nil {
		return found, fmt.Errorf("%s:%d: test %q: %w", file, found.Line, found.Name, err)
	}

	if len(found.form.Scenarios) == 0 {
		return found, nil
	}

	library, err := libraryOf(app, found.form.Scenarios, text)
	if err != nil {
		return found, fmt.Errorf("%s:%d: test %q: %w", file, found.Line, found.Name, err)
	}

	found.library = &library

	return found, nil
}

// scenarioOf is the name of the scenario beside which a file of tests lies.
func scenarioOf(file string) string {
	base := filepath.Base(file)

	return strings.TrimSuffix(strings.TrimSuffix(base, filepath.Ext(base)), Suffix)
}

// only is the name of the scenario that a test holds itself: of several, the one named Main.
func (c caseForm) only() string {
	for name := range c.Scenarios {
		if len(c.Scenarios) == 1 || name == "Main" {
			return name
		}
	}

	return ""
}

var statuses = []string{"completed", "completedWithError", "stopped"}

// check finds what the form of a test alone can't tell.
func (c caseForm) check() error {
	for i, mock := range c.Mocks {
		switch {
		case (mock.Step == "") == (mock.Query == ""):
			return fmt.Errorf("mocks[%d]: give either step or query", i)
		case len(mock.Calls) > 0 && !mock.isEmpty():
			return fmt.Errorf("mocks[%d]: give either calls or one outcome", i)
		}

		for _, outcome := range append(mock.Calls, mock.outcomeForm) {
			if outcome.Error != nil && (outcome.Error.Code == "" || outcome.Error.Message == "") {
				return fmt.Errorf("mocks[%d]: an error has a code and a message", i)
			}
		}
	}

	for i, signal := range c.Signals {
		if signal.Name == "" {
			return fmt.Errorf("signals[%d]: name is missing", i)
		}
	}

	if status := c.Expect.Status; status != "" && !slices.Contains(statuses, status) {
		return fmt.Errorf("expect.status: unknown status %s; %s", status, scenario.Suggest(status, statuses))
	}

	if c.Start != "" {
		if _, err := scenario.ParseMoment(c.Start); err != nil {
			return fmt.Errorf("start: %w", err)
		}
	}

	return nil
}

func (o outcomeForm) isEmpty() bool {
	return o.Rows == nil && !o.Value.given && o.Result == "" && o.Records == nil && o.Duration == 0 && o.Error == nil &&
		o.Expect == nil
}

// start is when the job starts: unless the test says so, at a moment that is always the same.
func (c caseForm) start() time.Time {
	if moment, err := scenario.ParseMoment(c.Start); err == nil {
		return moment
	}

	return time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
}

// located says where a mistake in the file stands.
func located(file string, line int, err error) error {
	var (
		several *yaml.LoadErrors
		one     *yaml.LoadError
	)

	if errors.As(err, &several) && len(several.Errors) > 0 {
		one = several.Errors[0]
	} else if !errors.As(err, &one) {
		return fmt.Errorf("%s:%d: %w", file, max(line, 1), err)
	}

	return fmt.Errorf("%s:%d: %s", file, max(one.Mark.Line, line, 1), one.Message)
}

// libraryOf returns the scenarios that a file of tests holds itself.
func libraryOf(app *appForm, scenarios map[string]yaml.Node, text []byte) (scenario.Library, error) {
	library := scenario.Library{}

	if app != nil {
		declared, err := valueOf(&app.Variables)
		if err != nil {
			return library, err
		}

		object, _ := declared.(map[string]any)

		variables, err := scenario.ParseVariables("variables", object)
		if err != nil {
			return library, err
		}

		library.Surroundings = scenario.Surroundings{Sources: app.Sources, Access: app.Access, Variables: variables}
	}

	for name := range scenarios {
		library.Names = append(library.Names, name)
	}

	slices.Sort(library.Names)

	library.Load = func(name string) (scenario.Scenario, error) {
		node, ok := scenarios[name]
		if !ok {
			return scenario.Scenario{}, scenario.ErrUnknown
		}

		written, err := textOf(&node, text)
		if err != nil {
			return scenario.Scenario{}, err
		}

		return scenario.Parse("scenarios/"+name+".yaml", written, library.Surroundings)
	}

	return library, nil
}

// textOf returns the text of a scenario that stands within a file, as if it were one of its own.
func textOf(node *yaml.Node, text []byte) ([]byte, error) {
	if node.Kind != yaml.MappingNode || node.Style&yaml.FlowStyle != 0 {
		return yaml.Dump(node)
	}

	var own []string

	for i, line := range strings.Split(string(text), "\n")[node.Line-1:] {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if i > 0 && strings.TrimSpace(line) != "" && indent < node.Column-1 {
			break
		}

		own = append(own, line[min(node.Column-1, len(line)):])
	}

	return []byte(strings.Join(own, "\n")), nil
}
