package workflows_test

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// The reference defines the meaning of a program in the simplest way: it runs the steps one after the other, by plain
// recursion, on a simulated clock, without Temporal, checkpoints or continue-as-new. Package scenario evaluates expressions;
// the reference has scopes of its own.

// event is the end of a step.
type event struct {
	At    time.Duration // Since the job began.
	Job   string
	Path  string
	State job.StepState
}

// verdict is the result of a job.
type verdict struct {
	Trace   []event
	State   job.State
	Value   any
	Results []string
	Steps   []tally
	Failure *blame
}

// tally is the result of one step of the program, over all its runs.
type tally struct {
	Path      string
	State     job.StepState
	Rows      int64
	Runs      int64
	Failures  int64
	LastError string
}

// blame is the failure of a job.
type blame struct {
	Code, Message, Path string
	Attempts            int32
	Trace, Causes       []string
}

// answer is the behaviour of a data step in these tests, which its query defines.
type answer struct {
	code  string
	flaws int32 // How many attempts fail with a retryable error before.
	rows  int64
}

// answerOf reads a query: ok <rows>, fail <code>, flaky <times> or records <count>.
func answerOf(query string) answer {
	word, rest, _ := strings.Cut(query, " ")
	number, _ := strconv.Atoi(rest)

	switch word {
	case "fail":
		return answer{code: rest}
	case "flaky":
		return answer{flaws: int32(number), rows: 1}
	default:
		return answer{rows: int64(number)}
	}
}

// written returns a query with its values in place of its parameters.
func written(params jsonvalue.Object) string {
	query, _ := params["query"].(string)
	bind, _ := params["bind"].(map[string]any)

	for name, value := range bind {
		query = strings.ReplaceAll(query, ":"+name, fmt.Sprint(value))
	}

	return query
}

const flawMessage, faultMessage = "the network is down", "a fault of the query"

// rowsOf returns records of a source.
func rowsOf(from, count int64) []any {
	rows := []any{}
	for i := range count {
		rows = append(rows, map[string]any{"n": from + i})
	}

	return rows
}

// lasts is how long a step that touches data takes: each has a time of its own, so that no two things happen at the same
// moment. At the end of a TryCatch it is short enough for the time that a job has which is being stopped.
func lasts(jobID, path string) time.Duration {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(jobID + "/" + path))

	// The last bits of neighbours are alike.
	sum := hash.Sum64()
	sum ^= sum >> 29
	sum *= 0xbf58476d1ce4e5b9
	sum ^= sum >> 32

	if strings.Contains(jobID+path, ".finally.") {
		return time.Second + time.Duration(sum%29_000)*time.Millisecond
	}

	return time.Duration(1+sum%1_000_000) * time.Second
}

// world has the clock, and runs one thread at a time.
type world struct {
	now    time.Duration
	alarms alarms
	ready  []*thread
	idle   chan struct{}
	count  int
}

type thread struct{ wake chan struct{} }

type alarm struct {
	at     time.Duration
	number int
	ring   func()
}

type alarms []alarm

func (a *alarms) Len() int { return len(*a) }
func (a *alarms) Less(i, k int) bool {
	one, other := (*a)[i], (*a)[k]

	return cmp.Or(cmp.Compare(one.at, other.at), cmp.Compare(one.number, other.number)) < 0
}
func (a *alarms) Swap(i, k int) { (*a)[i], (*a)[k] = (*a)[k], (*a)[i] }
func (a *alarms) Push(x any)    { *a = append(*a, x.(alarm)) }

func (a *alarms) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]

	return last
}

func (w *world) at(moment time.Duration, ring func()) {
	w.count++
	heap.Push(&w.alarms, alarm{at: moment, number: w.count, ring: ring})
}

// begin runs a function in a thread of its own, as soon as the others wait.
func (w *world) begin(do func(*thread)) {
	t := &thread{wake: make(chan struct{})}
	w.ready = append(w.ready, t)

	go func() {
		<-t.wake
		do(t)

		w.idle <- struct{}{}
	}()
}

