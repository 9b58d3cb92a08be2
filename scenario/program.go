package scenario

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// Program is what a job runs, pinned when the job starts: a change of the app's files never changes a running job.
type Program struct {
	Entry     string              `json:"entry"`               // The name of the scenario that the job starts with.
	Scenarios map[string]Scenario `json:"scenarios"`           // That scenario, and every one that it can call.
	Variables []Parameter         `json:"variables,omitempty"` // The app's variables.
	Files     map[string]string   `json:"files,omitempty"`     // The files of the app that its steps run, by their paths.
}

// ErrUnknown is the error with which a [Library] answers for a scenario, or a file, that it does not have.
var ErrUnknown = errors.New("there is no such thing in the app")

// Library finds scenarios.
type Library struct {
	Names        []string                            // Of all that there are.
	Load         func(name string) (Scenario, error) // The error is [ErrUnknown], or [Problems] beside what could be read.
	ReadFile     func(path string) (string, error)   // Reads a file of the app as text. The error may be [ErrUnknown].
	Surroundings Surroundings
}

// NewProgram pins a scenario with everything that it can call, and checks what lies between the files: calls of scenarios
// that are not there, with parameters that these don't take, or that go on for ever. The error is [Problems], or one of the
// library's own. Of an entry that has mistakes itself, it tells those that lie between it and other files.
func NewProgram(name string, entry Scenario, library Library) (Program, error) {
	program := Program{
		Entry: name, Scenarios: map[string]Scenario{name: entry}, Variables: library.Surroundings.Variables,
	}
	pinning := pinning{program: &program, library: library}

	for waiting := []string{name}; len(waiting) > 0; waiting = waiting[1:] {
		called, err := pinning.calls(waiting[0])
		if err != nil {
			return program, err
		}

		if err := pinning.files(waiting[0]); err != nil {
			return program, err
		}

		waiting = append(waiting, called...)
	}

	// What can't be found can't be followed either.
	if len(pinning.problems) == 0 {
		pinning.cycles()
		pinning.sizes()
	}

	for name, scenario := range program.Scenarios { //workflowcheck:ignore // Each stays in its place.
		scenario.document = nil
		program.Scenarios[name] = scenario
	}

	return program, pinning.problems.err()
}

// pinning is a program while it is put together.
type pinning struct {
	program  *Program
	library  Library
	problems Problems
	broken   []string // The scenarios that have mistakes of their own, which were told.
}

// calls adds the scenarios that one of the program calls, and returns the names of those that were not there yet.
func (p *pinning) calls(name string) ([]string, error) {
	var added []string

	caller := p.program.Scenarios[name]

	for _, call := range caller.calls() {
		if err := p.load(caller, call, &added); err != nil {
			return nil, err
		}

		if callee, ok := p.program.Scenarios[call.name]; ok && !slices.Contains(p.broken, call.name) {
			p.arguments(caller, call, callee)
		}
	}

	return added, nil
}

// load adds the scenario that is called, and its name to added, if it is not there yet.
func (p *pinning) load(caller Scenario, call call, added *[]string) error {
	if _, known := p.program.Scenarios[call.name]; known {
		return nil
	}

	loaded, err := p.library.Load(call.name)

	var mistakes Problems

	switch {
	case errors.Is(err, ErrUnknown):
		p.addf(caller, join(call.path, "opParams.scenario"), CodeScenarioUnknown, "unknown scenario %s; %s", call.name,
			Suggest(call.name, p.library.Names))
	case errors.As(err, &mistakes):
		p.problems = append(p.problems, mistakes...)
		p.broken = append(p.broken, call.name)
	case err != nil:
		return err
	}

	// What one with mistakes calls can still be looked at, as far as it was read.
	if !errors.Is(err, ErrUnknown) {
		p.program.Scenarios[call.name] = loaded
		*added = append(*added, call.name)
	}

	return nil
}

// arguments checks the values that a step gives for the parameters of the scenario that it calls.
func (p *pinning) arguments(caller Scenario, call call, callee Scenario) {
	value, isGiven := call.params["parameters"]

	given, isObject := value.(map[string]any)
	if isGiven && !isObject {
		return // An expression gives them all: they are bound when the step runs.
	}

	at := join(call.path, "opParams.parameters")
	name := call.name
	names := make([]string, len(callee.Parameters))

	for i, parameter := range callee.Parameters {
		names[i] = parameter.Name
		value, present := given[parameter.Name]

		if !present && parameter.Required {
			p.addf(caller, at, CodeParameterMissing, "the parameter %s of scenario %s is missing: %s", parameter.Name, name,
				parameter.explain())
		}

		if !present {
			continue
		}

		if mismatch := caller.mismatch(parameter.Type, join(at, parameter.Name), value); mismatch != "" {
			p.addf(caller, join(at, parameter.Name), CodeParameterMismatch, "the parameter %s of scenario %s: %s", parameter.Name,
				name, mismatch)
		}
	}

	for _, parameter := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(names, parameter) {
			p.addf(caller, join(at, parameter), CodeParameterUnknown, "the scenario %s has no parameter %s; %s", name, parameter,
				Suggest(parameter, names))
		}
	}
}

