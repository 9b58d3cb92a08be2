package workflows_test

import (
	"encoding/json"
	"fmt"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/validation"
)

// object is a part of a scenario file as its author writes it.
type object = map[string]any

// freedom says what a random program may hold.
type freedom struct {
	concurrent bool // Parallel, and ForEach with a maxConcurrency.
	calm       bool // What runs at the same time never stops each other, so that its order does not matter to what comes of it.
	alone      bool // No job starts another and no activity is retried, so that the order of all ends is defined.
}

// author writes random programs that are valid.
type author struct {
	*rapid.T

	freedom freedom
	steps   int // How many more steps there may be.
	names   int // How many names were given.
}

// knownNames are the names in scope: those that expressions may use, and the variables that may be set.
type knownNames struct {
	integers  []string // Names of integers, null perhaps.
	records   []string // Names of records with an integer n.
	variables []string // Variables that may be set.
	data      []string // Steps that touch data, by name.
	loops     []string // Steps that are a ForEach, by name.
	others    []string // Other steps, by name.
	callable  []string // Scenarios.
	catching  bool     // Whether error is known.
	apart     bool     // Whether this runs at the same time as others, so that no Return may stand here.
	finally   bool     // Whether this runs at the end of a TryCatch.
	depth     int
}

// inner returns the names in scope in a block. Names that the block adds end with it.
func (s *knownNames) inner() *knownNames {
	within := *s
	within.depth++

	for _, known := range []*[]string{
		&within.integers, &within.records, &within.variables, &within.data, &within.loops, &within.others,
	} {
		*known = append([]string{}, *known...)
	}

	return &within
}

// beyond returns the names in scope in a concurrent block.
func (s *knownNames) beyond() *knownNames {
	within := s.inner()
	within.variables, within.apart = nil, true

	return within
}

// randomProgram writes a program: Main, which can run B and C, and B, which can run C.
func randomProgram(t *rapid.T, freedom freedom) (program scenario.Program, text string) {
	a := &author{T: t, freedom: freedom, steps: 20}
	app := validation.Environment{Sources: []string{"stage"}}
	texts := map[string]string{}

	for _, one := range []struct {
		name     string
		callable []string
	}{{"Main", []string{"B", "C"}}, {"B", []string{"C"}}, {"C", nil}} {
		known := &knownNames{callable: one.callable, integers: []string{"n"}}

		encoded, err := json.MarshalIndent(object{
			"parameters": object{"n": object{"type": "integer", "default": 1}},
			"steps":      a.list(known, 4),
		}, "", " ")
		require.NoError(t, err)

		texts[one.name] = string(encoded)
	}

	load := func(name string) (validation.Document, error) {
		return validation.Parse("scenarios/"+name+".yaml", []byte(texts[name]), app)
	}

	entry, err := load("Main")
	require.NoError(t, err, texts["Main"])

	made, err := validation.NewProgram("Main", entry, validation.Library{
		Names: []string{"Main", "B", "C"}, Load: load, Environment: app,
	})
	require.NoError(t, err, "%v", texts)

	written := "Main: " + texts["Main"]

	for _, name := range []string{"B", "C"} {
		if _, called := made.Scenarios[name]; called {
			written += "\n" + name + ": " + texts[name]
		}
	}

	return made, written
}

func (a *author) number(label string, least, most int) int {
	return rapid.IntRange(least, most).Draw(a.T, label)
}

// chance is true once in so many times; when a failure shrinks, it becomes false.
func (a *author) chance(label string, in int) bool { return a.number(label, 0, in-1) == in-1 }

func (a *author) name(prefix string) string {
	a.names++

	return fmt.Sprintf("%s%d", prefix, a.names)
}

func pick(a *author, label string, from []string) string {
	return rapid.SampledFrom(from).Draw(a.T, label)
}

// list writes a list of at least one step.
func (a *author) list(known *knownNames, most int) []any {
	steps := []any{}

	for range a.number("steps", 1, most) {
		steps = append(steps, a.step(known)...)
	}

	return steps
}