func (w *world) park(t *thread) {
	w.idle <- struct{}{}
	<-t.wake
}

// run runs a function to its end.
func (w *world) run(do func(*thread)) {
	ended := false

	w.begin(func(t *thread) {
		do(t)

		ended = true
	})

	for !ended {
		if len(w.ready) > 0 {
			next := w.ready[0]
			w.ready = w.ready[1:]
			next.wake <- struct{}{}
			<-w.idle

			continue
		}

		next := heap.Pop(&w.alarms).(alarm)
		w.now = next.at
		next.ring()
	}
}

// leash stops steps, like a context.
type leash struct {
	pulled bool
	then   []func()
}

func (l *leash) pull() {
	if l.pulled {
		return
	}

	l.pulled = true
	for _, do := range l.then {
		do()
	}
}

// whenPulled calls a function as soon as the leash is pulled.
func (l *leash) whenPulled(do func()) {
	if l.pulled {
		do()
	}

	l.then = append(l.then, do)
}

// shorter returns a leash that is pulled with this one, or by itself.
func (l *leash) shorter() *leash {
	short := &leash{}
	l.whenPulled(short.pull)

	return short
}

// sleep waits. It reports whether it was stopped.
func (w *world) sleep(t *thread, l *leash, duration time.Duration) bool {
	if l.pulled {
		return true
	}

	if duration <= 0 {
		return false
	}

	woken := false
	wake := func() {
		if !woken {
			woken = true
			w.ready = append(w.ready, t)
		}
	}

	w.at(w.now+duration, wake)
	l.whenPulled(wake)
	w.park(t)

	return l.pulled
}

// A list of steps ends with nil, a *fault, a *gift or errHalt.
type (
	fault struct {
		code, message string
		attempts      int32
		trace, causes []string
		place         *job.StepPlace
	}

	gift struct{ value any }
)

var errHalt = errors.New("it was stopped")

func (f *fault) Error() string { return f.message }
func (*gift) Error() string    { return "the scenario returns" }

func faultf(code, format string, arguments ...any) *fault {
	return &fault{code: code, message: fmt.Sprintf(format, arguments...)}
}

func asFault(err error) *fault {
	var found *fault

	errors.As(err, &found)

	return found
}

// reader is a job that the reference runs.
type reader struct {
	*world

	id      string
	program scenario.Program
	trace   *[]event
	results []string
	tallies map[string]*tally
	active  map[string]int
}

// page is a list of steps with its names and outcomes.
type page struct {
	reader       *reader
	outer        *page
	scenario     string
	file         string
	names, steps jsonvalue.Object
	discard      bool   // Whether results are left out from here on.
	path, number string // What comes before the steps' numbers, without and with the rounds of loops.
}

func (p *page) discards() bool { return p != nil && (p.discard || p.outer.discards()) }

func (p *page) inner(path, number string) *page {
	return &page{
		reader: p.reader, outer: p, scenario: p.scenario, file: p.file, names: jsonvalue.Object{}, steps: jsonvalue.Object{},
		path: path, number: number,
	}
}

// scope returns the scope of the page, with those around it.
func (p *page) scope() *scenario.Scope {
	names, steps := jsonvalue.Object{}, jsonvalue.Object{}

	for at := p; at != nil; at = at.outer {
		for name, value := range at.names {
			if _, hidden := names[name]; !hidden {
				names[name] = value
			}
		}

		for name, outcome := range at.steps {
			if _, hidden := steps[name]; !hidden {
				steps[name] = outcome
			}
		}
	}

	return scenario.NewScope(scenario.JobScope{ID: p.reader.id, AppID: "7", Scenario: p.scenario}, nil, nil).Inner(names, steps)
}

func (p *page) condition(value any) (bool, error) {
	holds, err := p.scope().Condition(value, expression.Moment{})

	return holds, invalid(err)
}

