package scenariotest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
)

// Case is one test of a scenario.
type Case struct {
	Name string
	File string
	Line int

	definition definition
	library    *validation.Library // The scenarios in the test file; nil if it has none.
}

// The fields of a test file. docs/how-to/write-a-test.md describes them.
type (
	fileFields struct {
		App   *appFields  `yaml:"app"`
		Tests []yaml.Node `yaml:"tests"`
	}

	// appFields replaces app.yaml for tests with scenarios of their own.
	appFields struct {
		Sources   []string  `yaml:"sources"`
		Access    []string  `yaml:"access"`
		Variables yaml.Node `yaml:"variables"`
	}

	definition struct {
		Name       string               `yaml:"name"`
		Scenario   string               `yaml:"scenario"`
		Scenarios  map[string]yaml.Node `yaml:"scenarios"`
		Parameters object               `yaml:"parameters"`
		Start      string               `yaml:"start"`
		Variables  object               `yaml:"variables"`
		Mocks      []mockDefinition     `yaml:"mocks"`
		Signals    []signalDefinition   `yaml:"signals"`
		Stop       scenario.Duration    `yaml:"stop"`
		Expect     expectation          `yaml:"expect"`
	}

	mockDefinition struct {
		callOutcome `yaml:",inline"`

		Step  string        `yaml:"step"`
		Query string        `yaml:"query"`
		Calls []callOutcome `yaml:"calls"`
	}

	// callOutcome is the outcome of a call of a step.
	callOutcome struct {
		Rows     *int64            `yaml:"rows"`
		Rejected int64             `yaml:"rejected"`
		Value    value             `yaml:"value"`
		Result   string            `yaml:"result"`
		Records  []object          `yaml:"records"`
		Duration scenario.Duration `yaml:"duration"`
		Error    *mockError        `yaml:"error"`
		Expect   object            `yaml:"expect"`
	}

	mockError struct {
		Code      string `yaml:"code"`
		Message   string `yaml:"message"`
		Retryable bool   `yaml:"retryable"`
		Times     int32  `yaml:"times"`
	}

	signalDefinition struct {
		Name    string            `yaml:"name"`
		Data    value             `yaml:"data"`
		From    string            `yaml:"from"`
		After   scenario.Duration `yaml:"after"`
		Refused string            `yaml:"refused"`
	}

	expectation struct {
		Problems  []string                   `yaml:"problems"`
		Status    string                     `yaml:"status"`
		Code      string                     `yaml:"code"`
		Message   string                     `yaml:"message"`
		Value     value                      `yaml:"value"`
		Results   []string                   `yaml:"results"`
		Steps     []string                   `yaml:"steps"`
		Begun     []string                   `yaml:"begun"`
		States    map[string]stepExpectation `yaml:"states"`
		Variables object                     `yaml:"variables"`
		Duration  *scenario.Duration         `yaml:"duration"`
		Calls     map[string]int             `yaml:"calls"`
		Attempts  map[string]int             `yaml:"attempts"`
	}

	// stepExpectation is the expected status of a step. Fields that are not given are not compared.
	stepExpectation struct {
		State     string `yaml:"state"`
		Runs      *int64 `yaml:"runs"`
		Failures  *int64 `yaml:"failures"`
		Rows      *int64 `yaml:"rows"`
		Rejected  *int64 `yaml:"rejected"`
		LastError string `yaml:"lastError"`
	}
)

// Load reads a test file. Messages contain the name of the file; the default scenario is that of
// [app.TestedScenario].
func Load(file string, text []byte) ([]Case, error) {
	var (
		document yaml.Node
		read     fileFields
	)

	if len(bytes.TrimSpace(text)) > 0 {
		if err := yaml.Load(text, &document); err != nil {
			found := validation.SyntaxProblem(text, err)

			return nil, fmt.Errorf("%s:%d: %s", file, found.Line, found.Message)
		}
	}

	for _, root := range document.Content {
		if err := checkFields(file, root, reflect.TypeFor[fileFields]()); err != nil {
			return nil, err
		}

		if err := root.Load(&read); err != nil {
			return nil, located(file, 0, err)
		}
	}

	if len(read.Tests) == 0 {
		return nil, fmt.Errorf("%s:1: the file has no tests", file)
	}

	var cases []Case

	for i := range read.Tests {
		found, err := loadCase(file, &read.Tests[i], read.App, text)
		if err != nil {
			return nil, err
		}

		if slices.ContainsFunc(cases, func(c Case) bool { return c.Name == found.Name }) {
			return nil, fmt.Errorf("%s:%d: name: another test has the name %q, too", file, found.Line, found.Name)
		}

		cases = append(cases, found)
	}

	return cases, nil
}

