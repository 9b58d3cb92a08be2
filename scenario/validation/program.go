package validation

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/problem"
)

// ErrUnknown is the error of a [Library] for a scenario or a file that the app does not have.
var ErrUnknown = errors.New("there is no such thing in the app")

// Library provides the scenarios and files of an app.
type Library struct {
	Names       []string                            // The names of all scenarios.
	Load        func(name string) (Document, error) // The error may be [ErrUnknown], or a [problem.List] with the readable parts.
	ReadFile    func(path string) (string, error)   // Returns a file as text. The error may be [ErrUnknown].
	Environment Environment
}

// NewProgram pins a scenario with everything that it can call, and checks what concerns several files: calls of unknown
// scenarios, the parameters of calls, and endless calls. The error is a [problem.List] or an error of the library. Mistakes
// within the entry itself are not reported.
func NewProgram(name string, entry Document, library Library) (scenario.Program, error) {
	pinning := pinning{documents: map[string]Document{name: entry}, library: library}
	program := func() scenario.Program {
		pinned := scenario.Program{
			Entry: name, Scenarios: map[string]scenario.Scenario{},
			Variables: library.Environment.Variables, Files: pinning.files, Limits: library.Environment.Limits,
			Execution: library.Environment.Execution, TaskQueue: library.Environment.TaskQueue,
			Sources: library.Environment.Capacities,
		}

		for name, document := range pinning.documents { //workflowcheck:ignore // The order does not matter.
			pinned.Scenarios[name] = document.Scenario
		}

		return pinned
	}

	for waiting := []string{name}; len(waiting) > 0; waiting = waiting[1:] {
		called, err := pinning.calls(waiting[0])
		if err != nil {
			return program(), err
		}

		if err := pinning.scriptFiles(waiting[0]); err != nil {
			return program(), err
		}

		waiting = append(waiting, called...)
	}

	// Calls of unknown scenarios cannot be followed.
	if len(pinning.problems) == 0 {
		pinning.cycles()
		pinning.sizes()
	}

	return program(), pinning.problems.Err()
}

// pinning is a program under construction.
type pinning struct {
	documents map[string]Document
	files     map[string]string
	library   Library
	problems  problem.List
	broken    []string // The scenarios with mistakes of their own.
}

// calls loads the scenarios that a scenario of the program calls, and returns the names of the new ones.
func (p *pinning) calls(name string) ([]string, error) {
	var added []string

	caller := p.documents[name]

	for _, call := range callsOf(caller.Scenario) {
		if err := p.load(caller, call, &added); err != nil {
			return nil, err
		}

		if callee, ok := p.documents[call.name]; ok && !slices.Contains(p.broken, call.name) {
			p.arguments(caller, call, callee.Scenario)
		}
	}

	return added, nil
}

// load adds the called scenario to the program, and its name to added, unless the program has it already.
func (p *pinning) load(caller Document, call call, added *[]string) error {
	if _, known := p.documents[call.name]; known {
		return nil
	}

	loaded, err := p.library.Load(call.name)

	var mistakes problem.List

	switch {
	case errors.Is(err, ErrUnknown):
		p.addf(caller, problem.JoinPath(call.path, "opParams.scenario"), problem.CodeScenarioUnknown,
			"unknown scenario %s; %s", call.name,
			problem.Suggest(call.name, p.library.Names))
	case errors.As(err, &mistakes):
		p.problems = append(p.problems, mistakes...)
		p.broken = append(p.broken, call.name)
	case err != nil:
		return err
	}

	// The calls of a scenario with mistakes are checked too, as far as it could be read.
	if !errors.Is(err, ErrUnknown) {
		p.documents[call.name] = loaded
		*added = append(*added, call.name)
	}

	return nil
}

// arguments checks the values that a step gives for the parameters of the scenario that it calls.
func (p *pinning) arguments(caller Document, call call, callee scenario.Scenario) {
	value, isGiven := call.params["parameters"]

	given, isObject := value.(map[string]any)
	at := problem.JoinPath(call.path, "opParams.parameters")

	if isGiven && !isObject { // The result of an expression is bound when the step runs.
		if slices.ContainsFunc(callee.Parameters, func(p scenario.Parameter) bool { return p.Secret }) {
			p.addf(caller, at, problem.CodeSecretMisplaced,
				"the scenario %s has secret parameters; write its parameters out, each with a value of its own", call.name)
		}

		return
	}

	name := call.name
	names := make([]string, len(callee.Parameters))

	for i, parameter := range callee.Parameters {
		names[i] = parameter.Name
		value, present := given[parameter.Name]

		if !present && parameter.Required {
			p.addf(caller, at, problem.CodeParameterMissing, "the parameter %s of scenario %s is missing%s", parameter.Name, name,
				parameter.Meaning())
		}

		if !present {
			continue
		}

		if mistake := secretArgument(caller.Scenario, parameter, value); mistake != "" {
			p.addf(caller, problem.JoinPath(at, parameter.Name), problem.CodeSecretMisplaced,
				"the parameter %s of scenario %s %s", parameter.Name, name, mistake)

			continue
		}

		if mismatch := caller.mismatch(parameter, problem.JoinPath(at, parameter.Name), value); mismatch != "" {
			p.addf(caller, problem.JoinPath(at, parameter.Name), problem.CodeParameterMismatch,
				"the parameter %s of scenario %s %s", parameter.Name,
				name, mismatch)
		}
	}

	for _, parameter := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(names, parameter) {
			p.addf(caller, problem.JoinPath(at, parameter), problem.CodeParameterUnknown,
				"the scenario %s has no parameter %s; %s", name, parameter,
				problem.Suggest(parameter, names))
		}
	}
}

