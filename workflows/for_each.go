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

// maxEntries bounds the list of a ForEach, in bytes: it is part of the job's position. Records are read in pages.
const maxEntries = 256 << 10

// maxErrors bounds the errors that a ForEach keeps.
const maxErrors = 100

// forEach runs steps for each entry of a list, or for each record that a query finds, for several at the same time if it
// is told to.
func (m *machine) forEach(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	if s.frame.Loop == nil {
		if err := m.settle(ctx, s); err != nil {
			return nil, err
		}

		s.frame.Loop = &loop{Rounds: map[int64]*list{}}
		each := &forEachRun{machine: m, step: s, loop: s.frame.Loop}

		if err := each.open(ctx); err != nil {
			each.close(ctx)

			return nil, err
		}
	}

	if s.frame.Loop.Rounds == nil {
		s.frame.Loop.Rounds = map[int64]*list{} // A position leaves out what is empty.
	}

	params, err := scenario.Decode[scenario.ForEach](s.frame.Params)
	if err != nil {
		return nil, err
	}

	each := &forEachRun{machine: m, step: s, params: params, loop: s.frame.Loop, taken: map[int64]bool{}}
	err = m.lanes(ctx, s, len(each.loop.Rounds), params.MaxConcurrency, each.lane)

	if errors.Is(err, errMoving) {
		return nil, err
	}

	each.close(ctx)

	return each.outcome(), err
}

// forEachRun is a ForEach as it runs.
type forEachRun struct {
	machine *machine
	step    *step
	params  scenario.ForEach
	loop    *loop
	reading bool           // Whether a page is being read.
	taken   map[int64]bool // The rounds that somebody runs.
}

// open finds what to go over: the list, or the first page of records.
func (f *forEachRun) open(ctx workflow.Context) error {
	if source, asked := f.step.frame.Params["source"].(string); asked {
		query, _ := f.step.frame.Params["query"].(string)
		bind, _ := f.step.frame.Params["bind"].(map[string]any)

		return f.read(ctx, job.RecordsQuery{Query: expression.Query{Source: source, Query: query, Bind: bind}})
	}

	entries, _ := f.step.frame.Params["in"].([]any)
	delete(f.step.frame.Params, "in") // It is kept as what the loop goes over.

	if size := jsonvalue.SizeOf(entries); size > maxEntries {
		return failedWith(job.CodeLimitExceeded,
			"the list has %d bytes, and %d is the most; keep it in a table and go over the records of a query", size, maxEntries)
	}

	if err := f.machine.keep(jsonvalue.SizeOf(entries)); err != nil {
		return err
	}

	for _, entry := range entries {
		f.loop.Entries = append(f.loop.Entries, jsonvalue.Value{Any: entry})
	}

	return nil
}

// read reads a page of records.
func (f *forEachRun) read(ctx workflow.Context, query job.RecordsQuery) error {
	var page job.RecordsPage
	if err := f.machine.assist(ctx, f.step, activityCall{name: job.ReadRecordsActivity}, query, &page); err != nil {
		return err
	}

	f.loop.Base += int64(len(f.loop.Entries))
	f.loop.Entries = nil
	f.loop.Key, f.loop.Offset = page.Key, page.Next

	size := 0
	for _, record := range page.Records {
		size += jsonvalue.SizeOf(map[string]any(record))
	}

	if err := f.machine.keep(size); err != nil {
		return err
	}

	for _, record := range page.Records {
		f.loop.Entries = append(f.loop.Entries, jsonvalue.Value{Any: map[string]any(record)})
	}

	return nil
}

// close drops the records that were set aside, also when the job is being stopped. That they could not be dropped is no
// reason for the job to fail.
func (f *forEachRun) close(ctx workflow.Context) {
	if f.loop.Key == "" {
		return
	}

	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()

	drop := activityCall{name: job.DropRecordsActivity, retry: &scenario.Retry{MaximumAttempts: dropAttempts}}
	if err := f.machine.assist(ctx, f.step, drop, f.loop.Key, nil); err != nil {
		workflow.GetLogger(ctx).Warn("records that were set aside could not be dropped", "key", f.loop.Key, "error", err)
	}
}