func loadCase(file string, node *yaml.Node, offered *appFields, text []byte) (Case, error) {
	found := Case{File: file, Line: node.Line}

	if err := checkFields(file, node, reflect.TypeFor[definition]()); err != nil {
		return found, err
	}

	if err := node.Load(&found.definition); err != nil {
		return found, located(file, node.Line, err)
	}

	found.Name = found.definition.Name
	if found.Name == "" {
		return found, fmt.Errorf("%s:%d: name is missing; describe what the test shows", file, found.Line)
	}

	found.definition.Scenario = cmp.Or(found.definition.Scenario, found.definition.ownScenario(), app.TestedScenario(file))

	if err := found.definition.validate(); err != nil {
		return found, fmt.Errorf("%s:%d: test %q: %w", file, found.Line, found.Name, err)
	}

	if len(found.definition.Scenarios) == 0 {
		return found, nil
	}

	library, err := libraryOf(offered, found.definition.Scenarios, text)
	if err != nil {
		return found, fmt.Errorf("%s:%d: test %q: %w", file, found.Line, found.Name, err)
	}

	found.library = &library

	return found, nil
}

// ownScenario returns the name of the only scenario in the test, or Main if there are several.
func (c definition) ownScenario() string {
	for name := range c.Scenarios {
		if len(c.Scenarios) == 1 || name == "Main" {
			return name
		}
	}

	return ""
}

// The words that a test may use.
var (
	statuses = []string{"completed", "completedWithError", "stopped"}
	refusals = []string{job.SignalForbidden, job.SignalUnknown, job.SignalTooLarge, job.SignalsTooMany}
)

// validate checks the rules that the types of the fields don't express.
func (c definition) validate() error {
	for i, mock := range c.Mocks {
		switch {
		case (mock.Step == "") == (mock.Query == ""):
			return fmt.Errorf("mocks[%d]: set either step or query", i)
		case len(mock.Calls) > 0 && !mock.isEmpty():
			return fmt.Errorf("mocks[%d]: set either calls, or the outcome of all calls", i)
		}

		for _, outcome := range append(mock.Calls, mock.callOutcome) {
			if outcome.Error != nil && (outcome.Error.Code == "" || outcome.Error.Message == "") {
				return fmt.Errorf("mocks[%d]: error requires code and message", i)
			}
		}
	}

	for i, signal := range c.Signals {
		if signal.Name == "" {
			return fmt.Errorf("signals[%d]: name is missing", i)
		}

		if signal.Refused != "" && !slices.Contains(refusals, signal.Refused) {
			return fmt.Errorf("signals[%d].refused: unknown reason %s; %s", i, signal.Refused,
				problem.Suggest(signal.Refused, refusals))
		}
	}

	if status := c.Expect.Status; status != "" && !slices.Contains(statuses, status) {
		return fmt.Errorf("expect.status: unknown status %s; %s", status, problem.Suggest(status, statuses))
	}

	if c.Start != "" {
		if _, err := expression.ParseMoment(c.Start); err != nil {
			return fmt.Errorf("start: %w", err)
		}
	}

	return nil
}

func (o callOutcome) isEmpty() bool { return reflect.ValueOf(o).IsZero() }

// start returns the simulated time at which the job starts.
func (c definition) start() time.Time {
	if moment, err := expression.ParseMoment(c.Start); err == nil {
		return moment
	}

	return time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
}

// located adds the file and the line to an error of the YAML parser.
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

// libraryOf returns the scenarios in a test.
func libraryOf(offered *appFields, scenarios map[string]yaml.Node, text []byte) (validation.Library, error) {
	library := validation.Library{}

	if offered != nil {
		declared, err := valueOf(&offered.Variables)
		if err != nil {
			return library, err
		}

		object, _ := declared.(map[string]any)

		variables, err := validation.ParseVariables("variables", object)
		if err != nil {
			return library, err
		}

		library.Environment = validation.Environment{Sources: offered.Sources, Access: offered.Access, Variables: variables}
	}

	for name := range scenarios {
		library.Names = append(library.Names, name)
	}

	slices.Sort(library.Names)

	library.Load = func(name string) (validation.Document, error) {
		node, ok := scenarios[name]
		if !ok {
			return validation.Document{}, validation.ErrUnknown
		}

		written, err := textOf(&node, text)
		if err != nil {
			return validation.Document{}, err
		}

		return validation.Parse("scenarios/"+name+".yaml", written, library.Environment)
	}

	return library, nil
}

// textOf returns the text of a scenario in a test file, as it would be in a file of its own.
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