// integer writes an expression that gives an integer, or null, without its ${ and }.
func (a *author) integer(known *knownNames) string {
	forms := []func() string{func() string { return fmt.Sprint(a.number("literal", 0, 3)) }}

	if len(known.integers) > 0 {
		forms = append(forms,
			func() string { return pick(a, "integer", known.integers) },
			func() string { return "(" + pick(a, "integer", known.integers) + " ?? 0) + 1" })
	}

	if len(known.records) > 0 {
		forms = append(forms, func() string { return pick(a, "record", known.records) + ".n" })
	}

	if len(known.data) > 0 {
		forms = append(forms, func() string { return "steps." + pick(a, "data", known.data) + ".rows" })
	}

	if len(known.loops) > 0 {
		forms = append(forms,
			func() string { return "steps." + pick(a, "loop", known.loops) + ".iterations" },
			func() string { return "steps." + pick(a, "loop", known.loops) + ".failed" },
			func() string { return "len(steps." + pick(a, "loop", known.loops) + ".errors)" })
	}

	return rapid.SampledFrom(forms).Draw(a.T, "form")()
}

// condition writes a condition.
func (a *author) condition(known *knownNames) any {
	forms := []func() any{
		func() any { return false },
		func() any { return true },
		func() any { return fmt.Sprintf("${(%s ?? 0) < %d}", a.integer(known), a.number("bound", 0, 3)) },
	}

	if steps := append(append([]string{}, known.others...), known.data...); len(steps) > 0 {
		forms = append(forms, func() any {
			return fmt.Sprintf("${steps.%s.status == '%s'}", pick(a, "step", steps), pick(a, "status",
				[]string{"completed", "failed", "skipped"}))
		}, func() any { return fmt.Sprintf("${steps.%s.error != nil}", pick(a, "step", steps)) })
	}

	if known.catching {
		forms = append(forms, func() any { return fmt.Sprintf("${error.code == '%s'}", a.code()) })
	}

	return rapid.SampledFrom(forms).Draw(a.T, "condition")()
}

// code is the code of a failure.
func (a *author) code() string {
	return pick(a, "code", []string{"failed", "table_not_found", "unavailable", "mine", "step_timed_out", "branches_failed", "signal_timed_out"})
}

// step writes a step, or a few that belong together.
func (a *author) step(known *knownNames) []any {
	kinds := []func(*knownNames) []any{a.data, a.data, a.setVariable, a.wait, a.waitForSignal, a.fail, a.giveBack}

	a.steps--

	if known.depth < 4 && a.steps > 0 {
		kinds = append(kinds, a.ifElse, a.switchCase, a.while, a.forEach, a.tryCatch)

		if a.freedom.concurrent {
			kinds = append(kinds, a.parallel, a.forEachAtOnce)
		}

		if len(known.callable) > 0 {
			kinds = append(kinds, a.runScenario)
		}
	}

	return rapid.SampledFrom(kinds).Draw(a.T, "kind")(known)
}

// finish adds what every step may have.
func (a *author) finish(known *knownNames, step object, names *[]string) []any {
	if step["condition"] == nil && a.chance("conditional", 5) {
		step["condition"] = a.condition(known)
	}

	if a.chance("continue", 5) {
		step["onError"] = "continue"
	}

	if names != nil {
		name := a.name("s")
		step["name"] = name
		*names = append(*names, name)
	}

	return []any{step}
}

// control adds what every step may have that holds others.
func (a *author) control(known *knownNames, step object, names *[]string) []any {
	if !a.freedom.calm && a.chance("timeout", 6) {
		// Half a second more, so that it never ends when something else does.
		step["timeout"] = fmt.Sprintf("%dh0.5s", a.number("hours", 1, 500))
		if known.finally {
			step["timeout"] = fmt.Sprintf("%d.5s", a.number("seconds", 1, 40))
		}
	}

	return a.finish(known, step, names)
}

