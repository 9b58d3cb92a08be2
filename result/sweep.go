package result

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Sweep removes what was last changed longer ago than olderThan and keep does not ask to be kept: result sets, records
// that were set aside, and what writers left behind that died. It asks keep by the key, which a nil keep has no need of.
//
// It holds a bounded number of keys at a time, and touches nothing but what a store has written, wherever that is. Several
// workers may sweep at once. A result set that is being read is read to its end. Where something can't be removed, Sweep
// goes on with the rest, and returns the first such error.
func (s *Store) Sweep(ctx context.Context, olderThan time.Duration, keep func(key string) bool) (removed int, err error) {
	if olderThan <= 0 {
		return 0, errors.New("a sweep of the result store needs an age; without one, it would take what is being written")
	}

	limit := time.Now().Add(-olderThan)

	return s.bucket.sweep(ctx, func(key string, changed time.Time) bool {
		if !changed.Before(limit) || !isKey(key) {
			return false
		}

		return strings.HasSuffix(key, leftover) || keep == nil || !keep(key)
	})
}

// isKey reports whether a key has the form of those of job.ResultKey: the app, the job, and a name that begins with the run
// and tells what is in it. A folder or a bucket may hold other things too.
func isKey(key string) bool {
	parts := strings.Split(key, "/")
	if len(parts) != 3 {
		return false
	}

	name := parts[2]
	if !beginsWithUUID(parts[1]) && !beginsWithUUID(name) {
		return false
	}

	if unfinished, isLeftover := strings.CutSuffix(name, leftover); isLeftover {
		at := strings.LastIndexByte(unfinished, '.')
		name = unfinished[:max(at, 0)]
	}

	return strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".ndjson")
}

// beginsWithUUID reports whether a part of a key is that of a run, or of a job that was given no ID by its caller.
func beginsWithUUID(part string) bool {
	const length = 36

	return len(part) >= length && uuid.Validate(part[:length]) == nil
}

// mayHoldKeys reports whether the keys that begin with the name of a folder can be those of blobs.
func mayHoldKeys(name string) bool {
	return strings.Count(name, "/") < 2
}