func (p *page) evaluate(value any) (any, error) {
	found, err := p.scope().Evaluate(value, expression.Moment{})

	return found, invalid(err)
}

func invalid(err error) error {
	if err == nil {
		return nil
	}

	return faultf(job.CodeParameterInvalid, "%v", err)
}

// set sets a variable.
func (p *page) set(name string, value any) {
	for at := p; at != nil; at = at.outer {
		if _, known := at.names[name]; known {
			at.names[name] = value

			return
		}
	}

	p.names[name] = value
}

// declare adds a variable that was not set.
func (p *page) declare(name string) {
	for at := p; at != nil; at = at.outer {
		if _, known := at.names[name]; known {
			return
		}
	}

	p.names[name] = nil
}

// read returns the result of a job, which is cancelled after stopAt, unless that is 0.
func read(program scenario.Program, stopAt time.Duration) verdict {
	w := &world{idle: make(chan struct{})}
	trace := []event{}
	r := newReader(w, trialID, program, &trace)
	l := &leash{}

	if stopAt > 0 {
		w.at(stopAt, l.pull)
	}

	var err error

	w.run(func(t *thread) { err = r.job(t, l, nil) })

	found := verdict{Trace: trace, Results: r.results, State: job.Completed}
	r.tally("", program.Scenarios[program.Entry].Steps, &found.Steps)

	var given *gift

	switch failed := asFault(err); {
	case failed != nil:
		found.State = job.CompletedWithError
		found.Failure = &blame{
			Code: failed.code, Message: failed.whole(), Path: failed.place.Path, Attempts: failed.attempts, Trace: failed.trace,
			Causes: failed.causes,
		}
	case errors.As(err, &given):
		found.Value = given.value
	case err != nil:
		found.State = job.Stopped
	}

	return found
}

func newReader(w *world, id string, program scenario.Program, trace *[]event) *reader {
	return &reader{
		world: w, id: id, program: program, trace: trace, tallies: map[string]*tally{}, active: map[string]int{},
	}
}

// whole returns the message with its place.
func (f *fault) whole() string { return f.place.String() + ": " + f.message }

func (r *reader) tally(path string, steps []scenario.Step, all *[]tally) {
	for i, step := range steps {
		at := path + strconv.Itoa(i+1)
		line := tally{Path: at, State: job.StepPending}

		if known := r.tallies[at]; known != nil {
			line = *known
		}

		if line.Runs <= 1 {
			line.Runs, line.Failures = 0, 0
		}

		*all = append(*all, line)

		for _, block := range step.Blocks {
			r.tally(at+"."+block.Name+".", block.Steps, all)
		}

		if called, inline := inlined(step); inline {
			r.tally(at+"."+called+".", r.program.Scenarios[called].Steps, all)
		}
	}
}

func inlined(step scenario.Step) (string, bool) {
	called, _ := step.OpParams["scenario"].(string)

	return called, step.OpName == "RunScenario" && step.OpParams["inline"] == true
}

// job runs the program's entry.
func (r *reader) job(t *thread, l *leash, given jsonvalue.Object) error {
	entry := r.program.Scenarios[r.program.Entry]

	bound, err := entry.Bind(given)
	if err != nil {
		return faultf(job.CodeParameterInvalid, "%v", err)
	}

	first := (&page{reader: r, scenario: r.program.Entry, file: entry.File}).inner("", "")
	first.outer = nil

	outermost := first.inner("", "")
	outermost.outer, outermost.names = nil, bound
	first.outer = outermost

	return first.list(t, l, entry.Steps)
}

func (p *page) list(t *thread, l *leash, steps []scenario.Step) error {
	for i, step := range steps {
		if l.pulled {
			return errHalt
		}

		number := strconv.Itoa(i + 1)
		s := &sentence{Step: step, page: p, path: p.path + number, number: p.number + number, began: p.reader.now}

		if err := s.read(t, l); err != nil {
			return err
		}
	}

	return nil
}

// sentence is a step that runs.
type sentence struct {
	scenario.Step

	page   *page
	path   string
	number string // The path with the rounds of loops.
	began  time.Duration
}

