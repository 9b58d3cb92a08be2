package workflows_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/validation"
)

// The properties hold for every program. For a longer search: go test ./workflows -run TestProperty -rapid.checks=20000.

func TestPropertySequentialProgramMatchesReference(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		program, text := randomProgram(t, freedom{})
		requireVerdict(t, read(program, 0), try(t, program, conditions{}), text)
	})
}

func TestPropertyConcurrentProgramMatchesReference(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		program, text := randomProgram(t, freedom{concurrent: true})
		want, got := read(program, 0), try(t, program, conditions{})

		byBranch(want.Trace)
		byBranch(got.Trace)
		requireVerdict(t, want, got, text)
	})
}

func TestPropertySequentialProgramContinuesAsNew(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		program, text := randomProgram(t, freedom{})
		got := try(t, program, conditions{maxHistory: randomHistory(t)})
		requireVerdict(t, read(program, 0), got, fmt.Sprintln(text, got.checkpoints))
	})
}

// Before a job continues as new, running steps finish, which changes the order of concurrent events. The outcome is the same
// if no step stops another.
func TestPropertyConcurrentProgramContinuesAsNew(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		program, text := randomProgram(t, freedom{concurrent: true, calm: true})
		want, got := read(program, 0), try(t, program, conditions{maxHistory: randomHistory(t)})

		for _, one := range []*verdict{&want, &got.verdict} {
			for i := range one.Trace {
				one.Trace[i].At = 0
			}

			byBranch(one.Trace)
			slices.Sort(one.Results)

			for i := range one.Steps {
				one.Steps[i].State, one.Steps[i].LastError = "", "" // They depend on which round ends last.
			}
		}

		requireVerdict(t, want, got, fmt.Sprintln(text, got.checkpoints))
	})
}

func randomHistory(t *rapid.T) int {
	return rapid.OneOf(rapid.SampledFrom([]int{7, 20}), rapid.IntRange(1, 40)).Draw(t, "maxHistory")
}

// randomStop returns a time at which nothing else happens, before the job ends by itself.
func randomStop(t *rapid.T, program scenario.Program) time.Duration {
	const never = 3750 * time.Millisecond // Long enough for the test environment, which looks at the real clock too.

	trace := read(program, 0).Trace
	if len(trace) == 0 {
		t.Skip()
	}

	last := trace[len(trace)-1].At

	at := rapid.SampledFrom(trace).Draw(t, "stopAt").At
	if rapid.Bool().Draw(t, "before") {
		at -= min(at, rapid.SampledFrom([]time.Duration{time.Second, 5 * time.Second, time.Hour}).Draw(t, "by"))
	}

	if last == 0 || at >= last {
		at = max(0, last-time.Second)
	}

	return at + never
}

func TestPropertySequentialProgramStopsLikeReference(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		program, text := randomProgram(t, freedom{})
		under := conditions{stopAt: randomStop(t, program)}

		if rapid.Bool().Draw(t, "continuing") {
			under.maxHistory = randomHistory(t)
		}

		got := try(t, program, under)
		requireVerdict(t, read(program, under.stopAt), got, fmt.Sprintln(text, got.checkpoints))
		requireFinally(t, program, got, under.stopAt, text)
	})
}

func TestPropertyConcurrentProgramStopsLikeReference(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		program, text := randomProgram(t, freedom{concurrent: true})
		under := conditions{stopAt: randomStop(t, program)}
		want, got := read(program, under.stopAt), try(t, program, under)

		byBranch(want.Trace)
		byBranch(got.Trace)
		requireVerdict(t, want, got, text)
		requireFinally(t, program, got, under.stopAt, text)
	})
}

func TestPropertyConcurrentProgramStopsDuringContinueAsNew(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		program, text := randomProgram(t, freedom{concurrent: true})
		under := conditions{stopAt: randomStop(t, program), maxHistory: randomHistory(t)}
		got := try(t, program, under)
		require.NotEmpty(t, got.State, "%v\n%s", got.err, text)
		require.Empty(t, got.stored, text)
		requireFinally(t, program, got, under.stopAt, text)
	})
}

