package app

import (
	"sync"
	"time"

	"github.com/jobwright/jobwright/app/apikey"
)

// keys is an index of the keys of all apps, by their digests.
type keys struct {
	mu    sync.Mutex
	known map[apikey.Digest]Key
	until time.Time // When the index is read again.
}

// keysShare limits the time for reading the index: it stays in use for so many times the time that reading it took.
const keysShare = 20

// CheckKey returns nil if an app accepts the key; otherwise, its error is that of [App.Lookup]. It looks the key up in an index,
// so that wrong keys cost little however many apps there are. Reading the index takes at most a twentieth of the time: with few
// apps, CheckKey knows a changed key after milliseconds, and with hundreds after a tenth of a second. [App.Lookup] knows it at
// once.
func (c *Catalog) CheckKey(key string) error {
	if _, err := apikey.Check(key); err != nil {
		return err
	}

	c.keys.mu.Lock()
	defer c.keys.mu.Unlock()

	if began := time.Now(); began.After(c.keys.until) {
		c.keys.known = c.readKeys()
		c.keys.until = time.Now().Add(time.Since(began) * keysShare)
	}

	known, ok := c.keys.known[apikey.DigestOf(key)]

	switch {
	case !ok:
		return ErrUnknownKey
	case known.isExpired(time.Now()):
		return &ExpiredKeyError{Expired: known.Expires}
	}

	return nil
}

// readKeys returns the keys of all apps. Those of an invalid app are accepted nowhere. Of two equal keys, the one that expires
// later counts.
func (c *Catalog) readKeys() map[apikey.Digest]Key {
	known := map[apikey.Digest]Key{}

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
			for _, key := range access.digests() {
				earlier, exists := known[key.Digest]
				if !exists || !earlier.Expires.IsZero() && (key.Expires.IsZero() || key.Expires.After(earlier.Expires)) {
					known[key.Digest] = key
				}
			}
		}
	}

	return known
}