func (s *sentence) reader() *reader { return s.page.reader }

func (s *sentence) tally() *tally {
	r := s.reader()
	if r.tallies[s.path] == nil {
		r.tallies[s.path] = &tally{Path: s.path}
	}

	return r.tallies[s.path]
}

func (s *sentence) note(state job.StepState) {
	r := s.reader()
	*r.trace = append(*r.trace, event{At: r.now, Job: r.id, Path: s.number, State: state})
}

// read runs the step, and returns the error that ends the steps around it too.
func (s *sentence) read(t *thread, l *leash) error {
	outcome := scenario.EmptyOutcome(s.OpName)
	holds, err := true, error(nil)

	if s.Condition != nil {
		holds, err = s.page.condition(s.Condition)
	}

	if err == nil && !holds {
		if s.reader().tallies[s.path] == nil {
			s.tally().State = job.StepSkipped
		}

		s.note(job.StepSkipped)

		outcome["status"] = string(job.StepSkipped)
		s.know(outcome, false)

		return nil
	}

	s.tally().State = job.StepRunning
	s.tally().Runs++
	s.reader().active[s.path]++

	if err == nil {
		err = s.timed(t, l, outcome)
	}

	return s.end(outcome, err)
}

func (s *sentence) end(outcome jsonvalue.Object, err error) error {
	state := job.StepCompleted
	line := s.tally()
	failed := asFault(err)

	switch {
	case failed != nil:
		state = job.StepFailed
		place := s.place()

		if failed.place == nil {
			failed.place = &place
		}

		failed.trace = append(failed.trace, place.String())
		line.Failures++
		line.LastError = failed.message
	case errors.Is(err, errHalt):
		state = job.StepStopped
	}

	if rows, ok := outcome["rows"].(int64); ok {
		line.Rows += rows
	}

	s.reader().active[s.path]--

	if s.reader().active[s.path] == 0 {
		line.State = state
	}

	s.note(state)

	if err != nil && (failed == nil || s.OnError != "continue") {
		return err
	}

	outcome["status"] = string(state)
	if failed != nil {
		outcome["error"] = failed.object()
	}

	s.know(outcome, failed == nil)

	return nil
}

func (s *sentence) know(outcome jsonvalue.Object, done bool) {
	if s.Name != "" {
		s.page.steps[s.Name] = map[string]any(outcome)
	}

	if name, _ := s.OpParams["name"].(string); s.OpName == "SetVariable" && !done {
		s.page.declare(name)
	}
}

func (s *sentence) place() job.StepPlace {
	return job.StepPlace{
		AppID: "7", Scenario: s.page.scenario, File: s.page.file, Line: s.Line, Path: s.number, Title: s.DisplayTitle(),
		Name: s.Name, OpName: s.OpName,
	}
}

func (f *fault) object() map[string]any {
	return map[string]any{
		"code": f.code, "message": f.message, "attempts": int64(f.attempts), "cause": append(slices.Clone(f.causes), "")[0],
		"step": map[string]any{
			"path": f.place.Path, "title": f.place.Title, "name": f.place.Name, "opName": f.place.OpName,
			"scenario": f.place.Scenario, "file": f.place.File, "line": int64(f.place.Line),
		},
	}
}

func (f *fault) because(cause *fault) {
	all := slices.Concat(f.causes, []string{cause.whole()}, cause.causes)
	f.causes = all[:min(len(all), 10)]
}

func (f *fault) stack() string {
	return f.code + ": " + f.message + "\n\tat " + strings.Join(f.trace, "\n\tat ")
}

// timed runs the operation within the step's timeout.
func (s *sentence) timed(t *thread, l *leash, outcome jsonvalue.Object) error {
	if s.Timeout == 0 {
		return s.operate(t, l, outcome)
	}

	short, late, ended := l.shorter(), false, false
	limit := time.Duration(s.Timeout)

	s.reader().at(s.began+limit, func() {
		if !ended && !short.pulled {
			late = true

			short.pull()
		}
	})

	err := s.operate(t, short, outcome)
	ended = true

	if errors.Is(err, errHalt) && late && !l.pulled {
		return faultf(job.CodeStepTimedOut, "it did not end within its timeout of %s", limit)
	}

	return err
}