// mismatch says why the value at a path of the scenario's file is none of type t, or "". What an expression gives is bound
// when the step runs; here, only its form may be known.
func (s Scenario) mismatch(t source.Type, path string, value any) string {
	if isLiteral(value) {
		_, mismatch := convert(t, value)

		return mismatch
	}

	if s.document == nil || takes(t, s.document.arguments[path]) {
		return ""
	}

	return fmt.Sprintf("want %s, but %s gives %s", describeType(t), value, s.document.arguments[path])
}

// isLiteral reports whether a value holds no expression.
func isLiteral(value any) bool {
	text, isText := value.(string)
	if !isText {
		return true
	}

	parsed, err := parseTemplate(text)

	return err == nil && parsed.isPlain()
}

// cycles finds calls that lead back to their caller for ever: always made, or run inline, where even a call that is made
// under a condition would need its own steps within its own steps.
func (p *pinning) cycles() {
	for _, kind := range []struct {
		follows func(call) bool
		advice  string
	}{
		{func(c call) bool { return c.inline }, "what runs inline can't run itself; drop inline"},
		{func(c call) bool { return c.always }, "nothing on the way can end it; give the step a condition"},
	} {
		seen := map[string]bool{}

		for _, name := range slices.Sorted(maps.Keys(p.program.Scenarios)) {
			if !seen[name] {
				p.cycle(name, nil, seen, kind.follows, kind.advice)
			}
		}
	}
}

func (p *pinning) cycle(name string, way []string, seen map[string]bool, follows func(call) bool, advice string) {
	seen[name] = true
	way = append(way, name)
	scenario := p.program.Scenarios[name]

	for _, call := range scenario.calls() {
		from := slices.Index(way, call.name)

		switch {
		case !follows(call):
		case from >= 0:
			p.addf(scenario, join(call.path, "opParams.scenario"), CodeCallCycle, "the scenarios run each other for ever: %s; %s",
				strings.Join(append(slices.Clone(way[from:]), call.name), " → "), advice)
		case !seen[call.name]:
			p.cycle(call.name, way, seen, follows, advice)
		}
	}
}

// sizes bounds the steps of each scenario together with those that it runs inline: each has a status in the job.
func (p *pinning) sizes() {
	if len(p.problems) > 0 {
		return // What runs itself inline has no size.
	}

	sizes := map[string]int{}

	for _, name := range slices.Sorted(maps.Keys(p.program.Scenarios)) {
		if steps := p.size(name, sizes); steps > maxSteps {
			p.addf(p.program.Scenarios[name], "", CodeTooLarge,
				"with the scenarios that it runs inline, this one has more than %d steps; drop inline somewhere", maxSteps)
		}
	}
}

// size counts the steps of a scenario, up to one more than there may be.
func (p *pinning) size(name string, sizes map[string]int) int {
	if size, known := sizes[name]; known {
		return size
	}

	size := countSteps(p.program.Scenarios[name].Steps)

	for _, call := range p.program.Scenarios[name].calls() {
		if call.inline {
			size += p.size(call.name, sizes)
		}
	}

	sizes[name] = min(size, maxSteps+1)

	return sizes[name]
}

func countSteps(steps []Step) int {
	count := len(steps)

	for _, step := range steps {
		for _, block := range step.Blocks {
			count += countSteps(block.Steps)
		}
	}

	return count
}

// addf notes a mistake at a path of a scenario's file.
func (p *pinning) addf(scenario Scenario, path string, code Code, format string, arguments ...any) {
	check := checker{file: scenario.File, document: scenario.document}
	check.addf(path, code, format, arguments...)

	// A call may be wrong in two ways, of which one mends the other.
	found := check.problems[0]
	if !slices.ContainsFunc(p.problems, func(told Problem) bool {
		return found.Code == CodeCallCycle && told.Code == found.Code && told.File == found.File && told.Path == found.Path
	}) {
		p.problems.add(found)
	}
}

// Reachable returns the part of the program that the scenario of that name needs, with it as the entry.
func (p Program) Reachable(name string) (Program, error) {
	part := Program{Entry: name, Scenarios: map[string]Scenario{}, Variables: p.Variables}

	for waiting := []string{name}; len(waiting) > 0; waiting = waiting[1:] {
		found, ok := p.Scenarios[waiting[0]]
		if !ok {
			return part, fmt.Errorf("the program has no scenario %s", waiting[0])
		}

		if _, known := part.Scenarios[waiting[0]]; known {
			continue
		}

		part.Scenarios[waiting[0]] = found

		for _, call := range found.calls() {
			waiting = append(waiting, call.name)
		}
	}

	part.Files = p.filesOf(part.Scenarios)

	return part, nil
}
