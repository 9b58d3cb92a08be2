package sqlite

import (
	"context"
	"errors"
	"sync"
	"time"
)

var (
	errClosed        = errors.New("the source is closed")
	errPoolExhausted = errors.New("all connections of the source are in use")
)

// pool limits the number of connections and reuses idle ones.
type pool struct {
	path  string
	size  size          // Of each connection.
	inUse chan struct{} // A semaphore: one element for each connection in use.

	mu     sync.Mutex
	idle   []*connection
	closed bool
}

// newPool returns a pool of up to limit connections.
func newPool(path string, limit int, size size) *pool {
	return &pool{path: path, size: size, inUse: make(chan struct{}, limit)}
}

// get returns a connection. It waits for one until the timeout, or without a limit if timeout is 0.
func (p *pool) get(ctx context.Context, timeout time.Duration) (*connection, error) {
	if err := p.acquire(ctx, timeout); err != nil {
		return nil, err
	}

	c, err := p.popIdle()
	if c == nil && err == nil {
		c, err = connect(ctx, p.path, p.size)
	}

	if err != nil {
		<-p.inUse

		return nil, err
	}

	return c, nil
}

func (p *pool) acquire(ctx context.Context, timeout time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}

	select {
	case p.inUse <- struct{}{}:
		return nil
	default:
	}

	if timeout > 0 {
		var cancel context.CancelFunc

		ctx, cancel = context.WithTimeoutCause(ctx, timeout, errPoolExhausted)
		defer cancel()
	}

	select {
	case p.inUse <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// popIdle removes an idle connection from the pool and returns it, or nil if all are in use.
func (p *pool) popIdle() (*connection, error) {
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.closed {
		return nil, errClosed
	}

	if len(p.idle) == 0 {
		return nil, nil //nolint:nilnil // An empty pool is no error.
	}

	last := len(p.idle) - 1
	c := p.idle[last]
	p.idle = p.idle[:last]

	return c, nil
}

// put returns a connection to the pool.
func (p *pool) put(c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.closed || c.inTransaction() { // Closing the connection ends a transaction that could not be rolled back.
		_ = c.close() // No caller waits for the error, and nothing is left to write.
	} else {
		c.releaseMemory()
		p.idle = append(p.idle, c)
	}

	<-p.inUse
}

// close closes the idle connections. put closes the others.
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
