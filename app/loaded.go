package app

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// loaded is what a catalog has read of an app. It does not change.
type loaded struct {
	stamp stamp
	sum   [sha256.Size]byte // Of the text of app.yaml.
	app   *App              // The last valid revision; nil if there was none.
	err   error             // Why the present app.yaml can't be used; nil if it can.
}

// stamp identifies a version of an app.yaml without reading it.
type stamp struct {
	file fileStamp
	apps time.Time // The time of the last change of the folder of apps: the secrets of an app depend on the other apps.
}

// stampOf returns the stamp of an app.yaml.
func (c *Catalog) stampOf(id string) (stamp, error) {
	apps, err := os.Stat(c.dir)
	if err != nil {
		return stamp{}, err
	}

	file, err := os.Stat(c.manifest(id))
	if err != nil {
		return stamp{}, err
	}

	return stamp{file: stampOfFile(file), apps: apps.ModTime()}, nil
}

// matches reports whether the file certainly has not changed between the stamps.
func (s stamp) matches(later stamp) bool {
	return s.apps.Equal(later.apps) && s.file.matches(later.file)
}

// current returns what is loaded of the app after it has loaded a change. The error is [ErrNotFound] if there is no such app.
func (c *Catalog) current(id string) (*loaded, error) {
	if !IsID(id) {
		return nil, ErrNotFound
	}

	stamp, err := c.stampOf(id)

	switch known := c.known(id); {
	case isMissing(err):
		c.loaded.Delete(id)

		return nil, ErrNotFound
	case err == nil && known != nil && known.stamp.matches(stamp):
		return known, nil
	default:
		return c.load(id)
	}
}

func (c *Catalog) known(id string) *loaded {
	found, _ := c.loaded.Load(id)
	known, _ := found.(*loaded)

	return known
}

// load reads an app.yaml. It parses the file only if the text has changed.
func (c *Catalog) load(id string) (*loaded, error) {
	c.loading.Lock()
	defer c.loading.Unlock()

	stamp, err := c.stampOf(id) // Before the text is read: a change in between has a later stamp.
	known := c.known(id)

	if err == nil && known != nil && known.stamp.matches(stamp) {
		return known, nil // Another goroutine has loaded it.
	}

	var text []byte
	if err == nil {
		text, err = os.ReadFile(c.manifest(id))
	}

	if isMissing(err) {
		c.loaded.Delete(id)

		return nil, ErrNotFound
	}

	if err != nil {
		stamp.file.exact = false // The permissions of a file are not in its stamp.
		failed := &loaded{stamp: stamp, err: fmt.Errorf("it can't be read: %w", err)}

		return c.replace(id, known, failed, known == nil || known.err == nil || known.err.Error() != failed.err.Error()), nil
	}

	next := &loaded{stamp: stamp, sum: sha256.Sum256(text)}

	isSame := known != nil && known.sum == next.sum && known.stamp.apps.Equal(stamp.apps)
	if isSame {
		next.app, next.err = known.app, known.err
	} else {
		next.app, next.err = c.parse(id, text)
	}

	return c.replace(id, known, next, !isSame), nil
}

// replace replaces what is known of an app by next, with the last valid revision if next has none, and reports the change.
func (c *Catalog) replace(id string, known, next *loaded, isChange bool) *loaded {
	if next.app == nil && known != nil {
		next.app = known.app
	}

	c.loaded.Store(id, next)

	if isChange {
		c.options.Loaded(id, next.err)
	}

	return next
}

// parse returns the app with that text of app.yaml.
func (c *Catalog) parse(id string, text []byte) (*App, error) {
	all, err := c.folders()
	if err != nil {
		return nil, err
	}

	parsed := &App{
		ID: id, Dir: filepath.Join(c.dir, id), appsDir: c.dir, secretsDir: c.options.Secrets.Dir, pinned: &c.pinned,
	}

	if err := readManifest(text, parsed, c.options.Secrets, all); err != nil {
		return nil, err
	}

	parsed.environment = parsed.offered()

	return parsed, nil
}
