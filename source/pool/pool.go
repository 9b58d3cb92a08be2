// Package pool keeps sources open between uses, so that everything a process does with a source shares its connections.
package pool

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/secret"
)

// idleTimeout is how long an unused source stays open.
const idleTimeout = 5 * time.Minute

// Pool opens sources on demand and shares them between its callers. It closes a source that has been unused for five
// minutes. Many goroutines may use a Pool at once.
//
// A source is identified by its definition, its place and the values of the secrets that the definition refers to. After a
// change of any of them, Get opens a new source; the old one stays open until its users have released it and it times out.
type Pool struct {
	drivers source.Drivers

	mu      sync.Mutex
	entries map[string]*entry
	closed  bool
}

// entry is one source of a pool. opened is closed when the attempt to open the source has ended.
type entry struct {
	opened chan struct{}
	source source.Source
	err    error
	users  int
	timer  *time.Timer // Closes the source; set while users is 0.
}

// New returns an empty pool whose sources are opened by drivers.
func New(drivers source.Drivers) *Pool { return &Pool{drivers: drivers, entries: map[string]*entry{}} }

// Get returns the source that definition describes, and opens it if the pool does not have it. The caller must call release
// when it no longer uses the source, and must not close the source. Further calls of release have no effect.
//
// Get resolves the references to secrets in definition; see [secret.Resolve].
func (p *Pool) Get(
	ctx context.Context, definition source.Definition, place source.Place,
) (opened source.Source, release func(), err error) {
	definition, err = secret.Resolve(definition)
	if err != nil {
		return nil, nil, err
	}

	key, err := key(definition, place)
	if err != nil {
		return nil, nil, definition.Invalid(err)
	}

	e, isNew, err := p.acquire(key)
	if err != nil {
		return nil, nil, err
	}

	if isNew {
		// Other callers wait for the same source, so this caller's context must not cancel the opening.
		e.source, e.err = p.drivers.Open(context.WithoutCancel(ctx), definition, place)
		close(e.opened)
	}

	select {
	case <-e.opened:
	case <-ctx.Done():
		p.release(key, e)

		return nil, nil, ctx.Err()
	}

	if e.err != nil {
		p.release(key, e)

		return nil, nil, e.err
	}

	return e.source, sync.OnceFunc(func() { p.release(key, e) }), nil
}

// key identifies a source by its definition, including the secrets, and its place. It is a hash, so that the pool does not
// store secrets.
func key(definition source.Definition, place source.Place) (string, error) {
	encoded, err := json.Marshal([]any{definition.Name, definition.Kind, definition.Options, place})
	if err != nil {
		return "", err
	}

	sum := sha256.Sum256(encoded)

	return string(sum[:]), nil
}

// acquire returns the entry of that key, which it adds if it is missing, and counts the caller as a user of it.
func (p *Pool) acquire(key string) (e *entry, isNew bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.closed {
		return nil, false, errors.New("the pool of sources is closed")
	}

	e, found := p.entries[key]
	if !found {
		e = &entry{opened: make(chan struct{})}
		p.entries[key] = e
	}

	if e.timer != nil {
		e.timer.Stop()
		e.timer = nil
	}

	e.users++

	return e, !found, nil
}

// release ends one use of an entry. The last release starts the idle timer. An entry that could not be opened is removed at
// once, so that the next Get tries again.
func (p *Pool) release(key string, e *entry) {
	p.mu.Lock()
	defer p.mu.Unlock()

	e.users--

	select {
	case <-e.opened:
	default:
		return // The goroutine that opens the source is still a user.
	}

	if e.err != nil {
		if p.entries[key] == e {
			delete(p.entries, key)
		}

		return
	}

	if e.users == 0 && !p.closed {
		e.timer = time.AfterFunc(idleTimeout, func() { p.expire(key, e) })
	}
}

// expire closes a source if it is still unused.
func (p *Pool) expire(key string, e *entry) {
	p.mu.Lock()
	unused := e.users == 0 && p.entries[key] == e

	if unused {
		delete(p.entries, key)
	}
	p.mu.Unlock()

	if unused {
		_ = e.source.Close() // No caller is left to receive the error.
	}
}

// Close closes every source of the pool. No source may be in use. After Close, Get returns an error.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.closed = true

	var err error

	for _, e := range p.entries {
		if e.timer != nil {
			e.timer.Stop()
		}

		<-e.opened

		if e.source != nil {
			err = errors.Join(err, e.source.Close())
		}
	}

	p.entries = nil

	return err
}