const dropAttempts = 3

// lane runs one round after the other until there are no more.
func (f *forEachRun) lane(ctx workflow.Context) error {
	for {
		number, state, err := f.take(ctx)
		if err != nil || state == nil {
			return err
		}

		name := fmt.Sprintf("%s[%d]", scenario.BlockSteps, number)

		err = f.machine.list(ctx, f.step.inner(scenario.BlockSteps, name, state))
		if errors.Is(err, errMoving) {
			return err // The round goes on in the next run.
		}

		delete(f.loop.Rounds, number)
		f.loop.Ended++

		failed, isFailure := asFailure(err)
		if isFailure {
			f.loop.Failed++

			f.keep(roundError{Index: number, Failure: failed})
		}

		if err != nil && (!isFailure || !f.params.ContinueOnError) {
			return err
		}
	}
}

// take takes a round to run: one that an earlier run of the job has begun, or the next one. There is no state when there
// are no more.
func (f *forEachRun) take(ctx workflow.Context) (number int64, state *list, err error) {
	for _, number := range slices.Sorted(maps.Keys(f.loop.Rounds)) {
		if !f.taken[number] {
			f.taken[number] = true

			return number, f.loop.Rounds[number], nil
		}
	}

	if err := f.page(ctx); err != nil {
		return 0, nil, err
	}

	at := f.loop.Next - f.loop.Base
	if at >= int64(len(f.loop.Entries)) {
		return 0, nil, nil
	}

	number, state = f.loop.Next, newList()
	state.Names[f.as()] = f.loop.Entries[at].Any

	if f.params.Index != "" {
		state.Names[f.params.Index] = number
	}

	f.loop.Next++
	f.loop.Rounds[number] = state
	f.taken[number] = true

	return number, state, nil
}

func (f *forEachRun) as() string {
	if f.params.As == "" {
		return scenario.DefaultItem
	}

	return f.params.As
}

// page makes sure that the next entry is at hand, if there is one. One lane reads; the others wait for it.
func (f *forEachRun) page(ctx workflow.Context) error {
	for {
		// To find that there are no more is no progress: a run that did only this, and moved, would do it again for ever.
		if !f.atHand() && f.loop.Offset == 0 {
			return nil
		}

		if err := f.machine.turn(ctx); err != nil {
			return err
		}

		// Last of all, since another lane may begin to read while this one gives control back.
		if err := workflow.Await(ctx, func() bool { return !f.reading }); err != nil {
			return err
		}

		if f.atHand() || f.loop.Offset == 0 {
			return nil
		}

		f.reading = true
		err := f.read(ctx, job.RecordsQuery{Key: f.loop.Key, Offset: f.loop.Offset})
		f.reading = false

		if err != nil {
			return err
		}
	}
}

// keep keeps an error, in the order of the entries: which of two rounds at the same time ends first is nobody's concern.
func (f *forEachRun) keep(failed roundError) {
	if len(f.loop.Errors) == maxErrors {
		return
	}

	at, _ := slices.BinarySearchFunc(f.loop.Errors, failed.Index, func(kept roundError, index int64) int {
		return cmp.Compare(kept.Index, index)
	})
	f.loop.Errors = slices.Insert(f.loop.Errors, at, failed)
}

// atHand reports whether the next entry has been read.
func (f *forEachRun) atHand() bool { return f.loop.Next-f.loop.Base < int64(len(f.loop.Entries)) }

// outcome is what later steps read of the loop.
func (f *forEachRun) outcome() jsonvalue.Object {
	return jsonvalue.Object{"iterations": f.loop.Ended, "failed": f.loop.Failed, "errors": errorObjects(f.loop.Errors)}
}

// errorObjects are errors as expressions read them.
func errorObjects(kept []roundError) []any {
	objects := []any{}

	for _, one := range kept {
		object := map[string]any{"code": one.Failure.Code, "message": one.Failure.Message, "step": one.Failure.Step.Path}
		if one.Branch != "" {
			object["branch"] = one.Branch
		} else {
			object["index"] = one.Index
		}

		objects = append(objects, object)
	}

	return objects
}