// mismatch returns why the value at a path of the file can't be bound to a parameter, or "". Of the result of an expression,
// at most the kind is known before the step runs.
func (d Document) mismatch(parameter scenario.Parameter, path string, value any) string {
	if expression.IsLiteral(value) {
		_, mismatch := parameter.Convert(value)

		return mismatch
	}

	if d.document == nil {
		return ""
	}

	return parameter.CheckKind(value, d.document.arguments[path])
}

// cycles reports endless calls: cycles of calls that are always made, and cycles of inline calls, even conditional ones, since
// the steps of a scenario would contain themselves.
func (p *pinning) cycles() {
	for _, kind := range []struct {
		follows func(call) bool
		advice  string
	}{
		{func(c call) bool { return c.inline }, "what runs inline can't run itself; drop inline"},
		{func(c call) bool { return c.always }, "nothing on the way can end it; give the step a condition"},
	} {
		seen := map[string]bool{}

		for _, name := range slices.Sorted(maps.Keys(p.documents)) {
			if !seen[name] {
				p.cycle(name, nil, seen, kind.follows, kind.advice)
			}
		}
	}
}

func (p *pinning) cycle(name string, way []string, seen map[string]bool, follows func(call) bool, advice string) {
	seen[name] = true
	way = append(way, name)
	caller := p.documents[name]

	for _, call := range callsOf(caller.Scenario) {
		from := slices.Index(way, call.name)

		switch {
		case !follows(call):
		case from >= 0:
			p.addf(caller, problem.JoinPath(call.path, "opParams.scenario"), problem.CodeCallCycle,
				"the scenarios call each other endlessly: %s; %s",
				strings.Join(append(slices.Clone(way[from:]), call.name), " → "), advice)
		case !seen[call.name]:
			p.cycle(call.name, way, seen, follows, advice)
		}
	}
}

// sizes limits the steps of each scenario, including scenarios that it runs inline, since each step has a status in the job.
func (p *pinning) sizes() {
	if len(p.problems) > 0 {
		return // A scenario that runs itself inline has no finite size.
	}

	sizes := map[string]int{}

	for _, name := range slices.Sorted(maps.Keys(p.documents)) {
		if steps := p.size(name, sizes); steps > MaxSteps {
			p.addf(p.documents[name], "", problem.CodeTooLarge,
				"with the scenarios that it runs inline, this one has more than %d steps; drop inline somewhere", MaxSteps)
		}
	}
}

// size counts the steps of a scenario, up to one more than the limit.
func (p *pinning) size(name string, sizes map[string]int) int {
	if size, known := sizes[name]; known {
		return size
	}

	size := 0
	for range scenario.AllSteps(p.documents[name].Steps) {
		size++
	}

	for _, call := range callsOf(p.documents[name].Scenario) {
		if call.inline {
			size += p.size(call.name, sizes)
		}
	}

	sizes[name] = min(size, MaxSteps+1)

	return sizes[name]
}

// addf adds a problem at a path of a scenario's file.
func (p *pinning) addf(at Document, path string, code problem.Code, format string, arguments ...any) {
	check := newChecker(at.File, at.document, nil)
	check.Addf(path, code, format, arguments...)

	// A call may be part of several cycles; report it once.
	found := check.Problems[0]
	if !slices.ContainsFunc(p.problems, func(other problem.Problem) bool {
		return found.Code == problem.CodeCallCycle && other.Code == found.Code &&
			other.File == found.File && other.Path == found.Path
	}) {
		p.problems.Add(found)
	}
}

// scriptFiles adds the files that the steps of a scenario run, in the order of its own file.
func (p *pinning) scriptFiles(name string) error {
	for path, step := range stepsByPath(p.documents[name].Steps, "steps") {
		if step.ScriptFile() == "" {
			continue
		}

		if err := p.scriptFile(p.documents[name], problem.JoinPath(path, "opParams.scriptFile"), step); err != nil {
			return err
		}
	}

	return nil
}

// scriptFile adds the file that a step runs. path is the place of its name.
func (p *pinning) scriptFile(at Document, path string, step scenario.Step) error {
	file := step.ScriptFile()
	text, err := p.library.file(file)

	switch {
	case errors.Is(err, ErrUnknown):
		p.addf(at, path, problem.CodeFileMissing, "the app has no file %s", file)
	case err != nil:
		return err
	case !utf8.ValidString(text):
		p.addf(at, path, problem.CodeFileMissing, "the file %s is not UTF-8 text", file)
	default:
		if p.files == nil {
			p.files = map[string]string{}
		}

		p.files[file] = text
		p.bindScript(at, path, step, text)
	}

	return nil
}

// bindScript compares the parameters of a file's statements with the values that the step gives for them.
func (p *pinning) bindScript(at Document, path string, step scenario.Step, text string) {
	name, _ := step.OpParams["source"].(string)
	check := newChecker(at.File, at.document, nil)
	check.compareBind(problem.ParentPath(path), path, p.library.Environment.Kinds[name], text, step.OpParams)

	for _, found := range check.Problems {
		p.problems.Add(found)
	}
}

func (l Library) file(path string) (string, error) {
	if l.ReadFile == nil {
		return "", ErrUnknown
	}

	return l.ReadFile(path)
}
