package app

import (
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
)

// Pinned is a valid scenario with everything that it can run, at one version of its files. Callers share it and must not change
// it.
type Pinned struct {
	Name     string
	Scenario scenario.Scenario // Without its steps, which the program contains.
	Program  json.RawMessage   // The [scenario.Program] as JSON.

	app    *App                 // The revision whose environment the scenario was validated against.
	queues []scenario.TaskQueue // Those that steps of the program name.

	read atomic.Pointer[[]fileVersion] // The files that it depends on.
}

// Pin returns the scenario of that name with everything that it can run. It reads and validates files only after one of them has
// changed: a change counts for the next call. The error is [ErrNotFound] if there is no such scenario, and a [problem.List] with
// the mistakes in the scenario's file and in those that it runs.
func (a *App) Pin(name string) (*Pinned, error) {
	if known := a.pinned.get(a.ID, name); known.isCurrent(a) {
		return known, nil
	}

	a.pinning.Lock()
	defer a.pinning.Unlock()

	if known := a.pinned.get(a.ID, name); known.isCurrent(a) {
		return known, nil // Another goroutine has read it.
	}

	next, err := a.pin(name)
	if err == nil {
		a.pinned.add(next)
	}

	return next, err
}

// pin reads and validates a scenario with everything that it can run.
func (a *App) pin(name string) (*Pinned, error) {
	reader := &reader{app: a}

	var own, between problem.List

	entry, err := reader.scenario(name)
	if err != nil && !errors.As(err, &own) {
		return nil, err
	}

	library, err := reader.library()
	if err != nil {
		return nil, err
	}

	program, err := validation.NewProgram(name, entry, library)
	if err != nil && !errors.As(err, &between) {
		return nil, err
	}

	// The author sees the mistakes in the scenario's file and those in its calls at once.
	if all := slices.Concat(own, between); len(all) > 0 {
		return nil, all
	}

	encoded, err := json.Marshal(program)
	if err != nil {
		return nil, err
	}

	pinned := &Pinned{Name: name, Scenario: entry.Scenario, Program: encoded, app: a, queues: queuesOf(program)}
	pinned.Scenario.Steps = nil
	pinned.read.Store(&reader.read)

	return pinned, nil
}

// ModifiedAt returns when one of the files of the scenario, and of everything that it can run, was changed last.
func (p *Pinned) ModifiedAt() (latest time.Time) {
	for _, version := range *p.read.Load() {
		if info := version.stamp.info; info != nil && info.ModTime().After(latest) {
			latest = info.ModTime()
		}
	}

	return latest
}

// isCurrent reports whether the scenario would be the same if its files were read now by this revision of the app.
func (p *Pinned) isCurrent(of *App) bool {
	if p == nil || p.app != of {
		return false
	}

	read := *p.read.Load()

	for i, version := range read {
		isCurrent, isReplaced := version.update(of)
		if !isCurrent {
			return false
		}

		if isReplaced {
			read = slices.Clone(read)
			read[i] = version

			p.read.Store(&read) // A stamp of another goroutine may be lost, which only costs reading the file again.
		}
	}

	return true
}

// maxPinned is the size of the programs that a catalog stores, in bytes.
const maxPinned = 64 << 20

// pinnedScenarios are the pinned scenarios of a catalog. The zero value is empty.
type pinnedScenarios struct {
	mu     sync.RWMutex
	byName map[pinnedName]*Pinned
	size   int // The size of the programs in bytes.
}

type pinnedName struct{ app, scenario string }

// get returns the scenario as it was pinned last, or nil.
func (s *pinnedScenarios) get(app, name string) *Pinned {
	s.mu.RLock()
	defer s.mu.RUnlock()

	return s.byName[pinnedName{app, name}]
}

// add stores a scenario. Beyond the limit, it drops the others: they are read again when they are used.
func (s *pinnedScenarios) add(next *Pinned) {
	s.mu.Lock()
	defer s.mu.Unlock()

	name := pinnedName{next.app.ID, next.Name}

	if former := s.byName[name]; former != nil {
		s.size -= len(former.Program)
	}

	if s.size += len(next.Program); s.byName == nil || s.size > maxPinned {
		s.byName, s.size = map[pinnedName]*Pinned{}, len(next.Program)
	}

	s.byName[name] = next
}
