package activities

import (
	"context"
	"time"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/source"
)

// Activities are the data operations and the other activities that the interpreter calls. Every exported method is one
// activity, registered under the method's name.
type Activities struct {
	apps     *app.Catalog
	keys     seal.Keys
	sources  Sources
	results  *result.Store
	temporal Temporal
	dataDir  string
	grace    time.Duration

	revisions revisions
}

// Sources opens the sources of apps; see [github.com/jobwright/jobwright/source/pool.Pool].
type Sources interface {
	// Get opens the source that definition describes. The caller calls release when it no longer uses the source.
	Get(ctx context.Context, definition source.Definition, place source.Place) (
		opened source.Source, release func(), err error)
}

// New returns the activities for the apps of a catalog. The keys open the secrets of jobs. The variables of apps are workflows
// of temporal. Sources that store their data on this machine do so in a folder per app below dataDir. After the worker is
// asked to stop, running attempts have the grace period to finish.
func New(
	apps *app.Catalog, keys seal.Keys, sources Sources, results *result.Store, temporal Temporal, dataDir string,
	grace time.Duration,
) *Activities {
	return &Activities{
		apps: apps, keys: keys, sources: sources, results: results, temporal: temporal, dataDir: dataDir, grace: grace,
	}
}
