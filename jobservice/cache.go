package jobservice

import (
	"context"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// cache lets calls share what was read a short time before, and the reads that run.
type cache[T any] struct {
	maxAge time.Duration
	values *lru.Cache[string, cached[T]] // By key.
	reads  reads[T]
}

// cached is a value with the time at which its read began.
type cached[T any] struct {
	value T
	at    time.Time
}

// maxCached is the number of values of a cache.
const maxCached = 200

func newCache[T any](maxAge time.Duration) *cache[T] {
	values, _ := lru.New[string, cached[T]](maxCached) // The only error is that of a size that is not positive.

	return &cache[T]{maxAge: maxAge, values: values}
}

// get returns the value of a key, which callers share and must not change. It is at most as old as the maximum age, and read by
// run if there is none. An error is not stored.
func (c *cache[T]) get(ctx context.Context, key string, run func(ctx context.Context, now time.Time) (T, error)) (T, error) {
	if known, ok := c.values.Get(key); ok && time.Since(known.at) < c.maxAge {
		return known.value, nil
	}

	return c.reads.do(ctx, key, func() (T, error) {
		if known, ok := c.values.Get(key); ok && time.Since(known.at) < c.maxAge {
			return known.value, nil // The read before this one has read it.
		}

		reading, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()

		now := time.Now()

		value, err := run(reading, now)
		if err == nil {
			c.values.Add(key, cached[T]{value: value, at: now})
		}

		return value, err
	})
}
