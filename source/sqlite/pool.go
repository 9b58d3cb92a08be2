package sqlite

import (
	"context"
	"errors"
	"sync"
	"time"
)

// errClosed is what a closed source answers.
var errClosed = errors.New("the source is closed")

// errCrowded is what a source answers when all connections are in use, and stay so.
var errCrowded = errors.New("all of its connections are in use")

// pool keeps up to most connections, and those that nobody uses for the next one.
type pool struct {
	path  string
	cache int           // How many MiB of the file each keeps in memory.
	turns chan struct{} // Holds something for each connection in use.

	mu     sync.Mutex
	idle   []*connection
	closed bool
}

func newPool(path string, most, cache int) *pool {
	return &pool{path: path, cache: cache, turns: make(chan struct{}, most)}
}

// get returns a connection, for which it waits at most for so long, and without a bound when patience is 0.
func (p *pool) get(ctx context.Context, patience time.Duration) (*connection, error) {
	if err := p.takeTurn(ctx, patience); err != nil {
		return nil, err
	}

	c, err := p.takeIdle()
	if c == nil && err == nil {
		c, err = connect(ctx, p.path, p.cache)
	}

	if err != nil {
		<-p.turns

		return nil, err
	}

	return c, nil
}

func (p *pool) takeTurn(ctx context.Context, patience time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}

	select {
	case p.turns <- struct{}{}:
		return nil
	default:
	}

	var expired <-chan time.Time // Nothing ever comes from nil.

	if patience > 0 {
		timer := time.NewTimer(patience)
		defer timer.Stop()

		expired = timer.C
	}

	select {
	case p.turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-expired:
		return errCrowded
	}
}

// takeIdle returns a connection that nobody uses, or nil where there is none.
func (p *pool) takeIdle() (*connection, error) {
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.closed {
		return nil, errClosed
	}

	if len(p.idle) == 0 {
		return nil, nil //nolint:nilnil // That there is none is no error.
	}

	last := len(p.idle) - 1
	c := p.idle[last]
	p.idle = p.idle[:last]

	return c, nil
}

// put gives a connection back.
func (p *pool) put(c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.closed || c.inTransaction() { // What can't be rolled back ends with the connection.
		_ = c.close() // Nobody is there to be told, and nothing was to be written.
	} else {
		c.rest()
		p.idle = append(p.idle, c)
	}

	<-p.turns
}

// close closes the connections that nobody uses, and lets put close the others.
func (p *pool) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()

	var err error
	for _, c := range p.idle {
		err = errors.Join(err, c.close())
	}

	p.idle, p.closed = nil, true

	return err
}