// data writes a step that touches data. Its query instructs the source, see [answerOf].
func (a *author) data(known *knownNames) []any {
	queries := []func() string{
		func() string { return fmt.Sprintf("ok ${%s}", a.integer(known)) },
		func() string { return fmt.Sprintf("ok %d", a.number("rows", 0, 3)) },
		func() string { return "fail table_not_found" },
	}
	if !a.freedom.alone { // Retryable errors take no time, so that steps that begin together, as after continue-as-new, end together.
		queries = append(queries, func() string { return fmt.Sprintf("flaky %d", a.number("flaws", 1, 3)) })
	}

	query := rapid.SampledFrom(queries).Draw(a.T, "query")()

	params := object{"source": "stage", "query": query}
	params[pick(a, "to", []string{"returnResult", "returnValue"})] = true
	step := object{"opName": "Transform", "opParams": params}

	if a.chance("retry", 3) {
		step["retry"] = object{"maximumAttempts": a.number("attempts", 1, 3)}
	}

	return a.finish(known, step, &known.data)
}

func (a *author) setVariable(known *knownNames) []any {
	value := any("${" + a.integer(known) + "}")

	// A new variable is null where its step is skipped or fails; validation knows.
	name := a.name("v")
	if len(known.variables) > 0 && a.chance("again", 2) {
		name = pick(a, "variable", known.variables)
	}

	step := object{"opName": "SetVariable", "opParams": object{"name": name, "value": value}}
	steps := a.finish(known, step, nil)

	known.variables = append(known.variables, name)
	known.integers = append(known.integers, name)

	return steps
}

func (a *author) wait(known *knownNames) []any {
	params := object{"duration": fmt.Sprintf("%ds", a.number("seconds", 1, 20))}
	if a.chance("past", 5) {
		params = object{"until": "2001-02-03T04:05:06Z"}
	}

	return a.control(known, object{"opName": "Wait", "opParams": params}, &known.others)
}

// waitForSignal writes a step that waits for a signal that never comes.
func (a *author) waitForSignal(known *knownNames) []any {
	params := object{"name": "go", "timeout": fmt.Sprintf("%ds", a.number("seconds", 1, 20))}

	return a.control(known, object{"opName": "WaitForSignal", "opParams": params}, &known.others)
}

// sometimes makes what ends a scenario conditional, so that what comes after is reached.
func (a *author) sometimes(known *knownNames, step object) []any {
	step["condition"] = fmt.Sprintf("${(%s ?? 0) < %d}", a.integer(known), a.number("bound", 0, 4))

	return a.finish(known, step, &known.others)
}

func (a *author) fail(known *knownNames) []any {
	return a.sometimes(known, object{"opName": "Fail", "opParams": object{
		"message": "failed with ${" + a.integer(known) + "}", "code": pick(a, "code", []string{"mine", "failed"}),
	}})
}

func (a *author) giveBack(known *knownNames) []any {
	if known.apart {
		return a.wait(known)
	}

	params := object{}
	if a.chance("value", 2) {
		params["value"] = "${" + a.integer(known) + "}"
	}

	return a.sometimes(known, object{"opName": "Return", "opParams": params})
}

func (a *author) ifElse(known *knownNames) []any {
	condition := a.condition(known)
	if literal, isLiteral := condition.(bool); isLiteral { // Written out, it would leave steps that are never reached.
		condition = fmt.Sprintf("${%t}", literal)
	}

	params := object{"condition": condition, "then": a.list(known.inner(), 3)}
	if a.chance("else", 2) {
		params["else"] = a.list(known.inner(), 2)
	}

	return a.control(known, object{"opName": "If", "opParams": params}, &known.others)
}

func (a *author) switchCase(known *knownNames) []any {
	cases := []any{}
	for range a.number("cases", 1, 2) {
		cases = append(cases, object{
			"when":  []any{a.number("when", 0, 3), "${" + a.integer(known) + "}"},
			"steps": a.list(known.inner(), 2),
		})
	}

	params := object{"value": "${" + a.integer(known) + "}", "cases": cases}
	if a.chance("default", 2) {
		params["default"] = a.list(known.inner(), 2)
	}

	return a.control(known, object{"opName": "Switch", "opParams": params}, &known.others)
}