// Go goes through a map in another order each time.
func TestPropertyCommandsAreDeterministic(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		program, text := randomProgram(t, freedom{concurrent: true, alone: true})
		under := conditions{slowReads: true}

		if rapid.Bool().Draw(t, "continuing") {
			under.maxHistory = randomHistory(t)
		}

		first := try(t, program, under)

		for range 2 {
			again := try(t, program, under)
			require.Equal(t, first.commands, again.commands, text)
			require.Equal(t, first.checkpoints, again.checkpoints, text)
		}
	})
}

// requireVerdict holds that a job came to what the reference says.
func requireVerdict(t require.TestingT, want verdict, got *trial, text string) {
	if want.State != got.State {
		require.Equal(t, want.State, got.State, "%v\n%s", got.err, text)
	}

	require.Equal(t, lines(want.Trace), lines(got.Trace), text)
	require.Equal(t, want.Failure, got.Failure, text)
	require.Equal(t, want.Value, got.Value, text)
	require.Equal(t, want.Results, got.Results, text)
	require.Equal(t, want.Steps, got.Steps, text)
	require.Empty(t, got.stored, "these records were not dropped\n%s", text)
}

func lines(trace []event) string {
	var lines strings.Builder

	for _, one := range trace {
		fmt.Fprintf(&lines, "%v %s %s %s\n", one.At, one.Job, one.Path, one.State)
	}

	return lines.String()
}

// byBranch orders what happened at the same moment, where it happened in lists of steps that may run at the same time: when
// one stops the others.
func byBranch(trace []event) {
	branch := func(e event) string {
		whole := "    " + e.Job + "/" + e.Path

		return whole[:max(0, strings.LastIndex(whole, "]."), strings.LastIndex(whole, ".b")+len(".b1"))]
	}

	slices.SortStableFunc(trace, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(branch(a), branch(b)))
	})
}

// requireFinally holds that after a stop nothing began but the steps at the end of a TryCatch, and those of each TryCatch
// that had begun.
func requireFinally(t require.TestingT, program scenario.Program, got *trial, stopAt time.Duration, text string) {
	ended, seen := map[string]bool{}, map[string]bool{}

	for _, one := range got.Trace {
		ended[one.Job+"/"+one.Path] = true
		seen[one.Job+"/"+one.Path] = true
	}

	for _, one := range got.begun {
		whole := one.Job + "/" + one.Path
		seen[whole] = true

		require.True(t, ended[whole], "%s has begun and not ended\n%s", whole, text)
		require.True(t, one.At < stopAt || strings.Contains(whole, ".finally."), "%s began at %v, after the stop\n%s", whole, one.At, text)
	}

	for _, one := range got.begun {
		if step := stepAt(program, one); len(step.Block("finally").Steps) > 0 {
			require.True(t, seen[one.Job+"/"+one.Path+".finally.1"], "finally of %s %s did not run\n%s", one.Job, one.Path, text)
		}
	}

	if last := got.Trace[len(got.Trace)-1].At; got.State == job.Completed {
		require.True(t, last < stopAt || strings.Contains(lines(got.Trace), ".finally."), "the job was not stopped\n%s", text)
	}
}

// stepAt finds the step that an event is of.
func stepAt(program scenario.Program, of event) scenario.Step {
	name, path := program.Entry, of.Path

	if at := strings.LastIndex(of.Job, "/"); at >= 0 {
		parent := stepAt(program, event{Job: of.Job[:at], Path: of.Job[at+1:]})
		name, _ = parent.OpParams["scenario"].(string)
	}

	var step scenario.Step

	steps := program.Scenarios[name].Steps
	parts := strings.Split(path, ".")

	for i := 0; i < len(parts); i += 2 {
		var number int

		_, _ = fmt.Sscan(parts[i], &number)
		step = steps[number-1]

		if i+1 < len(parts) {
			block, _, _ := strings.Cut(parts[i+1], "[")
			steps = step.Block(block).Steps

			if called, inline := inlined(step); inline {
				steps = program.Scenarios[called].Steps
			}
		}
	}

	return step
}