// block runs a block of the step.
func (s *sentence) block(t *thread, l *leash, name string, names jsonvalue.Object) error {
	return s.round(t, l, name, name, names)
}

func (s *sentence) round(t *thread, l *leash, name, number string, names jsonvalue.Object) error {
	within := s.page.inner(s.path+"."+name+".", s.number+"."+number+".")
	maps.Copy(within.names, names)

	return within.list(t, l, s.Block(name).Steps)
}

func (s *sentence) operate(t *thread, l *leash, outcome jsonvalue.Object) error {
	if s.OpName == "If" || s.OpName == "Switch" {
		return s.choose(t, l)
	}

	params, err := s.page.scope().Resolve(s.OpName, s.OpParams, expression.Moment{})
	if err != nil && s.OpName != "TryCatch" {
		return invalid(err)
	}

	switch s.OpName {
	case "Transform":
		return s.ask(t, l, params, outcome)
	case "SetVariable":
		s.page.set(params["name"].(string), params["value"])

		outcome["value"] = params["value"]

		return nil
	case "Wait":
		duration, _ := params["duration"].(string)
		limit, _ := time.ParseDuration(duration)

		if s.reader().sleep(t, l, limit) {
			return errHalt
		}

		return nil
	case "WaitForSignal": // No test sends one.
		limit, _ := time.ParseDuration(params["timeout"].(string))

		if s.reader().sleep(t, l, limit) {
			return errHalt
		}

		return faultf(job.CodeSignalTimedOut, "the signal %s did not come within %s", params["name"], limit)
	case "Return":
		return &gift{value: params["value"]}
	case "Fail":
		return faultf(params["code"].(string), "%s", params["message"])
	case "While":
		return s.while(t, l, params, outcome)
	case "ForEach":
		return s.forEach(t, l, params, outcome)
	case "Parallel":
		return s.parallel(t, l, params, outcome)
	case "TryCatch":
		return s.tryCatch(t, l)
	case "RunScenario":
		return s.call(t, l, params, outcome)
	}

	return fmt.Errorf("the reference lacks the operation %s", s.OpName)
}

// ask runs a data step.
func (s *sentence) ask(t *thread, l *leash, params, outcome jsonvalue.Object) error {
	r := s.reader()
	given := answerOf(written(params))
	most := int32(20)

	if s.Retry != nil && s.Retry.MaximumAttempts > 0 {
		most = int32(s.Retry.MaximumAttempts)
	}

	pause := time.Second

	for attempt := int32(1); attempt <= given.flaws; attempt++ {
		if attempt == most {
			failed := faultf("unavailable", flawMessage)
			failed.attempts = attempt

			return failed
		}

		if r.sleep(t, l, pause) {
			return errHalt
		}

		pause *= 2
	}

	if r.sleep(t, l, lasts(r.id, s.number)) {
		return errHalt
	}

	if given.code != "" {
		failed := faultf(given.code, faultMessage)
		failed.attempts = 1

		return failed
	}

	outcome["rows"] = given.rows

	if params["returnResult"] == true {
		if !s.page.discards() {
			r.results = append(r.results, r.id+"/"+s.number)
		}
	} else {
		outcome["value"] = rowsOf(0, given.rows)
	}

	return nil
}