// while writes a loop whose variable nothing else sets, so that it ends.
func (a *author) while(known *knownNames) []any {
	counter := a.name("c")
	begin := object{"opName": "SetVariable", "opParams": object{"name": counter, "value": 0}}
	known.integers = append(known.integers, counter)

	steps := append([]any{
		object{"opName": "SetVariable", "opParams": object{"name": counter, "value": "${" + counter + " + 1}"}},
	}, a.list(known.inner(), 3)...)

	params := object{"condition": fmt.Sprintf("${%s < %d}", counter, a.number("rounds", 0, 3)), "steps": steps}
	if a.chance("bounded", 4) {
		params["maxIterations"] = a.number("most", 1, 3)
	}

	return append([]any{begin}, a.control(known, object{"opName": "While", "opParams": params}, &known.others)...)
}

func (a *author) forEach(known *knownNames) []any {
	return a.loop(known, known.inner(), object{}, nil)
}

// forEachAtOnce writes a loop whose rounds overlap. Each begins with a step that takes some time of its own, so that no two
// things happen at the same moment.
func (a *author) forEachAtOnce(known *knownNames) []any {
	params := object{"maxConcurrency": a.number("maxConcurrency", 2, 3)}
	if a.freedom.calm {
		params["continueOnError"] = true
	}

	return a.loop(known, known.beyond(), params, stagger())
}

func stagger() []any {
	return []any{object{"opName": "Transform", "opParams": object{"source": "stage", "query": "ok 1", "returnValue": true}}}
}

func (a *author) loop(known, within *knownNames, params object, first []any) []any {
	as := a.name("i")
	params["as"] = as

	if a.chance("records", 2) {
		params["source"], params["query"] = "stage", fmt.Sprintf("records %d", a.number("records", 0, 5))
		within.records = append(within.records, as)
	} else {
		entries := []any{}
		for range a.number("entries", 0, 4) {
			entries = append(entries, a.number("entry", 0, 3))
		}

		params["in"] = entries
		within.integers = append(within.integers, as)
	}

	if a.chance("index", 2) {
		index := a.name("x")
		params["index"] = index
		within.integers = append(within.integers, index)
	}

	if a.chance("continueOnError", 2) {
		params["continueOnError"] = true
	}

	params["steps"] = append(first, a.list(within, 3)...)

	return a.control(known, object{"opName": "ForEach", "opParams": params}, &known.loops)
}

func (a *author) parallel(known *knownNames) []any {
	branches := object{}
	for i := range a.number("branches", 1, 3) {
		branches[fmt.Sprintf("b%d", i+1)] = append(stagger(), a.list(known.beyond(), 2)...)
	}

	params := object{"branches": branches}
	if a.freedom.calm || a.chance("collectErrors", 2) {
		params["collectErrors"] = true
	}

	if a.chance("maxConcurrency", 3) {
		params["maxConcurrency"] = a.number("maxConcurrency", 1, 2)
	}

	return a.control(known, object{"opName": "Parallel", "opParams": params}, &known.others)
}

func (a *author) tryCatch(known *knownNames) []any {
	params := object{"try": a.list(known.inner(), 3), "finally": []any{}}

	if a.chance("catch", 2) {
		within := known.inner()
		within.catching = true
		params["catch"] = a.list(within, 2)
	}

	if a.chance("finally", 2) {
		within := known.inner()
		within.finally = true
		params["finally"] = a.list(within, 2)
	}

	if a.chance("ignore", 3) {
		within := known.inner()
		within.catching = true
		params["ignore"] = []any{rapid.SampledFrom([]func() object{
			func() object {
				return object{"messageContains": pick(a, "part", []string{"with 1", "fault", "timeout"})}
			},
			func() object { return object{"stackContains": pick(a, "part", []string{".try.", "Fail", "then"})} },
			func() object { return object{"condition": a.condition(within)} },
		}).Draw(a.T, "rule")()}
	}

	return a.control(known, object{"opName": "TryCatch", "opParams": params}, &known.others)
}

func (a *author) runScenario(known *knownNames) []any {
	params := object{
		"scenario": pick(a, "scenario", known.callable), "parameters": object{"n": "${" + a.integer(known) + "}"},
	}

	if a.freedom.alone || a.chance("inline", 2) {
		params["inline"] = true
	}

	if a.chance("addResults", 4) {
		params["addResults"] = false
	}

	return a.control(known, object{"opName": "RunScenario", "opParams": params}, &known.others)
}
