package workflows

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Bounds of a ForEach, whose list and errors are part of the checkpoint.
const (
	maxEntries = 256 << 10 // Bytes of the list. Records are read in pages.
	maxErrors  = 100
)

// maxDropAttempts bounds the attempts to drop stored records.
const maxDropAttempts = 3

// forEach runs steps for each entry of a list, or for each record of a query, in one or several concurrency slots.
func (m *machine) forEach(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	if s.frame.Loop == nil {
		if err := m.openForEach(ctx, s); err != nil {
			return nil, err
		}
	}

	if s.frame.Loop.Rounds == nil {
		s.frame.Loop.Rounds = map[int64]*list{} // The JSON of a checkpoint omits an empty map.
	}

	params, err := storedParams[scenario.ForEach](s.frame)
	if err != nil {
		return nil, err
	}

	each := &forEachRun{machine: m, step: s, params: params, loop: s.frame.Loop, running: map[int64]bool{}}
	err = m.concurrently(ctx, s, len(each.loop.Rounds), params.MaxConcurrency, each.runRounds)

	if errors.Is(err, errContinueAsNew) {
		return nil, err
	}

	each.dropRecords(ctx)

	return each.outcome(), err
}

// openForEach resolves the parameters of a ForEach, and reads its list or the first page of its records.
func (m *machine) openForEach(ctx workflow.Context, s *step) error {
	params, err := resolve[scenario.ForEach](m, ctx, s)
	if err != nil {
		return err
	}

	s.frame.Loop = &loop{}
	each := &forEachRun{machine: m, step: s, params: params, loop: s.frame.Loop}

	err = each.open(ctx)
	if err == nil {
		params.In, params.Source, params.Query, params.Bind = nil, "", "", nil // The loop has the entries.
		err = m.storeParams(s, params)
	}

	if err != nil {
		each.dropRecords(ctx)
	}

	return err
}

// forEachRun is a ForEach that runs.
type forEachRun struct {
	machine *machine
	step    *step
	params  scenario.ForEach
	loop    *loop
	reading bool           // Whether a slot reads a page.
	running map[int64]bool // The rounds that a slot runs.
}

// open reads the list, or the first page of records.
func (f *forEachRun) open(ctx workflow.Context) error {
	if f.params.Source != "" {
		return f.readPage(ctx, job.RecordsQuery{
			Query: expression.Query{Source: f.params.Source, Query: f.params.Query, Bind: f.params.Bind},
		})
	}

	size := jsonvalue.SizeOf([]any(f.params.In))
	if size > maxEntries {
		return failedWith(job.CodeLimitExceeded,
			"the list has %d bytes, and %d is the most; keep it in a table and go over the records of a query", size, maxEntries)
	}

	if err := f.machine.reserve(size); err != nil {
		return err
	}

	for _, entry := range f.params.In {
		f.loop.Entries = append(f.loop.Entries, jsonvalue.Value{Any: entry})
	}

	f.loop.Total = int64(len(f.loop.Entries))
	f.track()

	return nil
}

// readPage reads a page of records.
func (f *forEachRun) readPage(ctx workflow.Context, query job.RecordsQuery) error {
	var page job.RecordsPage

	call := activityCall{name: job.ReadRecordsActivity, isQuery: true}
	if err := f.machine.callAuxiliary(ctx, f.step, call, query, &page); err != nil {
		return err
	}

	f.loop.Base += int64(len(f.loop.Entries))
	f.loop.Entries = nil
	f.loop.Key, f.loop.Offset = page.Key, page.Next

	if page.Total > 0 {
		f.loop.Total = page.Total
	}

	size := 0
	for _, record := range page.Records {
		size += jsonvalue.SizeOf(map[string]any(record))
	}

	if err := f.machine.reserve(size); err != nil {
		return err
	}

	for _, record := range page.Records {
		f.loop.Entries = append(f.loop.Entries, jsonvalue.Value{Any: map[string]any(record)})
	}

	f.track()

	return nil
}

// track records the progress of the loop.
func (f *forEachRun) track() {
	f.machine.tracker.setIterations(f.step.path, f.loop.Ended, f.loop.Total)
}