// choose runs the block of an If or of a Switch.
func (s *sentence) choose(t *thread, l *leash) error {
	if s.OpName == "If" {
		holds, err := s.page.condition(s.OpParams["condition"])
		if err != nil {
			return err
		}

		if holds {
			return s.block(t, l, "then", nil)
		}

		return s.block(t, l, "else", nil)
	}

	value, err := s.page.evaluate(s.OpParams["value"])
	if err != nil {
		return err
	}

	for i, entry := range s.OpParams["cases"].([]any) {
		when, err := s.page.evaluate(entry.(map[string]any)["when"])
		if err != nil {
			return err
		}

		list, isList := when.([]any)
		if isList && slices.ContainsFunc(list, func(one any) bool { return reflect.DeepEqual(one, value) }) {
			return s.block(t, l, fmt.Sprintf("case%d", i+1), nil)
		}
	}

	return s.block(t, l, "default", nil)
}

func (s *sentence) while(t *thread, l *leash, params, outcome jsonvalue.Object) error {
	most := int64(10_000)
	if given, ok := params["maxIterations"].(int64); ok {
		most = given
	}

	for round := int64(0); ; round++ {
		if l.pulled {
			return errHalt
		}

		holds, err := s.page.condition(s.OpParams["condition"])

		switch {
		case err != nil:
			return err
		case holds && round == most:
			err = faultf(job.CodeIterationsExceeded,
				"the condition still holds after %d rounds; raise maxIterations if there may be more", most)
		case holds:
			err = s.round(t, l, "steps", fmt.Sprintf("steps[%d]", round), nil)
		}

		if err != nil || !holds {
			outcome["iterations"] = round

			return err
		}
	}
}

func (s *sentence) forEach(t *thread, l *leash, params, outcome jsonvalue.Object) error {
	entries, _ := params["in"].([]any)
	if _, asked := params["query"]; asked {
		entries = rowsOf(0, answerOf(written(params)).rows)
	}

	concurrency := 1
	if given, ok := params["maxConcurrency"].(int64); ok {
		concurrency = int(given)
	}

	var ended, failures int64

	next, errs := 0, []any{}
	as, _ := params["as"].(string)
	index, _ := params["index"].(string)

	err := s.slots(t, l, concurrency, func(t *thread, l *leash) error {
		for {
			if next == len(entries) {
				return nil
			}

			if l.pulled {
				return errHalt
			}

			round := next
			next++

			names := jsonvalue.Object{cmp.Or(as, "item"): entries[round]}
			if index != "" {
				names[index] = int64(round)
			}

			err := s.round(t, l, "steps", fmt.Sprintf("steps[%d]", round), names)
			ended++

			failed := asFault(err)
			if failed != nil {
				failures++

				errs = append(errs, map[string]any{
					"code": failed.code, "message": failed.message, "step": failed.place.Path, "index": int64(round),
				})
			}

			if err != nil && (failed == nil || params["continueOnError"] != true) {
				return err
			}
		}
	})

	slices.SortStableFunc(errs, func(a, b any) int {
		return cmp.Compare(a.(map[string]any)["index"].(int64), b.(map[string]any)["index"].(int64))
	})

	outcome["iterations"], outcome["failed"], outcome["errors"] = ended, failures, errs

	return err
}

func (s *sentence) parallel(t *thread, l *leash, params, outcome jsonvalue.Object) error {
	concurrency := len(s.Blocks)
	if given, ok := params["maxConcurrency"].(int64); ok {
		concurrency = min(concurrency, int(given))
	}

	next := 0
	failures := make([]*fault, len(s.Blocks))

	err := s.slots(t, l, concurrency, func(t *thread, l *leash) error {
		for next < len(s.Blocks) {
			branch := next
			next++

			err := s.block(t, l, s.Blocks[branch].Name, nil)
			failures[branch] = asFault(err)

			if err != nil && (failures[branch] == nil || params["collectErrors"] != true) {
				return err
			}
		}

		return nil
	})

	errs, messages := []any{}, []string{}

	for i, failed := range failures {
		if failed != nil {
			name := s.Blocks[i].Name
			messages = append(messages, name+": "+failed.message)
			errs = append(errs, map[string]any{
				"code": failed.code, "message": failed.message, "step": failed.place.Path, "branch": name,
			})
		}
	}

	outcome["failed"], outcome["errors"] = int64(len(errs)), errs

	if err == nil && len(errs) > 0 {
		all := faultf(job.CodeBranchesFailed, "%d branches failed: %s", len(errs), strings.Join(messages, "; "))

		for _, failed := range failures {
			if failed != nil {
				all.because(failed)
			}
		}

		return all
	}

	return err
}

