package expression

import "sync"

// Limits of what a process caches of expressions and texts, beyond which a cache is emptied.
const (
	maxCached     = 10_000  // Entries.
	maxCachedText = 4 << 20 // Bytes of the texts.
)

// cache stores what is computed from texts, for all evaluators of a process. It can't change a result: a stored value is equal to
// one that is computed again.
//
// Most jobs run scenarios that other jobs have run before. Compiling the expressions of a workflow of ten small steps took a
// quarter of its CPU time in Temporal's test environment.
type cache[T any] struct {
	mu     sync.RWMutex
	values map[string]T
	size   int // Bytes of the texts.
}

// get returns the value of a text.
func (c *cache[T]) get(text string) (value T, isKnown bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()

	value, isKnown = c.values[text]

	return value, isKnown
}

// add stores the value of a text and returns it, or the value that another goroutine has stored.
func (c *cache[T]) add(text string, value T) T {
	c.mu.Lock()
	defer c.mu.Unlock()

	if known, isKnown := c.values[text]; isKnown {
		return known
	}

	if c.size += len(text); c.values == nil || len(c.values) >= maxCached || c.size > maxCachedText {
		c.values, c.size = map[string]T{}, len(text)
	}

	c.values[text] = value

	return value
}

// The caches of the process. Templates and queries don't change once they are parsed. A program is used by one goroutine at a
// time, because it counts its cost; the garbage collector removes those that are not in use.
var (
	templates cache[Template]
	queries   cache[QueryText]
	programs  cache[*sync.Pool] // Of *program.
)
