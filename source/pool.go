package source

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"sync"
	"time"
)

// idle is how long a source stays open when nobody uses it.
const idle = 5 * time.Minute

// Pool keeps sources open, so that all that a process does with one shares its connections. A source that nobody has used
// for a while is closed; that is also the end of one whose definition changed, or a secret in it.
type Pool struct {
	drivers Drivers

	mu     sync.Mutex
	open   map[string]*pooled
	closed bool
}

// pooled is one source in a pool. ready is closed when it was opened, or couldn't be.
type pooled struct {
	ready  chan struct{}
	source Source
	err    error
	users  int
	timer  *time.Timer
}

// NewPool returns a pool of sources that those drivers open.
func NewPool(drivers Drivers) *Pool { return &Pool{drivers: drivers, open: map[string]*pooled{}} }

// Get returns the source of that definition, opened where it isn't. The caller calls release when it no longer uses it,
// once, and does not close it.
func (p *Pool) Get(ctx context.Context, definition Definition, place Place) (source Source, release func(), err error) {
	key, err := poolKey(definition, place)
	if err != nil {
		return nil, nil, definition.invalid(err)
	}

	entry, first, err := p.enter(key)
	if err != nil {
		return nil, nil, err
	}

	if first {
		// Others wait for it too, so that it must not end with this caller.
		entry.source, entry.err = p.drivers.Open(context.WithoutCancel(ctx), definition, place)
		close(entry.ready)
	}

	select {
	case <-entry.ready:
	case <-ctx.Done():
		p.leave(key, entry)

		return nil, nil, ctx.Err()
	}

	if entry.err != nil {
		p.leave(key, entry)

		return nil, nil, entry.err
	}

	return entry.source, sync.OnceFunc(func() { p.leave(key, entry) }), nil
}

// poolKey tells a source from others, by the secrets that its definition refers to, too: with a new password it is another one.
// It does not show them.
func poolKey(definition Definition, place Place) (string, error) {
	options, err := resolved(definition.Options)
	if err != nil {
		return "", err
	}

	encoded, err := json.Marshal([]any{definition.Name, definition.Kind, options, place})
	if err != nil {
		return "", err
	}

	sum := sha256.Sum256(encoded)

	return string(sum[:]), nil
}

// enter counts a user of the entry, which it makes where it is missing.
func (p *Pool) enter(key string) (entry *pooled, first bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.closed {
		return nil, false, errors.New("the pool of sources is closed")
	}

	entry, found := p.open[key]
	if !found {
		entry = &pooled{ready: make(chan struct{})}
		p.open[key] = entry
	}

	if entry.timer != nil {
		entry.timer.Stop()
		entry.timer = nil
	}

	entry.users++

	return entry, !found, nil
}

// leave counts a user less. The last one starts the time after which the source is closed; a source that couldn't be
// opened is forgotten at once, so that the next user tries again.
func (p *Pool) leave(key string, entry *pooled) {
	p.mu.Lock()
	defer p.mu.Unlock()

	entry.users--

	select {
	case <-entry.ready:
	default:
		return // Whoever opens it still uses it.
	}

	if entry.err != nil {
		if p.open[key] == entry {
			delete(p.open, key)
		}

		return
	}

	if entry.users == 0 && !p.closed {
		entry.timer = time.AfterFunc(idle, func() { p.expire(key, entry) }) //nolint:forbidigo // No workflow has a pool.
	}
}

// expire closes a source that nobody uses.
func (p *Pool) expire(key string, entry *pooled) {
	p.mu.Lock()
	unused := entry.users == 0 && p.open[key] == entry

	if unused {
		delete(p.open, key)
	}
	p.mu.Unlock()

	if unused {
		_ = entry.source.Close() // Nobody is there to be told.
	}
}

// Close closes every source. It is called when nobody uses one anymore.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.closed = true

	var err error

	for _, entry := range p.open {
		if entry.timer != nil {
			entry.timer.Stop()
		}

		<-entry.ready

		if entry.source != nil {
			err = errors.Join(err, entry.source.Close())
		}
	}

	p.open = nil

	return err
}