// slots runs a function several times at once. The first failure stops the others, and is what it ends with.
func (s *sentence) slots(t *thread, l *leash, count int, run func(*thread, *leash) error) error {
	var failed, other error

	short, left := l.shorter(), count

	for range count {
		s.reader().begin(func(own *thread) {
			err := run(own, short)

			switch {
			case asFault(err) != nil && failed == nil:
				failed = err

				short.pull()
			case asFault(err) == nil && other == nil:
				other = err
			}

			left--

			if left == 0 {
				s.reader().ready = append(s.reader().ready, t)
			}
		})
	}

	s.reader().park(t)

	if failed != nil {
		return failed
	}

	return other
}

func (s *sentence) tryCatch(t *thread, l *leash) error {
	err := s.block(t, l, "try", nil)

	if failed := asFault(err); failed != nil {
		names := jsonvalue.Object{
			"error": failed.object(), "errorMessage": failed.message, "errorStackTrace": failed.stack(),
		}

		var ignored bool
		if ignored, err = s.ignored(failed, names); err == nil && !ignored {
			err = failed
			if s.HasBlock("catch") {
				err = s.block(t, l, "catch", names)
				if again := asFault(err); again != nil {
					again.because(failed)
				}
			}
		}
	}

	if len(s.Block("finally").Steps) == 0 {
		return err
	}

	own := &leash{}

	l.whenPulled(func() { s.reader().at(s.reader().now+10*time.Minute, own.pull) })

	after := s.block(t, own, "finally", nil)
	failed, again := asFault(err), asFault(after)

	switch {
	case failed != nil && again != nil:
		both := *failed
		both.message += "; then finally failed too: " + again.message
		both.because(again)

		return &both
	case after != nil && !errors.Is(err, errHalt):
		return after
	}

	return err
}

func (s *sentence) ignored(failed *fault, names jsonvalue.Object) (bool, error) {
	rules, _ := s.OpParams["ignore"].([]any)
	within := s.page.inner("", "")
	within.names = names

	for _, entry := range rules {
		rule, _ := entry.(map[string]any)
		message, byMessage := rule["messageContains"].(string)
		stack, byStack := rule["stackContains"].(string)
		ignored, err := byMessage && strings.Contains(failed.message, message) || byStack && strings.Contains(failed.stack(), stack),
			error(nil)

		if condition, given := rule["condition"]; given {
			ignored, err = within.condition(condition)
		}

		if err != nil || ignored {
			return ignored, err
		}
	}

	return false, nil
}

func (s *sentence) call(t *thread, l *leash, params, outcome jsonvalue.Object) error {
	name, _ := params["scenario"].(string)
	given, _ := params["parameters"].(map[string]any)
	called := s.reader().program.Scenarios[name]

	bound, err := called.Bind(given)
	if err != nil {
		return faultf(job.CodeParameterInvalid, "%v", err)
	}

	if params["inline"] == true {
		within := s.page.inner(s.path+"."+name+".", s.number+"."+name+".")
		within.scenario, within.file = name, called.File
		within.outer = &page{names: bound}
		within.discard = s.page.discards() || params["addResults"] == false
		err = within.list(t, l, called.Steps)
	} else {
		program := s.reader().program
		program.Entry = name
		child := newReader(s.reader().world, s.reader().id+"/"+s.number, program, s.reader().trace)
		err = child.job(t, l, bound)

		if params["addResults"] != false {
			if !s.page.discards() {
				s.reader().results = append(s.reader().results, child.results...)
			}
		}
	}

	if returned, ok := errors.AsType[*gift](err); ok {
		outcome["value"] = returned.value

		return nil
	}

	return err
}
