package app

import (
	"crypto/sha256"
	"sync"
	"time"
)

// keys is an index of the keys of all apps, by their hashes.
type keys struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]bool
	until time.Time // When the index is read again.
}

// keysShare limits the time for reading the index: it stays in use for so many times the time that reading it took.
const keysShare = 20

// HasKey reports whether any app accepts the key. It looks the key up in an index, so that wrong keys cost little however many
// apps there are. Reading the index takes at most a twentieth of the time: with few apps, HasKey knows a changed key after
// milliseconds, and with hundreds after a tenth of a second. [App.Lookup] knows it at once.
func (c *Catalog) HasKey(key string) bool {
	c.keys.mu.Lock()
	defer c.keys.mu.Unlock()

	if began := time.Now(); began.After(c.keys.until) {
		c.keys.known = c.readKeys()
		c.keys.until = time.Now().Add(time.Since(began) * keysShare)
	}

	return c.keys.known[sha256.Sum256([]byte(key))]
}

// readKeys returns the hashes of the keys of all apps. Those of an invalid app are accepted nowhere.
func (c *Catalog) readKeys() map[[sha256.Size]byte]bool {
	known := map[[sha256.Size]byte]bool{}

	ids, err := c.IDs()
	if err != nil {
		return known // No app can be found either.
	}

	for _, id := range ids {
		found, err := c.App(id)
		if err != nil {
			continue
		}

		for _, access := range found.Access {
			if key := access.key(); key != "" {
				known[sha256.Sum256([]byte(key))] = true
			}
		}
	}

	return known
}