// What the properties have found once, and would seldom find again.
func TestRegressionsMatchReference(t *testing.T) {
	t.Parallel()

	for name, text := range map[string]string{
		"a variable whose step was skipped is set where it begins": `
steps:
  - {opName: SetVariable, condition: false, opParams: {name: v, value: 1}}
  - opName: If
    opParams: {condition: true, then: [{opName: SetVariable, opParams: {name: v, value: 2}}]}
  - {opName: Return, opParams: {value: "${v}"}}
`,
		"a timeout ends before the job continues as new": `
steps:
  - opName: TryCatch
    timeout: 5.5s
    onError: continue
    name: tried
    opParams:
      try: [{opName: Wait, opParams: {duration: 60s}}]
      finally:
        - {opName: Transform, opParams: {source: stage, query: ok 1, returnValue: true}}
        - {opName: SetVariable, opParams: {name: v, value: 1}}
  - {opName: Return, opParams: {value: "${steps.tried.error.code}"}}
`,
		"a scenario returns no value, after continue-as-new": `
steps:
  - opName: TryCatch
    opParams:
      try: [{opName: Return, condition: "${true}"}]
      finally: [{opName: Wait, opParams: {duration: 1s}}, {opName: Wait, opParams: {duration: 1s}}]
  - {opName: Fail, opParams: {message: it went on}}
`,
		"what a loop did is known when its time is over": `
steps:
  - opName: ForEach
    timeout: 5.5s
    onError: continue
    name: loop
    opParams: {in: [1, 2, 3], steps: [{opName: Wait, opParams: {duration: 2s}}]}
  - {opName: Return, opParams: {value: "${steps.loop.iterations}"}}
`,
		"a wait ends in time despite continue-as-new": `
steps:
  - opName: Parallel
    opParams:
      branches:
        a: [{opName: Wait, opParams: {duration: 100s}}]
        b:
          - {opName: Wait, opParams: {duration: 10s}}
          - {opName: Wait, opParams: {duration: 20s}}
          - {opName: Wait, opParams: {duration: 30s}}
`,
		"a loop counts the rounds that fail": `
steps:
  - opName: ForEach
    name: loop
    opParams:
      in: [1, 2, 3]
      continueOnError: true
      steps: [{opName: Fail, condition: "${item > 1}", opParams: {message: enough, code: enough}}]
  - {opName: Return, opParams: {value: "${steps.loop.failed}"}}
`,
		"a waiting branch is stopped, and its finally continues as new": `
steps:
  - opName: Parallel
    onError: continue
    opParams:
      maxConcurrency: 2
      branches:
        a: [{opName: Wait, opParams: {duration: 2s}}, {opName: Fail, opParams: {message: enough, code: enough}}]
        b:
          - opName: TryCatch
            opParams:
              try: [{opName: Wait, opParams: {duration: 9s}}]
              finally: [{opName: Wait, opParams: {duration: 3s}}, {opName: Wait, opParams: {duration: 3s}}]
        c: [{opName: Wait, opParams: {duration: 1s}}]
  - {opName: Wait, opParams: {duration: 1s}}
`,
	} {
		for _, history := range []int{0, 1, 7, 20} {
			t.Run(fmt.Sprintf("%s, %d", name, history), func(t *testing.T) {
				t.Parallel()

				parsed, err := validation.Parse("scenarios/Main.yaml", []byte(text), validation.Environment{Sources: []string{"stage"}})
				require.NoError(t, err)

				whole := scenario.Program{Entry: "Main", Scenarios: map[string]scenario.Scenario{"Main": parsed.Scenario}}

				got := try(t, whole, conditions{maxHistory: history})
				requireVerdict(t, read(whole, 0), got, text)
				require.True(t, history != 1 || len(got.checkpoints) > 0, "the job did not continue as new")
			})
		}
	}
}