// dropRecords drops the stored records, also if the job is being stopped. A failure to drop them does not fail the job.
func (f *forEachRun) dropRecords(ctx workflow.Context) {
	if f.loop.Key == "" {
		return
	}

	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()

	drop := activityCall{name: job.DropRecordsActivity, retry: &scenario.Retry{MaximumAttempts: maxDropAttempts}}
	if err := f.machine.callAuxiliary(ctx, f.step, drop, f.loop.Key, nil); err != nil {
		workflow.GetLogger(ctx).Warn("stored records could not be dropped", "key", f.loop.Key, "error", err)
	}
}

// runRounds runs one round after the other until there are no more.
func (f *forEachRun) runRounds(ctx workflow.Context) error {
	for {
		number, state, err := f.nextRound(ctx)
		if err != nil || state == nil {
			return err
		}

		name := fmt.Sprintf("%s[%d]", scenario.BlockSteps, number)

		err = f.machine.runList(ctx, f.step.inner(scenario.BlockSteps, name, state))
		if errors.Is(err, errContinueAsNew) {
			return err // The next run continues the round.
		}

		delete(f.loop.Rounds, number)
		f.loop.Ended++
		f.track()

		failed, isFailure := asFailure(err)
		if isFailure {
			f.loop.Failed++

			f.addError(roundError{Index: number, Failure: failed})
		}

		if err != nil && (!isFailure || !f.params.ContinueOnError) {
			return err
		}
	}
}

// nextRound returns a round that an earlier run of the job has begun, or a new one. The state is nil if there are no more.
func (f *forEachRun) nextRound(ctx workflow.Context) (number int64, state *list, err error) {
	for _, number := range slices.Sorted(maps.Keys(f.loop.Rounds)) {
		if !f.running[number] {
			f.running[number] = true

			return number, f.loop.Rounds[number], nil
		}
	}

	if err := f.fetchEntry(ctx); err != nil {
		return 0, nil, err
	}

	if !f.hasEntry() {
		return 0, nil, nil
	}

	number, state = f.loop.Next, newList()
	state.Names[cmp.Or(f.params.As, scenario.DefaultItem)] = f.loop.Entries[number-f.loop.Base].Any

	if f.params.Index != "" {
		state.Names[f.params.Index] = number
	}

	f.loop.Next++
	f.loop.Rounds[number] = state
	f.running[number] = true

	return number, state, nil
}

// hasEntry reports whether the next entry has been read.
func (f *forEachRun) hasEntry() bool { return f.loop.Next-f.loop.Base < int64(len(f.loop.Entries)) }

// fetchEntry reads the page of the next entry, if there is one and it has not been read. One slot reads; the others wait.
func (f *forEachRun) fetchEntry(ctx workflow.Context) error {
	for {
		// The end of a loop is no progress: a run that did nothing else before it continued as new would repeat for ever.
		if !f.hasEntry() && f.loop.Offset == 0 {
			return nil
		}

		if err := f.machine.admit(ctx); err != nil {
			return err
		}

		// This comes last, since another slot may begin to read while this one yields.
		if err := workflow.Await(ctx, func() bool { return !f.reading }); err != nil {
			return err
		}

		if f.hasEntry() || f.loop.Offset == 0 {
			return nil
		}

		f.reading = true
		err := f.readPage(ctx, job.RecordsQuery{Key: f.loop.Key, Offset: f.loop.Offset})
		f.reading = false

		if err != nil {
			return err
		}
	}
}

// addError stores the error of a round, in the order of the entries: the order in which concurrent rounds end is arbitrary.
func (f *forEachRun) addError(failed roundError) {
	if len(f.loop.Errors) == maxErrors {
		return
	}

	at, _ := slices.BinarySearchFunc(f.loop.Errors, failed.Index, func(stored roundError, index int64) int {
		return cmp.Compare(stored.Index, index)
	})
	f.loop.Errors = slices.Insert(f.loop.Errors, at, failed)
}

// outcome returns the fields that later steps read of the loop.
func (f *forEachRun) outcome() jsonvalue.Object {
	return jsonvalue.Object{"iterations": f.loop.Ended, "failed": f.loop.Failed, "errors": errorObjects(f.loop.Errors)}
}

// errorObjects returns errors as expressions read them.
func errorObjects(failed []roundError) []any {
	objects := []any{}

	for _, round := range failed {
		object := map[string]any{
			"code": round.Failure.Code, "message": round.Failure.Message, "step": round.Failure.Step.Path,
		}
		if round.Branch != "" {
			object["branch"] = round.Branch
		} else {
			object["index"] = round.Index
		}

		objects = append(objects, object)
	}

	return objects
}
